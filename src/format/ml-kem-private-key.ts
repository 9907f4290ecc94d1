// SPDX-License-Identifier: Apache-2.0
import {
  encodeSeededPrivateKey,
  parseSeededPrivateKey,
  type SeededPrivateKey,
} from './seeded-private-key.ts'

/** RFC 9935 6: the seed is d and z of FIPS 203, the expanded key its decapsulation key. Secret. */
export type MlKemPrivateKey = SeededPrivateKey

/** FIPS 203 table 3: ML-KEM-512, -768, -1024. */
const sizes = { family: 'ML-KEM', seed: 64, expandedKey: [1632, 2400, 3168] } as const

/**
 * Parses what PKCS #8 holds for an ML-KEM key: a choice of seed, expanded key, or both.
 *
 * @throws FormatError
 */
export function parseMlKemPrivateKey(privateKey: Uint8Array): MlKemPrivateKey {
  return parseSeededPrivateKey(privateKey, sizes)
}

/** The seed alone if there is no expanded key, as RFC 9935 recommends. */
export function encodeMlKemPrivateKey(key: MlKemPrivateKey): Uint8Array {
  return encodeSeededPrivateKey(key)
}
