// SPDX-License-Identifier: Apache-2.0
import { constants, createZstdDecompress } from 'node:zlib'
import type { Packed } from '#format/archive/archive.ts'
import { EmptyStreams } from '#format/archive/empty-streams.ts'
import { u32le } from '#format/archive/fields.ts'
import { archiveLimits } from '#format/archive/limits.ts'
import { Pull } from '#format/archive/pull.ts'
import { isSkippable, passSkippable } from '#format/archive/skippable.ts'
import { zstdMagic } from '#format/archive/zstd.ts'
import { FormatError } from '#format/format-error.ts'
import { counted, drive } from './node-engine.ts'

/** What an engine gives at once. */
const pieceOctets = 262_144

/** Frames that look back further are refused before memory is taken for it. */
export const zstdParameters = {
  [constants.ZSTD_d_windowLogMax]: Math.log2(archiveLimits.dictionaryOctets),
}

/** The content of all frames, and of those behind skippable ones. */
export async function* zstdPieces(packed: Packed): AsyncGenerator<Uint8Array> {
  let [frames, at] = [0, 0]
  const empty = new EmptyStreams()
  for (;;) {
    const pull = new Pull(packed.source, at)
    const mark = await pull.peek(4)
    const magic = mark.length < 4 ? 0 : u32le(mark, 0)
    if (isSkippable(magic)) {
      await passSkippable(pull)
      at = pull.at
      empty.after(0, at)
    } else if (magic === zstdMagic) {
      const engine = createZstdDecompress({ chunkSize: pieceOctets, params: zstdParameters })
      yield* counted(drive(engine, packed.source, at), (taken) => {
        at += taken
      })
      frames++
    } else break
  }
  if (frames === 0) throw new FormatError('value-not-allowed', 0, 'no frame of zstd')
  packed.ended?.(at)
}
