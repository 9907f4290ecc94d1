// SPDX-License-Identifier: Apache-2.0
import type { FileHandle } from 'node:fs/promises'
import type { ByteSource } from '#format/archive/byte-source.ts'

/** An open file as a source of octets. */
export function fileSource(handle: FileHandle, size: number): ByteSource {
  return {
    size,
    read: async (at, length) => {
      const wanted = new Uint8Array(Math.max(0, Math.min(length, size - at)))
      let read = 0
      while (read < wanted.length) {
        const { bytesRead } = await handle.read(wanted, read, wanted.length - read, at + read)
        if (bytesRead === 0) break
        read += bytesRead
      }
      return wanted.subarray(0, read)
    },
  }
}
