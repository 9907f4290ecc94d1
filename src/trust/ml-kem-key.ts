// SPDX-License-Identifier: Apache-2.0

/** FIPS 203 section 2.4: q. */
const modulus = 3329
/** The seed of the matrix, at the end, is any 32 octets. */
const seedOctets = 32

/**
 * What is wrong with an ML-KEM public key of the right length, or undefined.
 *
 * @see FIPS 203 section 7.2 (modulus check): decoding to numbers and back gives the same octets
 */
export function mlKemKeyFault(key: Uint8Array): string | undefined {
  const end = key.length - seedOctets
  for (let at = 0; at + 3 <= end; at += 3) {
    const [low = 0, middle = 0, high = 0] = key.subarray(at, at + 3)
    const first = low | ((middle & 0x0f) << 8)
    const second = (middle >> 4) | (high << 4)
    const beyond = [first, second].find((number) => number >= modulus)
    if (beyond !== undefined) {
      return `ml-kem key has the coefficient ${beyond} at octet ${at}, must be below ${modulus}`
    }
  }
  return undefined
}
