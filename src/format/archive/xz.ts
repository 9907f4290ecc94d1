// SPDX-License-Identifier: Apache-2.0
/** The .xz file format 1.2.1: streams of blocks of LZMA2, with an index behind them. */
import { sameBytes } from '../bytes.ts'
import { FormatError } from '../format-error.ts'
import type { ArchiveForm, Packed } from './archive.ts'
import { Crc64, crc32 } from './checksums.ts'
import { EmptyStreams } from './empty-streams.ts'
import { isAt, u16be, u32le } from './fields.ts'
import { Pull } from './pull.ts'
import { singleStream } from './single-stream.ts'
import { parseVli, parseXzBlockHeader, xzBlockPieces } from './xz-block.ts'

const headerMark = '\xfd7zXZ\0'
const headerOctets = 12
const footerMark = 'YZ'
const footerOctets = 12
/** Octets of a check, by its number in the flags of a stream. */
const checkOctets = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64]

export const xz: ArchiveForm = singleStream({
  name: 'xz',
  compression: 'xz',
  recognise: (head) => isAt(head, 0, headerMark),
})

/**
 * Pieces of what is unpacked, each a view until the next is asked for.
 *
 * CRC-32 and CRC-64 are checked; SHA-256 is not, for no such octets are at hand here, nor is the index held against
 * the blocks.
 */
export async function* xzPieces(packed: Packed): AsyncGenerator<Uint8Array> {
  const pull = new Pull(packed.source)
  const empty = new EmptyStreams()
  for (;;) {
    let given = 0
    for await (const piece of streamPieces(pull)) {
      given += piece.length
      yield piece
    }
    empty.after(given, pull.at)
    packed.ended?.(pull.at)
    // Padding between streams is of zeros, four at a time.
    while (sameBytes(await pull.peek(4), new Uint8Array(4))) pull.skip(4)
    if (!isAt(await pull.peek(headerMark.length), 0, headerMark)) return
  }
}

async function* streamPieces(pull: Pull): AsyncGenerator<Uint8Array> {
  const start = pull.at
  const flags = u16be(parseFlags(await pull.take(headerOctets), start), 0)
  const check = flags & 0x0f
  for (;;) {
    const first = (await pull.peek(1))[0]
    if (first === undefined) throw new FormatError('truncated', pull.at, 'xz')
    if (first === 0) break
    yield* blockPieces(pull, check)
  }
  await passIndex(pull)
  const footer = await pull.take(footerOctets)
  if (!isAt(footer, 10, footerMark) || u16be(footer, 8) !== flags)
    throw wrong(pull.at - footerOctets, 'the footer')
}

function parseFlags(header: Uint8Array, at: number): Uint8Array {
  const flags = header.slice(6, 8)
  if (!isAt(header, 0, headerMark) || crc32(flags) !== u32le(header, 8))
    throw wrong(at, 'the header')
  if (flags[0] !== 0 || flags[1]! > 15) throw new FormatError('version-unknown', at + 6, 'xz')
  return flags
}

async function* blockPieces(pull: Pull, check: number): AsyncGenerator<Uint8Array> {
  const start = pull.at
  const size = ((await pull.peek(1))[0]! + 1) * 4
  const header = parseXzBlockHeader(await pull.take(size), start)
  const content = pull.at
  const wide = new Crc64()
  let narrow = 0
  for await (const piece of xzBlockPieces(pull, header)) {
    if (check === 1) narrow = crc32(piece, narrow)
    else if (check === 4) wide.take(piece)
    yield piece
  }
  const packedOctets = pull.at - content
  if (header.packedOctets !== undefined && header.packedOctets !== packedOctets)
    throw wrong(start, 'a block is not as long as it says')
  const padding = await pull.take((4 - (packedOctets % 4)) % 4)
  if (padding.some((octet) => octet !== 0)) throw wrong(pull.at, 'padding')
  const sum = await pull.take(checkOctets[check]!)
  const right =
    check === 1
      ? u32le(sum, 0) === narrow
      : check !== 4 || (u32le(sum, 0) === wide.low && u32le(sum, 4) === wide.high)
  if (!right) throw wrong(start, 'a block does not match its sum')
}

/** Over the index, record by record: it may be larger than any table that is to be in memory. */
async function passIndex(pull: Pull): Promise<void> {
  const start = pull.at
  let sum = 0
  const take = async (octets: number): Promise<void> => {
    sum = crc32(await pull.take(octets), sum)
  }
  const number = async (): Promise<number> => {
    const place = { at: 0 }
    const value = parseVli(await pull.peek(9), place)
    await take(place.at)
    return value
  }
  await take(1)
  for (let left = 2 * (await number()); left > 0; left--) await number()
  await take((4 - ((pull.at - start) % 4)) % 4)
  if (u32le(await pull.take(4), 0) !== sum) throw wrong(start, 'the index')
}

function wrong(at: number, what: string): FormatError {
  return new FormatError('value-not-allowed', at, `xz: ${what}`)
}
