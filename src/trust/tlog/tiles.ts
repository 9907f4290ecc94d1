// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '#format/bytes.ts'
import { tileWidth } from '#format/tlog/tile.ts'
import { emptyTreeHash, treeHash } from './merkle.ts'

/**
 * Gives a tile's hashes of 32 bytes, at least the `width` first ones.
 *
 * Rejects, as its maker likes, if there is no such tile.
 */
export type TileReader = (level: number, index: number, width: number) => Promise<Uint8Array>

export interface Tile {
  readonly level: number
  readonly index: number
  /** All of its hashes so far, 1 to 256 of 32 bytes. */
  readonly hashes: Uint8Array
}

export interface GrownTree {
  readonly size: number
  readonly root: Uint8Array
  /** Those that are new or longer than before; lowest level first. */
  readonly tiles: readonly Tile[]
}

/** How many hashes a tree of this size has at a tile level. C2SP tlog-tiles, Partial Tiles. */
export function hashesAtLevel(size: number, level: number): number {
  return Math.floor(size / tileWidth ** level)
}

/**
 * Adds leaf hashes to a tree of `size` leaves, from its tiles alone: reads and writes only the right
 * edge.
 */
export async function growTree(
  size: number,
  leafHashes: readonly Uint8Array[],
  readTile: TileReader,
): Promise<GrownTree> {
  const tiles: Tile[] = []
  let added = leafHashes
  for (let level = 0; added.length > 0; level++) {
    const grown = await growLevel(level, hashesAtLevel(size, level), added, readTile)
    tiles.push(...grown)
    added = grown.filter((tile) => tile.hashes.length === tileWidth * 32).map(hashOfTile)
  }
  const newSize = size + leafHashes.length
  const read = readNewest(tiles, readTile)
  return { size: newSize, root: await rootOf(newSize, read), tiles }
}

/** The tree hash of the first `size` leaves. */
export async function rootOf(size: number, readTile: TileReader): Promise<Uint8Array> {
  let root: Uint8Array | undefined
  for (let level = 0; hashesAtLevel(size, level) > 0; level++) {
    const count = hashesAtLevel(size, level)
    const width = count % tileWidth
    const below = root === undefined ? [] : [root]
    if (width > 0) {
      const tile = await readTile(level, Math.floor(count / tileWidth), width)
      root = treeHash([...hashesOf(tile).slice(0, width), ...below])
    }
  }
  return root ?? emptyTreeHash
}

/** The hashes of a tile, as views. */
export function hashesOf(tile: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: tile.length / 32 }, (_, at) => tile.subarray(at * 32, at * 32 + 32))
}

async function growLevel(
  level: number,
  before: number,
  added: readonly Uint8Array[],
  readTile: TileReader,
): Promise<Tile[]> {
  const first = Math.floor(before / tileWidth)
  const width = before % tileWidth
  const partial = width === 0 ? [] : hashesOf(await readTile(level, first, width)).slice(0, width)
  const hashes = [...partial, ...added]
  return Array.from({ length: Math.ceil(hashes.length / tileWidth) }, (_, at) => ({
    level,
    index: first + at,
    hashes: concatBytes(hashes.slice(at * tileWidth, (at + 1) * tileWidth)),
  }))
}

/** The root of the full subtree that a full tile spans. */
export function hashOfTile({ hashes }: Pick<Tile, 'hashes'>): Uint8Array {
  return treeHash(hashesOf(hashes))
}

function readNewest(tiles: readonly Tile[], readTile: TileReader): TileReader {
  const grown = new Map(tiles.map((tile) => [`${tile.level}/${tile.index}`, tile.hashes]))
  return async (level, index, width) =>
    grown.get(`${level}/${index}`) ?? (await readTile(level, index, width))
}
