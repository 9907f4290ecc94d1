// SPDX-License-Identifier: Apache-2.0
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib'
import type { Packed } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { EmptyStreams } from '#format/archive/empty-streams.ts'
import { u32le } from '#format/archive/fields.ts'
import { gzipHeaderOctets, parseGzipHeader } from '#format/archive/gzip.ts'
import { plainBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { counted, drive, inputOctets } from './node-engine.ts'
import { wordedError } from './worded-error.ts'

/** What an engine gives at once. */
const pieceOctets = 262_144

/** A member of no more is unpacked at once: to make a stream costs as much as to unpack so many octets. */
const smallOctets = 262_144

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
    const small = await lastMember(source, at)
    if (small !== undefined) {
      given += small.bytes.length
      yield small.bytes
      at = small.end
      empty.after(small.bytes.length, at)
      continue
    }
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

/**
 * A small member with which its source ends, as pages of manuals are packed; undefined: it is something else, or broken,
 * and is to be read step by step.
 */
async function lastMember(source: ByteSource, at: number) {
  const rest = await source.read(at, inputOctets)
  if (rest.length === inputOctets || rest.length < 8) return undefined
  const trailer = rest.length - 8
  const size = u32le(rest, trailer + 4)
  if (size === 0 || size > smallOctets) return undefined
  const bytes = inflated(rest.subarray(0, trailer), size)
  if (bytes?.length !== size || crc32(bytes) !== u32le(rest, trailer)) return undefined
  return { bytes, end: at + rest.length }
}

/** What node:zlib gives where `info` is asked for, which its types do not say. */
interface Informed {
  readonly buffer: Uint8Array
  readonly engine: { readonly bytesWritten: number }
}

/** Undefined also where the stream ends before its octets do: something follows, and must not be passed over. */
function inflated(packed: Uint8Array, size: number): Uint8Array | undefined {
  try {
    const room = { maxOutputLength: size, chunkSize: Math.max(64, size + 1), info: true }
    const { buffer, engine } = inflateRawSync(packed, room) as unknown as Informed
    return engine.bytesWritten === packed.length ? plainBytes(buffer) : undefined
  } catch (error) {
    if (wordedError(error, 'gzip', 0) instanceof FormatError) return undefined
    throw error
  }
}
