// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { algorithms } from '#format/oids.ts'
import { parseRsaPssParameters } from '#format/x509/rsa-pss-parameters.ts'

/** The digests that are good enough, with the octets of salt that each is given: its own length. */
const digests = new Map([
  [algorithms.sha256, { name: 'rsa-pss-sha256', octets: 32 }],
  [algorithms.sha384, { name: 'rsa-pss-sha384', octets: 48 }],
  [algorithms.sha512, { name: 'rsa-pss-sha512', octets: 64 }],
] as const)

type PssName = 'rsa-pss-sha256' | 'rsa-pss-sha384' | 'rsa-pss-sha512'

/**
 * Which signature RSASSA-PSS parameters mean: one digest throughout, and a salt of its length.
 *
 * What is left out means SHA-1, so empty parameters are refused like any other weak ones.
 *
 * @param parameters one whole DER value; undefined: absent, which a signature must not have
 * @returns the name of its row, or what is wrong
 * @see RFC 4055 sections 2.1 and 3.1, RFC 8446 section 4.2.3 (the same restriction)
 */
export function rsaPssSignature(
  parameters: Uint8Array | undefined,
): { readonly kind: 'row'; readonly name: PssName } | { readonly kind: 'fault'; detail: string } {
  if (parameters === undefined) return fault('parameters are absent')
  try {
    const { hash, maskHash, saltLength } = parseRsaPssParameters(parameters)
    const digest = digests.get(hash)
    if (digest === undefined) {
      const shown = hash === algorithms.sha1 ? 'sha-1' : hash
      return fault(`digest is ${shown}, must be sha-256, sha-384 or sha-512`)
    }
    if (maskHash !== hash) return fault(`digest is ${hash}, that of its mask ${maskHash}`)
    if (saltLength !== digest.octets) {
      return fault(`salt has ${saltLength} octets, must have ${digest.octets}`)
    }
    return { kind: 'row', name: digest.name }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return fault(`parameters do not read: ${error.message}`)
  }
}

function fault(detail: string) {
  return { kind: 'fault', detail: `rsassa-pss ${detail}` } as const
}
