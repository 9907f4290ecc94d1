// SPDX-License-Identifier: Apache-2.0
/** Sparse files in tar: GNU's old headers and the three ways in which pax records tell of them. */
import { FormatError } from '../format-error.ts'
import type { ByteSource } from './byte-source.ts'
import type { Extent } from './extents.ts'
import { readExactly } from './fields.ts'
import { archiveLimits } from './limits.ts'
import { type TarHeader, tarBlock, tarNumber } from './tar-header.ts'

/** The whole of a sparse file: its size, and which of its pieces lie where in the archive. */
export interface SparseMap {
  readonly size: number
  readonly extents: readonly Extent[]
  /** Where what is stored begins: behind headers that go on, or behind a map. */
  readonly dataStart: number
}

interface Piece {
  readonly at: number
  readonly length: number
}

/**
 * Type S: four pieces in the header, 21 in each block that goes on.
 *
 * @param start just behind the header
 * @see GNU tar manual, "Old GNU Format"
 */
export async function oldSparseMap(
  source: ByteSource,
  header: TarHeader,
  start: number,
): Promise<SparseMap> {
  const pieces = piecesIn(header.block.subarray(386, 386 + 96), start - 126)
  const size = tarNumber(header.block.subarray(483, 495), start - 29)
  let more = header.block[482] !== 0
  let at = start
  while (more) {
    if (pieces.length > archiveLimits.pieces) throw tooManyPieces(at)
    const block = await readExactly(source, at, tarBlock)
    pieces.push(...piecesIn(block.subarray(0, 504), at))
    more = block[504] !== 0
    at += tarBlock
  }
  return mapOf(size, pieces, at, header.size)
}

/** @see GNU tar manual, "PAX Format, Version 0.0", "0.1", "1.0" */
export async function paxSparseMap(
  source: ByteSource,
  records: ReadonlyMap<string, string>,
  numbers: readonly number[],
  start: number,
  stored: number,
): Promise<SparseMap> {
  if (records.get('GNU.sparse.major') === '1') {
    const { values, octets } = await mapInData(source, start, stored)
    const size = whole(records.get('GNU.sparse.realsize'), start)
    return mapOf(size, pairs(values, start), start + octets, stored - octets)
  }
  const size = whole(records.get('GNU.sparse.size'), start)
  const listed = records.get('GNU.sparse.map')
  const values = listed === undefined ? numbers : numbersOf(listed, start)
  return mapOf(size, pairs(values, start), start, stored)
}

function numbersOf(text: string, at: number): number[] {
  return text === '' ? [] : text.split(',').map((number) => whole(number, at))
}

/** Version 1.0: decimal lines before the data, padded to a block: how many pieces, then offset and length of each. */
async function mapInData(source: ByteSource, start: number, stored: number) {
  const values: number[] = []
  let wanted = 1
  let digits = ''
  for (let octets = 0; octets + tarBlock <= stored; ) {
    if (octets > archiveLimits.tableOctets) throw tooManyPieces(start)
    const block = await readExactly(source, start + octets, tarBlock)
    octets += tarBlock
    for (const octet of block) {
      if (octet !== 0x0a) {
        digits += String.fromCharCode(octet)
        if (digits.length > 16) throw new FormatError('value-not-allowed', start + octets, 'a map')
        continue
      }
      values.push(whole(digits, start + octets))
      digits = ''
      if (values.length === 1) wanted = 1 + 2 * values[0]!
      if (values.length === wanted) return { values: values.slice(1), octets }
    }
  }
  throw new FormatError('truncated', start, 'the map of a sparse file')
}

function piecesIn(bytes: Uint8Array, at: number): Piece[] {
  const pieces: Piece[] = []
  for (let entry = 0; entry + 24 <= bytes.length; entry += 24) {
    const field = (from: number) => tarNumber(bytes.subarray(from, from + 12), at + from)
    // An entry that was not filled in ends the list.
    if (bytes[entry] === 0) break
    pieces.push({ at: field(entry), length: field(entry + 12) })
  }
  return pieces
}

function pairs(values: readonly number[], at: number): Piece[] {
  if (values.length % 2 !== 0)
    throw new FormatError('value-not-allowed', at, 'an odd map of a sparse file')
  const pieces: Piece[] = []
  for (let index = 0; index < values.length; index += 2)
    pieces.push({ at: values[index]!, length: values[index + 1]! })
  return pieces
}

function mapOf(size: number, pieces: readonly Piece[], dataStart: number, stored: number) {
  if (pieces.length > archiveLimits.pieces) throw tooManyPieces(dataStart)
  const extents: Extent[] = []
  let [end, from] = [0, dataStart]
  for (const { at, length } of pieces) {
    if (at < end || at + length > size)
      throw new FormatError('value-not-allowed', dataStart, 'pieces of a sparse file overlap')
    if (length > 0) extents.push({ at, length, from })
    end = at + length
    from += length
  }
  if (from - dataStart > stored)
    throw new FormatError('value-not-allowed', dataStart, 'a sparse file has more than is stored')
  return { size, extents, dataStart }
}

function whole(text: string | undefined, at: number): number {
  if (text !== undefined && /^\d{1,16}$/.test(text)) {
    const value = Number(text)
    if (Number.isSafeInteger(value)) return value
  }
  throw new FormatError('value-not-allowed', at, 'a number of a sparse file')
}

function tooManyPieces(at: number): FormatError {
  return new FormatError('too-many', at, `over ${archiveLimits.pieces} pieces of a sparse file`)
}
