// SPDX-License-Identifier: Apache-2.0
import { tileWidth } from '#format/tlog/tile.ts'
import { nodeHash, treeHash } from './merkle.ts'
import { hashesAtLevel, hashesOf, type TileReader } from './tiles.ts'

/**
 * The way from a leaf to the root of the first `size` leaves.
 *
 * @throws RangeError unless 0 <= index < size
 * @see RFC 9162 section 2.1.3.1, PATH
 */
export async function proveInclusion(
  index: number,
  size: number,
  readTile: TileReader,
): Promise<readonly Uint8Array[]> {
  if (!(index >= 0 && index < size)) throw new RangeError(`no leaf ${index} in a tree of ${size}`)
  return hashRanges(inclusionRanges(index, 0, size), size, readTile)
}

/**
 * What shows that the tree of `size` leaves continues the one of `earlier` leaves.
 *
 * @throws RangeError unless 0 <= earlier <= size
 * @see RFC 9162 section 2.1.4.1, PROOF; for an empty earlier tree the proof is empty
 */
export async function proveConsistency(
  earlier: number,
  size: number,
  readTile: TileReader,
): Promise<readonly Uint8Array[]> {
  if (!(earlier >= 0 && earlier <= size)) {
    throw new RangeError(`no tree of ${earlier} leaves in one of ${size}`)
  }
  if (earlier === 0) return []
  return hashRanges(consistencyRanges(earlier, 0, size, true), size, readTile)
}

/** Leaves from `start` on, up to but without `end`. */
interface LeafRange {
  readonly start: number
  readonly end: number
}

function inclusionRanges(index: number, start: number, end: number): LeafRange[] {
  if (end - start === 1) return []
  const middle = start + splitOf(end - start)
  return index < middle
    ? [...inclusionRanges(index, start, middle), { start: middle, end }]
    : [...inclusionRanges(index, middle, end), { start, end: middle }]
}

/** SUBPROOF; `known` says that the verifier has the hash of this very range. */
function consistencyRanges(
  earlier: number,
  start: number,
  end: number,
  known: boolean,
): LeafRange[] {
  if (earlier === end) return known ? [] : [{ start, end }]
  const middle = start + splitOf(end - start)
  return earlier <= middle
    ? [...consistencyRanges(earlier, start, middle, known), { start: middle, end }]
    : [...consistencyRanges(earlier, middle, end, false), { start, end: middle }]
}

/** The largest power of two smaller than the count, which is 2 or more. */
function splitOf(count: number): number {
  let split = 1
  while (split * 2 < count) split *= 2
  return split
}

async function hashRanges(
  ranges: readonly LeafRange[],
  size: number,
  readTile: TileReader,
): Promise<readonly Uint8Array[]> {
  const hashes: Uint8Array[] = []
  for (const range of ranges) hashes.push(await hashOfRange(range, size, readTile))
  return hashes
}

async function hashOfRange(
  { start, end }: LeafRange,
  size: number,
  readTile: TileReader,
): Promise<Uint8Array> {
  const count = end - start
  if (Number.isInteger(Math.log2(count))) return hashOfFullSubtree(start, count, size, readTile)
  const middle = start + splitOf(count)
  return nodeHash(
    await hashOfRange({ start, end: middle }, size, readTile),
    await hashOfRange({ start: middle, end }, size, readTile),
  )
}

/** `count` is a power of two and divides `start`: its hashes lie side by side in one tile. */
async function hashOfFullSubtree(
  start: number,
  count: number,
  size: number,
  readTile: TileReader,
): Promise<Uint8Array> {
  const level = Math.floor(Math.log2(count) / 8)
  const first = start / tileWidth ** level
  const index = Math.floor(first / tileWidth)
  const width = Math.min(tileWidth, hashesAtLevel(size, level) - index * tileWidth)
  const tile = hashesOf(await readTile(level, index, width))
  const from = first - index * tileWidth
  return treeHash(tile.slice(from, from + count / tileWidth ** level))
}
