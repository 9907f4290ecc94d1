// SPDX-License-Identifier: Apache-2.0
import type { KeyAlgorithmName } from '#trust/algorithms.ts'

/**
 * The private keys of the house; no other room ever sees one.
 *
 * `make` MUST resolve only when the key survives a crash of the process and of the machine, and MUST
 * never replace a key that is there. Every method rejects with `Fault('key-locked')` if the
 * passphrase is wrong or not given, `Fault('key-damaged')` if the key file was changed, and
 * `Fault('key-missing')` if there is none, as when the root directory was taken away.
 */
export interface SigningKeys {
  /** The signature over the bytes, with the one algorithm that a key of this kind signs with. */
  sign(keyId: string, toBeSigned: Uint8Array): Promise<Uint8Array>
  /** Makes a key under this id; gives its SubjectPublicKeyInfo, DER. */
  make(
    algorithm: KeyAlgorithmName,
    keyId: string,
    place: 'authority' | 'root' | 'log',
  ): Promise<Uint8Array>
  /** Whether the key is there, unlocked or not. */
  has(keyId: string): boolean
}

/** Where a private key that was made elsewhere begins to be kept here. */
export interface KeptKeys {
  /**
   * Resolves once the key survives a crash of the process and of the machine. The bytes (PKCS #8, DER)
   * stay the caller's.
   */
  keep(keyId: string, pkcs8: Uint8Array, place: 'authority'): Promise<void>
}
