// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { encodePem, parsePem } from '#format/pem.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { DeviceFault } from './fault.ts'
import { keyLabels } from './keys/device-keys.ts'

/**
 * A private key and the chain that names its holder, as one PEM file: changed in one rename, and read
 * by curl, OpenSSL, nginx and mosquitto as certificate and as key.
 */
export interface Credential {
  /** The whole file: PRIVATE KEY, or TSS2 PRIVATE KEY for one in a TPM, then CERTIFICATE, leaf first, without the root. */
  readonly pem: string
  readonly keyPem: string
  readonly chainPem: string
  readonly leaf: Certificate
  readonly intermediates: readonly Certificate[]
}

export function encodeCredential(keyPem: string, chain: readonly Certificate[]): string {
  return [ending(keyPem), ...chain.map(({ der }) => ending(encodePem('CERTIFICATE', der)))].join('')
}

/**
 * Reads a credential's file. Whether the key fits the leaf is not checked here.
 *
 * @throws DeviceFault state-damaged, naming the file
 */
export function parseCredential(pem: string, name: string): Credential {
  try {
    const blocks = parsePem(pem)
    const keys = blocks.filter(({ label }) => keyLabels.includes(label))
    const [leaf, ...intermediates] = blocks
      .filter(({ label }) => label === 'CERTIFICATE')
      .map(({ bytes }) => parseCertificate(bytes))
    const [key] = keys
    if (key !== undefined && keys.length === 1 && leaf !== undefined) {
      const keyPem = ending(encodePem(key.label, key.bytes))
      const chainPem = encodeCredential('', [leaf, ...intermediates])
      return { pem, keyPem, chainPem, leaf, intermediates }
    }
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    throw new DeviceFault('state-damaged', `${name} is no credential: ${cause.message}`, { cause })
  }
  throw new DeviceFault('state-damaged', `${name} holds no key with its certificate`)
}

function ending(pem: string): string {
  return pem === '' || pem.endsWith('\n') ? pem : `${pem}\n`
}
