// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'

/** So many octets of one value, as of flash that is erased; at most a few of them are in memory. */
export function filled(octet: number, size: number): ByteSource {
  let chunk = new Uint8Array(0)
  return {
    size,
    async read(at, length) {
      const wanted = Math.max(0, Math.min(length, size - at))
      if (chunk.length < wanted) chunk = new Uint8Array(wanted).fill(octet)
      return chunk.subarray(0, wanted)
    },
  }
}
