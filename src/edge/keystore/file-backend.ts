// SPDX-License-Identifier: Apache-2.0
import type { BackendHealth, KeyBackend } from '#core/authority/key-backend.ts'
import { keptInFile, type MadeKey, type SignatureAsked } from '#core/authority/signing-key.ts'
import { type KeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'
import type { Keystore } from './keystore.ts'

/** The encrypted files as one of the backends that keep keys. They are never away; a file may be missing. */
export class FileBackend implements KeyBackend {
  readonly kind = 'file'
  readonly name = 'file'
  readonly #keystore: Keystore
  #signatures = 0
  #failures = 0
  #waiting = 0

  constructor(keystore: Keystore) {
    this.#keystore = keystore
  }

  makes(algorithm: KeyAlgorithmName): boolean {
    return keyAlgorithms[algorithm].signsWith !== null
  }

  async make(
    algorithm: KeyAlgorithmName,
    keyId: string,
    place: 'authority' | 'root' | 'log',
  ): Promise<MadeKey> {
    return { spki: await this.#keystore.make(algorithm, keyId, place), facts: keptInFile }
  }

  async sign(keyId: string, toBeSigned: Uint8Array, asked?: SignatureAsked): Promise<Uint8Array> {
    this.#waiting++
    try {
      const signature = await this.#keystore.sign(keyId, toBeSigned, asked)
      this.#signatures++
      return signature
    } catch (error) {
      this.#failures++
      throw error
    } finally {
      this.#waiting--
    }
  }

  async has(keyId: string): Promise<boolean> {
    return this.#keystore.has(keyId)
  }

  health(): BackendHealth {
    return {
      ...{ state: 'up', because: undefined, restarts: 0, keys: [], facts: {} },
      ...{ signatures: this.#signatures, failures: this.#failures, waiting: this.#waiting },
    }
  }

  onChange(): void {}

  async close(): Promise<void> {}
}
