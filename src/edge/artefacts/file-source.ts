// SPDX-License-Identifier: Apache-2.0
import type { FileHandle } from 'node:fs/promises'
import type { ByteSource } from '#format/archive/byte-source.ts'

/** An open file as a source of octets. */
export function fileSource(handle: FileHandle, size: number): ByteSource {
  const fill = async (at: number, into: Uint8Array): Promise<number> => {
    const wanted = Math.max(0, Math.min(into.length, size - at))
    let read = 0
    while (read < wanted) {
      const { bytesRead } = await handle.read(into, read, wanted - read, at + read)
      if (bytesRead === 0) break
      read += bytesRead
    }
    return read
  }
  return {
    ...{ size, fill },
    read: async (at, length) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - at)))
      return bytes.subarray(0, await fill(at, bytes))
    },
  }
}
