// SPDX-License-Identifier: Apache-2.0
import { glanceColumns, type Ledger } from '../ledger/ledger.ts'
import type { KeyPage, Place } from './ports.ts'

/** Keys in a page: an RSA key of 4096 bits takes half a kilobyte, an ML-DSA key two. */
const pageKeys = 2_000

/**
 * Nodes draw the ids of keys by their own clocks, and book them a moment later: what was booked last is not always
 * the newest. A node whose clock is apart by more than some seconds books nothing, so an hour is ample.
 */
const lateMilliseconds = 3_600_000

/**
 * All keys from a place on, the oldest first, page by page and narrow.
 *
 * @param beyond an id; null: from the first key on
 * @param most keys in a page
 */
export async function* walkKeys(
  beyond: string | null,
  ledger: Ledger,
  most: number = pageKeys,
): AsyncGenerator<KeyPage> {
  let after: string | null | undefined
  do {
    const { columns, next } = await glanceColumns(
      'key',
      ['id', 'spki'],
      { limit: most, ...(beyond !== null && { beyond }), ...(after && { after }) },
      ledger,
    )
    const ids = idsIn(columns.bytes('id').octets, columns.length)
    if (ids.length > 0) yield { ids, spkis: columns.bytes('spki') }
    after = next
  } while (after !== null)
}

/**
 * Where a walk begins that misses nothing which another node booked behind the back of the walk before it: at what
 * that one met last, or an hour before it began.
 */
export function placeAfter({ through, walkedAt }: Place): string {
  const began = Temporal.Instant.from(walkedAt).epochMilliseconds
  const late = firstIdAt(through.slice(0, 4), Math.max(0, began - lateMilliseconds))
  return late < through ? late : through
}

/** RFC 9562 section 5.7: the first 48 bits of an id are its time, behind the four letters of its kind. */
function firstIdAt(kind: string, milliseconds: number): string {
  return `${kind}${milliseconds.toString(16).padStart(12, '0')}${'0'.repeat(20)}`
}

function idsIn(octets: Uint8Array, length: number): readonly string[] {
  return Array.from(
    { length },
    (_, index) => `key_${octets.subarray(16 * index, 16 * index + 16).toHex()}`,
  )
}
