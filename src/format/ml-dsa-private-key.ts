// SPDX-License-Identifier: Apache-2.0
import {
  encodeSeededPrivateKey,
  parseSeededPrivateKey,
  type SeededPrivateKey,
} from './seeded-private-key.ts'

/** RFC 9881 6: at least one of the two. That they belong together is not checked. Secret. */
export type MlDsaPrivateKey = SeededPrivateKey

/** FIPS 204 table 2: ML-DSA-44, -65, -87. */
const sizes = { family: 'ML-DSA', seed: 32, expandedKey: [2560, 4032, 4896] } as const

/**
 * Parses what PKCS #8 holds for an ML-DSA key: a choice of seed, expanded key, or both.
 *
 * @throws FormatError
 */
export function parseMlDsaPrivateKey(privateKey: Uint8Array): MlDsaPrivateKey {
  return parseSeededPrivateKey(privateKey, sizes)
}

/** The seed alone if there is no expanded key, as RFC 9881 recommends. */
export function encodeMlDsaPrivateKey(key: MlDsaPrivateKey): Uint8Array {
  return encodeSeededPrivateKey(key)
}
