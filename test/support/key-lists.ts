// SPDX-License-Identifier: Apache-2.0
/** Lists of keys for tests: made of keys that a test has. */
import { encodeKeyList, type KeyListHead } from '#format/key-list/key-list-head.ts'
import { sha256 } from '#trust/digest.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { numberDigest } from '#trust/weak-keys/lists/number-digest.ts'

/** A list in which these keys stand, all as parts 1. */
export function listOf(
  keys: readonly PublicKey[],
  head: Partial<KeyListHead> = {},
): { readonly head: KeyListHead; readonly bytes: Uint8Array } {
  const digests = keys.map((key) => numberDigest(key).slice(0, head.digestOctets ?? 15))
  return listOfDigests(digests, head)
}

export function listOfDigests(
  digests: readonly Uint8Array[],
  head: Partial<KeyListHead> = {},
): { readonly head: KeyListHead; readonly bytes: Uint8Array } {
  const texts = digests.map((digest) => digest.toHex()).sort()
  const entries = Uint8Array.fromHex(texts.map((text) => `${text}01`).join(''))
  const whole: KeyListHead = {
    ...{ name: 'known', from: 'a test', finds: 'key-listed', digestOctets: 15, hasParts: true },
    ...{ count: digests.length, sha256: sha256(entries), parts: new Map([[1, 'chosen keys']]) },
    ...head,
  }
  return { head: whole, bytes: encodeKeyList(whole, entries) }
}
