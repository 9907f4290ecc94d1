// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import { branchFilters, type Filter, filterAlignment } from './branch-filters.ts'
import { crc32 } from './checksums.ts'
import { u32le } from './fields.ts'
import { archiveLimits } from './limits.ts'
import { lzma2Pieces } from './lzma2.ts'
import type { Pull } from './pull.ts'

const lzma2Filter = 0x21
const deltaFilter = 0x03

export interface XzBlockHeader {
  /** Octets of what is packed, where it says so. */
  readonly packedOctets: number | undefined
  readonly dictionaryOctets: number
  /** What is undone after LZMA2, in this order. */
  readonly filters: readonly Filter[]
}

/**
 * @param bytes the header, with its size before and its sum behind
 * @see The .xz File Format 1.2.1, 3.1
 */
export function parseXzBlockHeader(bytes: Uint8Array, at: number): XzBlockHeader {
  const end = bytes.length - 4
  if (crc32(bytes.subarray(0, end)) !== u32le(bytes, end)) throw wrong(at, 'the header of a block')
  const flags = bytes[1]!
  if ((flags & 0x3c) !== 0) throw wrong(at, 'flags of a block')
  const place = { at: 2 }
  const packedOctets = (flags & 0x40) !== 0 ? parseVli(bytes, place) : undefined
  if ((flags & 0x80) !== 0) parseVli(bytes, place)
  const filters: Filter[] = []
  let dictionaryOctets: number | undefined
  for (let count = (flags & 3) + 1; count > 0; count--) {
    const [id, length] = [parseVli(bytes, place), parseVli(bytes, place)]
    const properties = bytes.subarray(place.at, place.at + length)
    place.at += length
    if (place.at > end || dictionaryOctets !== undefined) throw wrong(at, 'the filters of a block')
    if (id === lzma2Filter && length === 1) dictionaryOctets = dictionaryOf(properties[0]!, at)
    else filters.unshift(filterOf(id, properties, at))
  }
  if (dictionaryOctets === undefined) throw wrong(at, 'a block without LZMA2')
  return { packedOctets, dictionaryOctets, filters }
}

/** The content of a block; pieces are views until the next is asked for. */
export async function* xzBlockPieces(
  pull: Pull,
  { dictionaryOctets, filters }: XzBlockHeader,
): AsyncGenerator<Uint8Array> {
  let pieces = lzma2Pieces(pull, dictionaryOctets)
  for (const filter of filters) pieces = filtered(pieces, filter)
  yield* pieces
}

async function* filtered(
  pieces: AsyncGenerator<Uint8Array>,
  filter: Filter,
): AsyncGenerator<Uint8Array> {
  let position = 0
  let waiting: Uint8Array = new Uint8Array()
  for await (const piece of pieces) {
    // A copy: what the decoder gives is its dictionary, in which nothing may change.
    const bytes = new Uint8Array(waiting.length + piece.length)
    bytes.set(waiting)
    bytes.set(piece, waiting.length)
    const done = filter(bytes, position)
    position += done
    waiting = bytes.slice(done)
    yield bytes.subarray(0, done)
  }
  yield waiting
}

function filterOf(id: number, properties: Uint8Array, at: number): Filter {
  if (id === deltaFilter && properties.length === 1) return delta(properties[0]! + 1)
  const made = branchFilters[id]
  if (made === undefined) throw wrong(at, `filter 0x${id.toString(16)}, which is not undone`)
  if (properties.length === 0) return made()
  const start = properties.length === 4 ? u32le(properties, 0) : Number.NaN
  if (!(start % filterAlignment[id]! === 0)) throw wrong(at, 'properties of a filter')
  const filter = made()
  return (bytes, position) => filter(bytes, position + start)
}

/** @see The .xz File Format 1.2.1, 5.3.1 */
function delta(distance: number): Filter {
  const history = new Uint8Array(256)
  return (bytes, position) => {
    for (let at = 0; at < bytes.length; at++) {
      const value = (bytes[at]! + history[(position + at - distance) & 0xff]!) & 0xff
      bytes[at] = value
      history[(position + at) & 0xff] = value
    }
    return bytes.length
  }
}

/** 2 or 3 shifted by half of it. */
function dictionaryOf(octet: number, at: number): number {
  const octets =
    octet >= 40 ? Number.POSITIVE_INFINITY : (2 | (octet & 1)) * 2 ** ((octet >> 1) + 11)
  if (octets > archiveLimits.dictionaryOctets)
    throw new FormatError('too-large', at, `a dictionary of ${octets} octets`)
  return octets
}

/** Seven bits an octet, the lower first; at most 63. */
export function parseVli(bytes: Uint8Array, place: { at: number }): number {
  let value = 0
  for (let count = 0; count < 9; count++) {
    const octet = bytes[place.at++]
    if (octet === undefined) break
    value += (octet & 0x7f) * 2 ** (7 * count)
    if ((octet & 0x80) !== 0) continue
    if ((octet === 0 && count > 0) || !Number.isSafeInteger(value)) break
    return value
  }
  throw wrong(place.at, 'a number')
}

function wrong(at: number, what: string): FormatError {
  return new FormatError('value-not-allowed', at, `xz: ${what}`)
}
