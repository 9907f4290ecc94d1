// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'

/** Hashes in a full tile, entries in a full bundle: two to the tile height of 8. */
export const tileWidth = 256

/** The place of a tile of tree hashes, or of a bundle of log entries. */
export interface TilePlace {
  /** 0 holds leaf hashes, each level above the hashes of full tiles below; or the entries themselves. */
  readonly level: number | 'entries'
  readonly index: number
  /** How many of its hashes are asked for, 1 to 256; below 256 the tile is partial. */
  readonly width: number
}

const highestLevel = 63

/**
 * The path of a tile below the log's prefix, e.g. `tile/0/x001/x234/067.p/8`.
 *
 * @see C2SP tlog-tiles, Merkle Tree and Log entries
 */
export function encodeTilePath({ level, index, width }: TilePlace): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0')
  const groups = digits.match(/.{3}/g) ?? []
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/')
  return `tile/${level}/${path}${width < tileWidth ? `.p/${width}` : ''}`
}

/**
 * Reads such a path; only the one spelling that `encodeTilePath` gives is accepted.
 *
 * @throws FormatError `text-malformed`
 */
export function parseTilePath(path: string): TilePlace {
  const match =
    /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path)
  if (match === null) throw new FormatError('text-malformed', 0, 'not a tile path')
  const [, level = '', groups = '', width] = match
  const place: TilePlace = {
    level: level === 'entries' ? level : Number(level),
    index: Number(groups.replace(/[x/]/g, '')),
    width: width === undefined ? tileWidth : Number(width),
  }
  const inRange = place.level === 'entries' || place.level <= highestLevel
  if (!inRange || !Number.isSafeInteger(place.index) || encodeTilePath(place) !== path) {
    throw new FormatError('text-malformed', 0, 'not a tile path')
  }
  return place
}
