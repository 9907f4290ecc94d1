// SPDX-License-Identifier: Apache-2.0
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import type { Custody, MadeKey, SignatureAsked } from './signing-key.ts'

/** How one backend is doing, for `doctor`, `/metrics`, `/readyz` and alarms. */
export interface BackendHealth {
  /**
   * `away` comes back by itself; `stopped` waits for a person, as after a wrong PIN, and tries nothing
   * until then.
   */
  readonly state: 'up' | 'away' | 'stopped'
  /** One line for people: lower case, no full stop, no secret; undefined while it is up. */
  readonly because: string | undefined
  /** Since the start of this process. */
  readonly signatures: number
  readonly failures: number
  readonly restarts: number
  /** Signatures that were asked for and are not made yet. */
  readonly waiting: number
  /** What was read of each key that it has. */
  readonly keys: readonly BackendKey[]
  /** What else a person may want to know, e.g. the module's name and version: word -> value. */
  readonly facts: Readonly<Record<string, string>>
}

export interface BackendKey {
  readonly id: string
  readonly exportable: boolean | null
  /** The public half as it is there (SubjectPublicKeyInfo, DER). */
  readonly spki: Uint8Array
  /** Why it is not used, if it is not what a key of ours must be; absent: it is. */
  readonly flaw?: string | undefined
  /** Made since the start of this process. */
  readonly signatures: number
}

/**
 * One place where private keys are kept, beside the others (`house/key-backends.ts` hands each signature
 * to the backend that has the key).
 *
 * A backend MUST come back by itself once what it stands on is back, without a restart of the server;
 * MUST answer or reject every call in bounded time; and MUST NOT try a secret (PIN, authorisation value)
 * a second time before a person acted. `sign` and `make` reject with `Fault('key-unreachable')` while it is away,
 * `Fault('key-locked')` while its secret is wrong, `Fault('key-missing')` if there is no such key.
 */
export interface KeyBackend {
  readonly kind: Custody
  /** As it stands in the custody of its keys: `file`, `pkcs11 TOKEN`, `tpm NAME`. */
  readonly name: string
  /** Whether keys of this algorithm can be made here, as far as is known now. */
  makes(algorithm: KeyAlgorithmName): boolean
  /**
   * As `SigningKeys.make`; the facts are what was read back after the key was made. A key that is not what
   * was asked for, as one that can be taken out, is destroyed and refused with `Fault('key-not-as-asked')`.
   */
  make(
    algorithm: KeyAlgorithmName,
    keyId: string,
    place: 'authority' | 'root' | 'log',
  ): Promise<MadeKey>
  /** In the form that X.509 knows: ECDSA as DER, RSA and others as they are. */
  sign(keyId: string, toBeSigned: Uint8Array, asked?: SignatureAsked): Promise<Uint8Array>
  /** Whether the key is there, also where another node made it; while it is away, whether it was when last looked. */
  has(keyId: string): Promise<boolean>
  health(): BackendHealth
  /** Hears of each change of `health().state`, right after it. */
  onChange(heard: () => void): void
  close(): Promise<void>
}
