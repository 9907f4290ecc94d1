// SPDX-License-Identifier: Apache-2.0
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import type { Compression, Packed } from '#format/archive/archive.ts'
import { memorySource } from '#format/archive/byte-source.ts'
import { lz4Pieces } from '#format/archive/lz4.ts'
import { unpackLz4Block } from '#format/archive/lz4-block.ts'
import { lzmaPieces } from '#format/archive/lzma.ts'
import { xzPieces } from '#format/archive/xz.ts'
import { plainBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { gzipPieces } from './gzip-stream.ts'
import { counted, drive, type Engine } from './node-engine.ts'
import { zstdParameters, zstdPieces } from './zstd-stream.ts'

type Stream = (packed: Packed) => AsyncGenerator<Uint8Array>
type Whole = (bytes: Uint8Array, most: number, where: Where) => Promise<Uint8Array>

/**
 * `aside`: on Node's other threads, so that the thread that asks goes on. `at-once`: in that thread itself, which takes a
 * third less time of the processor and is for one that has nothing else to do.
 */
export type Where = 'aside' | 'at-once'

/** What an engine gives at once. */
const pieceOctets = 262_144

/** Streams of any size. */
export const streams: Record<Compression, Stream> = {
  gzip: gzipPieces,
  zlib: driven(() => zlib.createInflate({ chunkSize: pieceOctets })),
  deflate: driven(() => zlib.createInflateRaw({ chunkSize: pieceOctets })),
  zstd: zstdPieces,
  xz: copied(xzPieces),
  lzma: copied(lzmaPieces),
  lz4: copied(lz4Pieces),
  'lz4-block': notYet,
  bzip2: notYet,
}

/** Small pieces at once. */
export const wholes: Record<Compression, Whole> = {
  gzip: byNode(zlib.gunzip, zlib.gunzipSync),
  zlib: byNode(zlib.inflate, zlib.inflateSync),
  deflate: byNode(zlib.inflateRaw, zlib.inflateRawSync),
  zstd: byNode(zlib.zstdDecompress, zlib.zstdDecompressSync, { params: zstdParameters }),
  xz: joined(xzPieces),
  lzma: joined(lzmaPieces),
  lz4: joined(lz4Pieces),
  'lz4-block': async (bytes, most) => {
    const block = new Uint8Array(most)
    return block.subarray(0, unpackLz4Block(bytes, block, 0))
  },
  bzip2: notYet,
}

function driven(engine: () => Engine): Stream {
  return async function* pieces(packed) {
    yield* counted(drive(engine(), packed.source, 0), (taken) => packed.ended?.(taken))
  }
}

type NodeOptions = zlib.ZlibOptions & zlib.ZstdOptions
type NodeWhole = (
  bytes: Uint8Array,
  options: NodeOptions,
  done: (error: Error | null, result: Uint8Array) => void,
) => void
type NodeWholeAtOnce = (bytes: Uint8Array, options: NodeOptions) => Uint8Array

function byNode(aside: NodeWhole, atOnce: NodeWholeAtOnce, options: zlib.ZstdOptions = {}): Whole {
  const promised = promisify(aside)
  return async (bytes, most, where) => {
    // One piece for all of it: node:zlib is four times as slow when it has to join what it gives.
    const all = { ...options, maxOutputLength: most, chunkSize: Math.max(64, most) }
    return plainBytes(where === 'aside' ? await promised(bytes, all) : atOnce(bytes, all))
  }
}

/** Our own decoders give views of what they will overwrite. */
function copied(stream: Stream): Stream {
  return async function* pieces(packed) {
    for await (const piece of stream(packed)) yield piece.slice()
  }
}

/** A whole by the stream's decoder. */
function joined(stream: Stream): Whole {
  return async (bytes, most) => {
    let whole = new Uint8Array(Math.min(most, 4 * bytes.length))
    let length = 0
    const source = memorySource(bytes)
    for await (const piece of stream({ kind: 'packed', compression: 'xz', source, size: most })) {
      if (length + piece.length > most) throw new FormatError('too-large', length, `over ${most}`)
      if (length + piece.length > whole.length) {
        const larger = new Uint8Array(Math.min(most, 2 * (length + piece.length)))
        larger.set(whole.subarray(0, length))
        whole = larger
      }
      whole.set(piece, length)
      length += piece.length
    }
    return whole.subarray(0, length)
  }
}

function notYet(): never {
  throw new FormatError('value-not-allowed', 0, 'a compression that is not unpacked')
}
