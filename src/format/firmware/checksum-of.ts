// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '../archive/byte-source.ts'
import { crc32 } from '../archive/checksums.ts'

const pieceOctets = 262_144

/** The CRC-32 of a part of a source, read piece by piece; of what is there, where it ends before. */
export async function checksumOf(source: ByteSource, start: number, size: number): Promise<number> {
  let crc = 0
  for (let at = start; at < start + size; ) {
    const piece = await source.read(at, Math.min(pieceOctets, start + size - at))
    if (piece.length === 0) break
    crc = crc32(piece, crc)
    at += piece.length
  }
  return crc
}
