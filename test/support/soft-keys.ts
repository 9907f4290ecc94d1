// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto'
import {
  type KeptKeys,
  keptInFile,
  type MadeKey,
  type SigningKeys,
} from '#core/authority/signing-key.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { generateKey, parsePrivateKey, sign } from '#trust/private-key.ts'

/** Signing keys in memory, for tests that are not about keeping them. */
export class SoftKeys implements SigningKeys, KeptKeys {
  readonly #keys = new Map<string, { key: KeyObject; algorithm: KeyAlgorithmName }>()

  async make(algorithm: KeyAlgorithmName, keyId: string): Promise<MadeKey> {
    const { privateKey, publicKey } = await generateKey(algorithm)
    this.#keys.set(keyId, { key: privateKey, algorithm })
    return { spki: publicKey.spki, facts: keptInFile }
  }

  async keep(keyId: string, pkcs8: Uint8Array): Promise<void> {
    const read = await parsePrivateKey(pkcs8)
    if (read.kind === 'refused') throw new Error(read.detail)
    const { privateKey, publicKey } = read.pair
    this.#keys.set(keyId, { key: privateKey, algorithm: publicKey.algorithm })
  }

  async sign(keyId: string, toBeSigned: Uint8Array): Promise<Uint8Array> {
    const held = this.#keys.get(keyId)
    if (held === undefined) throw new Error(`no key ${keyId}`)
    return sign(held.key, signatureAlgorithmFor(held.algorithm), toBeSigned)
  }

  async has(keyId: string): Promise<boolean> {
    return this.#keys.has(keyId)
  }
}
