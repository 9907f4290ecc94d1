// SPDX-License-Identifier: Apache-2.0

/** An RSA key as the search for shared primes sees it. */
export interface WatchedModulus {
  /** The id of the key, `key_` and 32 hexadecimal digits. */
  readonly id: string
  /** Big-endian; leading zeros do not matter. 16 to 16,384 bits. */
  readonly modulus: Uint8Array
}

/** What several keys have in common. The factor itself is as good as their private keys, so it is never told. */
export interface SharedPrime {
  /**
   * `modulus`: the keys are the same key under several ids; `prime`: different keys, and all of them are broken;
   * `multiple`: their moduli were made of that of another key, which is not among them and no weaker for it.
   */
  readonly kind: 'prime' | 'modulus' | 'multiple'
  /** SHA-256 of the common factor, big-endian without leading zeros. */
  readonly cause: Uint8Array
  /** The ids of all keys that have it, ascending; two at the least, of a multiple one. */
  readonly members: readonly string[]
}
