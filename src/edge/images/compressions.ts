// SPDX-License-Identifier: Apache-2.0
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import type { Compression, Packed } from '#format/archive/archive.ts'
import { FormatError } from '#format/format-error.ts'
import { gzipPieces } from './gzip-stream.ts'
import { counted, drive, type Engine } from './node-engine.ts'

type Stream = (packed: Packed) => AsyncGenerator<Uint8Array>
type Whole = (bytes: Uint8Array, most: number) => Promise<Uint8Array>

/** What an engine gives at once. */
const pieceOctets = 262_144

/** Streams of any size. */
export const streams: Record<Compression, Stream> = {
  gzip: gzipPieces,
  zlib: driven(() => zlib.createInflate({ chunkSize: pieceOctets })),
  deflate: driven(() => zlib.createInflateRaw({ chunkSize: pieceOctets })),
  zstd: notYet,
  xz: notYet,
  lzma: notYet,
  lz4: notYet,
  'lz4-block': notYet,
  bzip2: notYet,
}

/** Small pieces at once. */
export const wholes: Record<Compression, Whole> = {
  gzip: byNode(zlib.gunzip),
  zlib: byNode(zlib.inflate),
  deflate: byNode(zlib.inflateRaw),
  zstd: byNode(zlib.zstdDecompress),
  xz: notYet,
  lzma: notYet,
  lz4: notYet,
  'lz4-block': notYet,
  bzip2: notYet,
}

function driven(engine: () => Engine): Stream {
  return async function* pieces(packed) {
    yield* counted(drive(engine(), packed.source, 0), (taken) => packed.ended?.(taken))
  }
}

type NodeWhole = (
  bytes: Uint8Array,
  options: { maxOutputLength: number; chunkSize: number },
  done: (error: Error | null, result: Uint8Array) => void,
) => void

function byNode(unpack: NodeWhole): Whole {
  const promised = promisify(unpack)
  // One piece for all of it: node:zlib is four times as slow when it has to join what it gives.
  return async (bytes, most) =>
    await promised(bytes, { maxOutputLength: most, chunkSize: Math.max(64, most) })
}

function notYet(): never {
  throw new FormatError('value-not-allowed', 0, 'a compression that is not unpacked')
}
