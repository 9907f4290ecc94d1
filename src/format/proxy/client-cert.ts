// SPDX-License-Identifier: Apache-2.0
/** Which certificate a proxy saw: the fields Client-Cert and Client-Cert-Chain of RFC 9440. */
import { decodeBase64 } from '../base64.ts'
import { FormatError } from '../format-error.ts'

/** As many as are taken from a connection; node cuts fields beyond 16 kB in all anyhow. */
const longestChain = 10

/**
 * The chain that the fields tell, leaf first, DER; none of it is parsed. No Client-Cert: no certificate.
 *
 * @throws FormatError if a field is no byte sequence, or a list of them, or a chain has no leaf
 * @see RFC 9440 section 2; RFC 8941 sections 3.1 and 3.3.5
 */
export function parseClientCertificate(
  leaf: string | undefined,
  chain: string | undefined,
): readonly Uint8Array[] {
  if (leaf === undefined) {
    if (chain === undefined) return []
    throw new FormatError('element-missing', 0, 'Client-Cert-Chain without Client-Cert')
  }
  const others = chain === undefined ? [] : chain.split(',')
  if (others.length >= longestChain)
    throw new FormatError('too-many', 0, `Client-Cert-Chain has ${others.length} members`)
  return [byteSequence(leaf), ...others.map(byteSequence)]
}

/** RFC 8941 section 3.3.5: base64 between two colons; parameters are defined for none of these. */
function byteSequence(item: string): Uint8Array {
  const inner = /^[ \t]*:([A-Za-z0-9+/=]+):[ \t]*$/.exec(item)?.[1]
  if (inner === undefined)
    throw new FormatError('text-malformed', 0, 'not a byte sequence, which is :BASE64:')
  return decodeBase64(inner)
}
