// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { type KeyListHead, parseKeyListHead } from '#format/key-list/key-list-head.ts'
import { isWeaknessName, type WeaknessName } from '../weaknesses.ts'
import { bucketOf, EntryCheck, entryOctets, type ListIndex } from './entry-check.ts'

/**
 * Gives octets of a file, synchronously: the gate stands on every way in, and what it asks for is half a kilobyte
 * that the machine keeps in memory. What was given is good until the next call.
 */
export type ReadAt = (offset: number, octets: number) => Uint8Array

/** Below this a digest is found by chance among millions of entries, so that who asks has to look closer. */
const leastSureOctets = 12

/** A list that was gone through once, and is now asked by its index and one short reading. */
export class KeyList {
  readonly head: KeyListHead
  readonly finds: WeaknessName
  readonly #entriesAt: number
  readonly #index: ListIndex
  readonly #readAt: ReadAt

  constructor(
    head: KeyListHead,
    finds: WeaknessName,
    entriesAt: number,
    index: ListIndex,
    readAt: ReadAt,
  ) {
    this.head = head
    this.finds = finds
    this.#entriesAt = entriesAt
    this.#index = index
    this.#readAt = readAt
  }

  /**
   * Whether a digest stands in the list.
   *
   * @returns the octet of its part, 0 where the list has none; undefined: it does not stand there
   */
  find(digest: Uint8Array): number | undefined {
    const { bits, starts } = this.#index
    const bucket = bucketOf(digest, 0, bits)
    const first = starts[bucket] ?? 0
    const count = (starts[bucket + 1] ?? first) - first
    if (count === 0) return undefined
    const width = entryOctets(this.head)
    const bytes = this.#readAt(this.#entriesAt + first * width, count * width)
    for (let at = 0; at < bytes.length; at += width)
      if (isAt(bytes, at, digest, this.head.digestOctets))
        return this.head.hasParts ? bytes[at + this.head.digestOctets] : 0
    return undefined
  }
}

function isAt(bytes: Uint8Array, at: number, digest: Uint8Array, octets: number): boolean {
  // From the end: the beginning is what all of a bucket have in common.
  for (let octet = octets - 1; octet >= 0; octet--)
    if (bytes[at + octet] !== digest[octet]) return false
  return true
}

/**
 * Makes a list of a file that comes piece by piece, once all of it was seen and found to be as its head says.
 *
 * @param readAt gives the same file again
 * @throws FormatError for a list that is not sorted, cut off, of another digest, or says what nobody knows
 */
export async function readKeyList(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  readAt: ReadAt,
): Promise<KeyList> {
  let begun: Begun | undefined
  let waiting: Uint8Array = new Uint8Array(0)
  for await (const piece of pieces) {
    if (begun !== undefined) begun.check.take(piece)
    else {
      waiting = waiting.length === 0 ? piece.slice() : concatBytes([waiting, piece])
      begun = begin(waiting)
    }
  }
  begun ??= begin(waiting, true)
  const { head, finds, entriesAt, check } = begun ?? fail()
  return new KeyList(head, finds, entriesAt, check.finish(), readAt)
}

interface Begun {
  readonly head: KeyListHead
  readonly finds: WeaknessName
  readonly entriesAt: number
  readonly check: EntryCheck
}

/** Undefined: the head may go on in the next piece. */
function begin(bytes: Uint8Array, isAll = false): Begun | undefined {
  const read = headOf(bytes, isAll)
  if (read === undefined) return undefined
  const { head, length } = read
  if (!isWeaknessName(head.finds))
    throw new FormatError('value-not-allowed', 0, `nobody knows the weakness "${head.finds}"`)
  if (head.digestOctets < leastSureOctets && head.finds !== 'scalar-small')
    throw new FormatError(
      'value-not-allowed',
      0,
      `${head.digestOctets} octets say too little of a key, at least ${leastSureOctets} are asked`,
    )
  const check = new EntryCheck(head)
  check.take(bytes.subarray(length))
  return { head, finds: head.finds, entriesAt: length, check }
}

function headOf(bytes: Uint8Array, isAll: boolean) {
  try {
    return parseKeyListHead(bytes)
  } catch (error) {
    if (!isAll && error instanceof FormatError && error.code === 'truncated') return undefined
    throw error
  }
}

function fail(): never {
  throw new FormatError('truncated', 0)
}
