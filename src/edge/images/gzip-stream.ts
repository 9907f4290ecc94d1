// SPDX-License-Identifier: Apache-2.0
import { crc32, createInflateRaw } from 'node:zlib'
import type { Packed } from '#format/archive/archive.ts'
import { EmptyStreams } from '#format/archive/empty-streams.ts'
import { u32le } from '#format/archive/fields.ts'
import { gzipHeaderOctets, parseGzipHeader } from '#format/archive/gzip.ts'
import { FormatError } from '#format/format-error.ts'
import { counted, drive } from './node-engine.ts'

/** What an engine gives at once. */
const pieceOctets = 262_144

/**
 * The content of a gzip stream: all of its members behind each other.
 *
 * Members are framed here and not by node:zlib, which passes over what follows the last one and does not say where
 * that begins.
 *
 * @see RFC 1952 2.2
 */
export async function* gzipPieces(packed: Packed): AsyncGenerator<Uint8Array> {
  const { source } = packed
  let [at, given] = [0, 0]
  const empty = new EmptyStreams()
  for (;;) {
    const head = await source.read(at, gzipHeaderOctets)
    if (at > 0 && !(head[0] === 0x1f && head[1] === 0x8b)) break
    at += parseGzipHeader(head).length
    const engine = createInflateRaw({ chunkSize: pieceOctets })
    let [sum, size] = [0, 0]
    for await (const piece of counted(drive(engine, source, at), (taken) => (at += taken))) {
      sum = crc32(piece, sum)
      size += piece.length
      given += piece.length
      yield piece
    }
    const trailer = await source.read(at, 8)
    if (trailer.length < 8) throw new FormatError('truncated', given, 'the end of a gzip member')
    if (u32le(trailer, 0) !== sum || u32le(trailer, 4) !== size % 0x1_0000_0000)
      throw new FormatError('value-not-allowed', given, 'a gzip member does not match its sum')
    at += 8
    empty.after(size, at)
  }
  packed.ended?.(at)
}
