// SPDX-License-Identifier: Apache-2.0
import {
  type KeptKeys,
  keptInFile,
  type MadeKey,
  type SignatureAsked,
  type SigningKeys,
} from '#core/authority/signing-key.ts'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { signAsAsked } from '#edge/keystore/sign-as-asked.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { generateKey, type KeyPair, parsePrivateKey, sign } from '#trust/private-key.ts'

/** Signing keys in memory, for tests that are not about keeping them. */
export class SoftKeys implements SigningKeys, KeptKeys {
  readonly #keys = new Map<string, { readonly pair: KeyPair }>()

  async make(algorithm: KeyAlgorithmName, keyId: string): Promise<MadeKey> {
    const pair = await generateKey(algorithm)
    this.#keys.set(keyId, { pair })
    return { spki: pair.publicKey.spki, facts: keptInFile }
  }

  async keep(keyId: string, pkcs8: Uint8Array): Promise<void> {
    const read = await parsePrivateKey(pkcs8)
    if (read.kind === 'refused') throw new Error(read.detail)
    this.#keys.set(keyId, { pair: read.pair })
  }

  async sign(keyId: string, toBeSigned: Uint8Array, asked?: SignatureAsked): Promise<Uint8Array> {
    const held = this.#keys.get(keyId)
    if (held === undefined) throw new Error(`no key ${keyId}`)
    if (asked !== undefined) return signAsAsked(held.pair, toBeSigned, asked, systemRandomness)
    const { privateKey, publicKey } = held.pair
    return sign(privateKey, signatureAlgorithmFor(publicKey.algorithm), toBeSigned)
  }

  async has(keyId: string): Promise<boolean> {
    return this.#keys.has(keyId)
  }
}
