// SPDX-License-Identifier: Apache-2.0
import type { ArchiveTools, Compression, Packed } from '#format/archive/archive.ts'
import { ForwardSource } from '#format/archive/forward-source.ts'
import { streams, type Where, wholes } from './compressions.ts'
import { wordedError } from './worded-error.ts'

/**
 * Everything that unpacks, by node:zlib where it can and by our own decoders where it cannot.
 *
 * What comes out is bounded by whoever asks: a whole by `most`, a stream by how far it is read.
 */
export function archiveTools(where: Where = 'aside'): ArchiveTools {
  return {
    async unpack(compression, bytes, most) {
      try {
        return await wholes[compression](bytes, most, where)
      } catch (error) {
        throw wordedError(error, compression, 0)
      }
    },
    // Pieces of node's engines are copies that nobody else has; our own decoders look back into theirs.
    open: (packed) => new ForwardSource(worded(packed), packed.compression === 'gzip'),
  }
}

async function* worded(packed: Packed): AsyncGenerator<Uint8Array> {
  let given = 0
  try {
    for await (const piece of streams[packed.compression](packed)) {
      given += piece.length
      yield piece
    }
  } catch (error) {
    throw wordedError(error, packed.compression, given)
  }
}

export type { Compression }
