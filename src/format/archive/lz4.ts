// SPDX-License-Identifier: Apache-2.0
/** LZ4 frames, and the legacy ones in which kernels are packed. */
import { FormatError } from '../format-error.ts'
import type { ArchiveForm, Packed } from './archive.ts'
import { EmptyStreams } from './empty-streams.ts'
import { u32le } from './fields.ts'
import { unpackLz4Block } from './lz4-block.ts'
import { Pull } from './pull.ts'
import { singleStream } from './single-stream.ts'
import { isSkippable, passSkippable } from './skippable.ts'
import { XxHash32, xxHash32 } from './xxhash32.ts'

const frameMagic = 0x184d_2204
const legacyMagic = 0x184c_2102
/** What a legacy block gives, but for the last, and what it takes at most. */
const legacyOctets = 8_388_608
const legacyPackedOctets = legacyOctets + Math.floor(legacyOctets / 255) + 16
/** How far matches may look back into the block before. */
const historyOctets = 65_536

export const lz4: ArchiveForm = singleStream({
  name: 'lz4',
  compression: 'lz4',
  recognise: (head) =>
    head.length >= 7 &&
    (u32le(head, 0) === legacyMagic ||
      // Version 1, and blocks of one of four sizes.
      (u32le(head, 0) === frameMagic && head[4]! >>> 6 === 1 && (head[5]! & 0x8f) === 0)),
})

/**
 * Pieces of what is unpacked, each a view until the next is asked for.
 *
 * @see lz4_Frame_format.md of LZ4
 */
export async function* lz4Pieces(packed: Packed): AsyncGenerator<Uint8Array> {
  const pull = new Pull(packed.source)
  const empty = new EmptyStreams()
  for (;;) {
    const mark = await pull.peek(4)
    const magic = mark.length < 4 ? undefined : u32le(mark, 0)
    let given = 0
    if (magic === frameMagic || magic === legacyMagic)
      for await (const piece of magic === frameMagic ? framePieces(pull) : legacyPieces(pull)) {
        given += piece.length
        yield piece
      }
    else if (magic !== undefined && isSkippable(magic)) await passSkippable(pull)
    else break
    empty.after(given, pull.at)
  }
  if (pull.at === 0) throw new FormatError('value-not-allowed', 0, 'no frame of LZ4')
  packed.ended?.(pull.at)
}

async function* framePieces(pull: Pull): AsyncGenerator<Uint8Array> {
  const start = pull.at
  const flags = (await pull.take(6))[4]!
  pull.skip(-2)
  const length = 2 + ((flags & 8) !== 0 ? 8 : 0) + ((flags & 1) !== 0 ? 4 : 0)
  const descriptor = (await pull.take(length + 1)).slice()
  const kind = (descriptor[1]! >>> 4) & 7
  if (flags >>> 6 !== 1) throw new FormatError('version-unknown', start + 4, 'LZ4')
  if (kind < 4 || ((xxHash32(descriptor.subarray(0, length)) >>> 8) & 0xff) !== descriptor[length])
    throw wrong(start, 'the header of a frame')
  if ((flags & 1) !== 0) throw wrong(start, 'a frame that needs a dictionary')
  const blockOctets = 2 ** (8 + 2 * kind)
  const linked = (flags & 0x20) === 0
  const window = new Uint8Array(historyOctets + blockOctets)
  const sum = new XxHash32()
  let history = 0
  for (;;) {
    const word = u32le(await pull.take(4), 0)
    if (word === 0) break
    const size = word & 0x7fff_ffff
    if (size > blockOctets) throw wrong(pull.at, `a block of ${size} octets`)
    const bytes = await pull.take(size)
    const end =
      word >>> 31 === 1
        ? history + size
        : unpackLz4Block(bytes, window.subarray(0, history + blockOctets), history)
    if (word >>> 31 === 1) window.set(bytes, history)
    const expected = (flags & 0x10) === 0 ? undefined : xxHash32(bytes)
    if (expected !== undefined && u32le(await pull.take(4), 0) !== expected)
      throw wrong(pull.at, 'a block does not match its sum')
    const piece = window.subarray(history, end)
    if ((flags & 4) !== 0) sum.take(piece)
    yield piece
    history = linked ? Math.min(end, historyOctets) : 0
    if (linked) window.copyWithin(0, end - history, end)
  }
  if ((flags & 4) !== 0 && u32le(await pull.take(4), 0) !== sum.value)
    throw wrong(start, 'a frame does not match its sum')
}

/** Blocks with their sizes before them, until the end, or what cannot be a size. */
async function* legacyPieces(pull: Pull): AsyncGenerator<Uint8Array> {
  pull.skip(4)
  const block = new Uint8Array(legacyOctets)
  for (let full = true; full; ) {
    const word = await pull.peek(4)
    if (word.length < 4) return
    const size = u32le(word, 0)
    if (size === 0 || size > legacyPackedOctets) return
    pull.skip(4)
    const end = unpackLz4Block(await pull.take(size), block, 0)
    yield block.subarray(0, end)
    // Only the last is smaller. The size that kernels have behind it would be taken for a block else.
    full = end === legacyOctets
  }
}

function wrong(at: number, what: string): FormatError {
  return new FormatError('value-not-allowed', at, `LZ4: ${what}`)
}
