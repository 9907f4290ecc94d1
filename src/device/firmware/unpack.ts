// SPDX-License-Identifier: Apache-2.0
/** What a device unpacks of an update to check it: what node:zlib knows, and nothing else. */
import { Readable } from 'node:stream'
import * as zlib from 'node:zlib'
import type { ArchiveTools, Compression, Packed } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { ForwardSource } from '#format/archive/forward-source.ts'
import { FormatError } from '#format/format-error.ts'

type Known = 'gzip' | 'zlib' | 'deflate' | 'zstd'

const engines = {
  gzip: zlib.createGunzip,
  zlib: zlib.createInflate,
  deflate: zlib.createInflateRaw,
  zstd: zlib.createZstdDecompress,
} as const satisfies Record<Known, () => NodeJS.ReadWriteStream>

const wholes = {
  gzip: zlib.gunzipSync,
  zlib: zlib.inflateSync,
  deflate: zlib.inflateRawSync,
  zstd: zlib.zstdDecompressSync,
} as const satisfies Record<Known, unknown>

const stepOctets = 65_536

export const deviceTools: ArchiveTools = {
  async unpack(compression, bytes, most) {
    const known = knownOf(compression)
    try {
      return Uint8Array.from(wholes[known](bytes, { maxOutputLength: most }))
    } catch (error) {
      throw damaged(error, known)
    }
  },
  open: (packed) => new ForwardSource(unpacked(packed)),
}

async function* unpacked({ compression, source, ended }: Packed): AsyncGenerator<Uint8Array> {
  const known = knownOf(compression)
  const engine = engines[known]()
  const from = Readable.from(piecesOf(source))
  from.on('error', (error) => engine.destroy(error))
  try {
    for await (const piece of from.pipe(engine)) yield Uint8Array.from(piece)
    ended?.(engine.bytesWritten)
  } catch (error) {
    throw damaged(error, known)
  } finally {
    from.destroy()
  }
}

async function* piecesOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let at = 0; ; ) {
    const piece = await source.read(at, stepOctets)
    if (piece.length === 0) return
    // The engine keeps it beyond the next reading.
    yield piece.slice()
    at += piece.length
  }
}

function knownOf(compression: Compression): Known {
  if (Object.hasOwn(engines, compression)) return compression as Known
  throw new FormatError('value-not-allowed', 0, `${compression} is not unpacked on a device`)
}

/** What node:zlib says of octets that it cannot unpack; a break is a break. */
function damaged(error: unknown, compression: Known): unknown {
  if (error instanceof FormatError || !(error instanceof Error) || !('code' in error)) return error
  const code = String(error.code)
  if (code === 'ERR_BUFFER_TOO_LARGE') return new FormatError('too-large', 0, compression)
  return /^Z_|^ZSTD_|^ERR_ZSTD|^ERR_ZLIB/.test(code)
    ? new FormatError('value-not-allowed', 0, `damaged ${compression}`)
    : error
}
