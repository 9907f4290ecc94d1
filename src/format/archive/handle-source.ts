// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import type { ByteSource } from './byte-source.ts'

/** Something that was opened and gives octets from any place: a file of Node, as it is. */
export interface ReadHandle {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>
}

/** Headers that lie close together are read at once. */
const windowOctets = 65_536

/**
 * An opened file as a source, as large as it was when it was opened.
 *
 * Small reads are answered from one window that is read ahead; what is given is a copy, and a large read goes around it.
 *
 * @param size in octets; whoever calls holds the handle open for as long as the source is used
 */
export function handleSource(
  handle: ReadHandle,
  size: number,
): ByteSource & { readonly size: number } {
  let window: Uint8Array = new Uint8Array()
  let from = 0
  return {
    size,
    async read(at, wanted) {
      const length = Math.max(0, Math.min(wanted, size - at))
      if (length > windowOctets) return filled(handle, at, new Uint8Array(length))
      if (at < from || at + length > from + window.length) {
        const read = await filled(
          handle,
          at,
          new Uint8Array(Math.max(0, Math.min(windowOctets, size - at))),
        )
        window = read
        from = at
        return read.slice(0, length)
      }
      return window.slice(at - from, at - from + length)
    },
    async fill(at, into) {
      const length = Math.max(0, Math.min(into.length, size - at))
      return (await filled(handle, at, into.subarray(0, length))).length
    },
  }
}

async function filled(handle: ReadHandle, at: number, bytes: Uint8Array): Promise<Uint8Array> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, at + done)
    if (bytesRead === 0)
      throw new FormatError('truncated', at + done, 'the file became shorter while it was read')
    done += bytesRead
  }
  return bytes
}
