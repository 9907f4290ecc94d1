// SPDX-License-Identifier: Apache-2.0
import { joinEcdsaSignature, splitEcdsaSignature } from '#format/ecdsa-signature.ts'
import { signatureAlgorithms } from '../algorithms.ts'
import type { PublicKey } from '../public-key.ts'
import { type Refused, refuse } from '../refusal.ts'
import { verifySignature } from '../signature.ts'
import { type CoseAlgorithm, coseNameOf, findCoseAlgorithm } from './algorithms.ts'

/** A signature as COSE has it, from one as X.509 has it. @throws FormatError if ECDSA's is no DER */
export function coseSignatureFrom({ halfOctets }: CoseAlgorithm, signature: Uint8Array) {
  return halfOctets === null ? signature : splitEcdsaSignature(signature, halfOctets)
}

/**
 * Whether `key` made this signature, by the algorithm of this number; on Node's thread pool.
 *
 * @returns false for any wrong signature, however malformed; a refusal if the algorithm is not known, or not the key's
 */
export async function verifyCoseSignature(
  id: number | undefined,
  key: PublicKey,
  input: Uint8Array,
  signature: Uint8Array,
): Promise<boolean | Refused> {
  const row = id === undefined ? undefined : findCoseAlgorithm(id)
  if (row === undefined)
    return refuse('signature-algorithm-unknown', `COSE algorithm: ${coseNameOf(id)}`)
  if (row.key !== key.algorithm)
    return refuse('signature-wrong', `${row.name} is not made with a key of ${key.algorithm}`)
  const { identifier } = signatureAlgorithms[row.signature]
  if (row.halfOctets === null) return await verifySignature(identifier, key, input, signature)
  // Of any other length it could be padded without being another signature.
  if (signature.length !== 2 * row.halfOctets) return false
  return await verifySignature(identifier, key, input, joinEcdsaSignature(signature))
}
