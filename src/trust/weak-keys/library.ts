// SPDX-License-Identifier: Apache-2.0
/** The gate for programs of others: `vitalsign-trust/weak-keys`. */
import { FormatError } from '#format/format-error.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { importPublicKey } from '../public-key.ts'
import { type Refused, refuse } from '../refusal.ts'
import { checkKey } from './check-key.ts'
import type { KeyLists } from './key-lists.ts'
import { type ReadAt, readKeyList } from './lists/key-list.ts'
import { SortedKeyLists } from './lists/sorted-key-lists.ts'
import { type KeyWeakness, type Weakness, weaknesses } from './weaknesses.ts'

/** What was found out about a key, with what it means to a reader who knows no cryptography. */
export type ToldWeakness = KeyWeakness & Weakness

export type Checked =
  /** Nothing is known to be wrong with it. */
  | { readonly kind: 'sound'; readonly algorithm: string }
  | { readonly kind: 'weak'; readonly algorithm: string; readonly found: readonly ToldWeakness[] }
  /** It is no key that can be used: not well-formed, too short, of an algorithm that is not known. */
  | Refused

/**
 * Says all that is known to be wrong with a public key.
 *
 * @param spki DER of the SubjectPublicKeyInfo
 * @param lists made by `openKeyLists`; undefined: what the key itself shows, and what comes with the program
 */
export function checkPublicKey(spki: Uint8Array, lists?: KeyLists): Checked {
  const key = imported(spki)
  if ('kind' in key) return key
  const { algorithm } = key
  const found = checkKey(key, lists).map((one) => ({ ...one, ...weaknesses[one.name] }))
  return found.length === 0 ? { kind: 'sound', algorithm } : { kind: 'weak', algorithm, found }
}

function imported(spki: Uint8Array) {
  try {
    return importPublicKey(parseSubjectPublicKeyInfo(spki))
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('key-malformed', error.message)
  }
}

/** One list as who asks has it: all of it once, and any part of it again. @see docs/key-list.md */
export interface ListSource {
  readonly pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  readonly readAt: ReadAt
}

/** Goes through lists, and makes them ready to be asked. @throws FormatError for one that is not what it says */
export async function openKeyLists(sources: readonly ListSource[]): Promise<KeyLists> {
  return new SortedKeyLists(
    await Promise.all(sources.map(({ pieces, readAt }) => readKeyList(pieces, readAt))),
  )
}
