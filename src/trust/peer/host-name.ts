// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { parseAddress } from '#format/ip-address.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import type { GeneralName } from '#format/x509/general-name.ts'

/**
 * Whether a certificate is of this host: a name, or an address as text.
 *
 * Only alternative names count, never the common name; an asterisk stands for the whole first label of a name
 * of three or more.
 *
 * @see RFC 9525 sections 6.3 and 6.5
 */
export function isOfHost({ extensions }: Certificate, host: string): boolean {
  const names = readExtension(extensions, 'subjectAltName') ?? []
  const address = parseAddress(host)
  return names.some((name) =>
    address === undefined ? isName(name, host) : isAddress(name, address),
  )
}

function isAddress(name: GeneralName, address: Uint8Array): boolean {
  return name.kind === 'ip' && sameBytes(name.bytes, address)
}

function isName(name: GeneralName, host: string): boolean {
  if (name.kind !== 'dns') return false
  const [presented, wanted] = [name.value.toLowerCase(), host.toLowerCase().replace(/\.$/, '')]
  if (presented === wanted) return true
  const [first, ...parent] = wanted.split('.')
  return first !== '' && parent.length >= 2 && presented === `*.${parent.join('.')}`
}
