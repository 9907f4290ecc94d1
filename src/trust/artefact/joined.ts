// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { readExactly } from '#format/archive/fields.ts'
import { concatBytes } from '#format/bytes.ts'
import type { Piece } from './form.ts'
import { sizeOf } from './pieces.ts'

/** The pieces as one source, so that what is made is read as it will be. */
export function joined(pieces: readonly Piece[]): ByteSource {
  const size = sizeOf(pieces)
  return {
    size,
    async read(at, length) {
      const end = Math.min(size, at + length)
      const parts: Uint8Array[] = []
      let start = 0
      for (const piece of pieces) {
        const [from, to] = [Math.max(at, start), Math.min(end, start + piece.length)]
        if (from < to) {
          const part = await readPiece(piece, from - start, to - from)
          // What lies within one piece is passed on as it is.
          if (to - from === end - at) return part
          parts.push(part.slice())
        }
        start += piece.length
      }
      return concatBytes(parts)
    },
  }
}

/** @throws FormatError `truncated` where its source ends before: what follows would lie elsewhere */
async function readPiece(piece: Piece, from: number, length: number): Promise<Uint8Array> {
  if (piece instanceof Uint8Array) return piece.subarray(from, from + length)
  return readExactly(piece.source, piece.from + from, length)
}
