// SPDX-License-Identifier: Apache-2.0
import type { KeyAlgorithmName, SignatureAlgorithmName } from '#trust/algorithms.ts'
import type { Key } from '../ledger/tables.ts'

/** Where private keys may be kept; which token or which TPM, the configuration says. */
export const custodies = ['file', 'pkcs11', 'tpm'] as const
export type Custody = (typeof custodies)[number]

/**
 * What is known of a private key of ours, as its record tells it for ever: `custody` is `file`,
 * `pkcs11 TOKEN` or `tpm NAME`, and the rest was read back from there, never assumed.
 */
export type KeyFacts = Pick<
  Key,
  'origin' | 'protection' | 'exportable' | 'moduleCertificate' | 'custody'
>

/** How a signature is to be made, where it is not the usual one of its key. */
export interface SignatureAsked {
  readonly algorithm: SignatureAlgorithmName
  /**
   * `digest`: what is to be signed is the digest of the message already, by the digest of the algorithm; so is
   * what is too long to be carried here, or must not leave where it is.
   */
  readonly over: 'message' | 'digest'
}

/** A key that was just made. */
export interface MadeKey {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  readonly facts: KeyFacts
}

/**
 * The private keys of the house; no other room ever sees one.
 *
 * `make` MUST resolve only when the key survives a crash of the process and of the machine, and MUST
 * never replace a key that is there. Every method rejects with `Fault('key-locked')` if the
 * passphrase is wrong or not given, `Fault('key-damaged')` if the key file was changed,
 * `Fault('key-missing')` if there is none, as when the root directory was taken away, and
 * `Fault('key-unreachable')` if the token or TPM that keeps it does not answer.
 */
export interface SigningKeys {
  /**
   * The signature over the bytes, with the one algorithm that a key of this kind signs with, or as asked.
   *
   * @throws TypeError if such a key does not sign as asked
   */
  sign(keyId: string, toBeSigned: Uint8Array, asked?: SignatureAsked): Promise<Uint8Array>
  /**
   * Makes a key under this id.
   *
   * @param custody where it is kept; undefined: in an encrypted file, where the keys of log, webhooks and TLS stay
   * @throws Fault `configuration-wrong` if there is no such backend here, or it makes no such key
   */
  make(
    algorithm: KeyAlgorithmName,
    keyId: string,
    place: 'authority' | 'root' | 'log',
    custody?: Custody,
  ): Promise<MadeKey>
  /**
   * Why no key of this algorithm can be made there now; undefined: as far as is known it can. Absent where
   * there are files only.
   */
  unable?(algorithm: KeyAlgorithmName, custody: Custody): string | undefined
  /** Whether the key is there, unlocked or not; of a backend that is away, whether it was when last looked. */
  has(keyId: string): Promise<boolean>
  /**
   * Why the backend of this key cannot sign now, as far as is known without asking it; undefined: nothing
   * stands against it. Absent where no backend can be away.
   */
  awayBecause?(keyId: string): Promise<string | undefined>
}

/** Where a private key that was made elsewhere begins to be kept here. */
export interface KeptKeys {
  /**
   * Resolves once the key survives a crash of the process and of the machine. The bytes (PKCS #8, DER)
   * stay the caller's.
   */
  keep(keyId: string, pkcs8: Uint8Array, place: 'authority'): Promise<void>
}

/** What is true of every key in an encrypted file: whoever has file and passphrase has the key. */
export const keptInFile: KeyFacts = {
  origin: 'server',
  protection: 'software',
  exportable: true,
  moduleCertificate: null,
  custody: 'file',
}
