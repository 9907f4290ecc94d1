// SPDX-License-Identifier: Apache-2.0
import { constants, type FileHandle, open } from 'node:fs/promises'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { FormatError } from '#format/format-error.ts'

export interface FileSource extends ByteSource {
  readonly size: number
  close(): Promise<void>
}

/** Read at once where less is asked for: headers and tables lie close to each other. */
const windowOctets = 65_536

/**
 * A file of this machine, as large as it is now: what is appended later is not looked at.
 *
 * A symbolic link is not followed, and what is not a file is not opened: a pipe would never end.
 *
 * @throws what the system says of the path; when read, FormatError `truncated` if the file has become shorter
 */
export async function openFile(path: string): Promise<FileSource> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const status = await handle.stat()
    if (!status.isFile()) throw new Error(`${path} is no file`)
    return fileSource(handle, status.size)
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** The first `size` octets of an open file, which is closed with the source. */
export function fileSource(handle: FileHandle, size: number): FileSource {
  let window: Uint8Array = new Uint8Array()
  let windowAt = 0
  let large: Uint8Array<ArrayBuffer> = new Uint8Array()

  async function fill(bytes: Uint8Array, at: number): Promise<Uint8Array> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, done, bytes.length - done, at + done)
      if (bytesRead === 0)
        throw new FormatError(
          'truncated',
          at + done,
          'the file has become shorter while it was read',
        )
      done += bytesRead
    }
    return bytes
  }

  return {
    size,
    async read(at, wanted) {
      const length = Math.max(0, Math.min(wanted, size - at))
      if (length >= windowOctets) {
        if (large.length < length) large = new Uint8Array(length)
        return await fill(large.subarray(0, length), at)
      }
      if (at < windowAt || at + length > windowAt + window.length) {
        // Forgotten first: after a failed read it would hold some octets of both places.
        const fresh = window.length === windowOctets ? window : new Uint8Array(windowOctets)
        window = new Uint8Array()
        window = await fill(fresh.subarray(0, Math.min(windowOctets, size - at)), at)
        windowAt = at
      }
      return window.subarray(at - windowAt, at - windowAt + length)
    },
    close: () => handle.close(),
  }
}
