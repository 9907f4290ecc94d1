// SPDX-License-Identifier: Apache-2.0
import { keyAlgorithms } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import type { PublicKey } from '#trust/public-key.ts'

/**
 * SHA-256 of the one number by which lists know a key, without leading zeros: the modulus of RSA, whatever its
 * exponent; x of a point, which its negative shares; the octets of an Edwards point; and the key itself where it is
 * no number.
 *
 * @see badkeys, docs/BLOCKLISTFORMAT.md ("BKHASH")
 */
export function numberDigest({ algorithm, material }: PublicKey): Uint8Array {
  switch (keyAlgorithms[algorithm].canonical) {
    case 'modulus':
    case 'edwards-point':
      return digestOfNumber(material)
    case 'affine-point':
      return digestOfNumber(material.subarray(0, material.length / 2))
    case 'raw':
    case 'coefficients':
      return sha256(material)
  }
}

/** The same of a number alone, as of the x of a point. */
export function digestOfNumber(octets: Uint8Array): Uint8Array {
  return sha256(withoutZeros(octets))
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  let at = 0
  while (bytes[at] === 0) at += 1
  return bytes.subarray(at)
}
