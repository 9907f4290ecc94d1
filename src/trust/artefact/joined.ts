// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import type { Piece } from './form.ts'
import { sizeOf } from './pieces.ts'

/** The pieces as one source, so that what is made is read as it will be. */
export function joined(pieces: readonly Piece[]): ByteSource {
  return {
    size: sizeOf(pieces),
    async read(at, length) {
      const parts: Uint8Array[] = []
      let start = 0
      for (const piece of pieces) {
        const from = Math.max(0, at - start)
        const to = Math.min(piece.length, at + length - start)
        if (from < to) parts.push(await readPiece(piece, from, to - from))
        start += piece.length
      }
      return concatBytes(parts)
    },
  }
}

async function readPiece(piece: Piece, from: number, length: number): Promise<Uint8Array> {
  if (piece instanceof Uint8Array) return piece.subarray(from, from + length)
  return (await piece.source.read(piece.from + from, length)).slice()
}
