// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { FormatError } from '#format/format-error.ts'

/** A file that was opened to be scanned, as large as it was then. */
export interface OpenedFile {
  readonly source: ByteSource & { readonly size: number }
  /** Whether somebody wrote to it since; and the end of it. */
  close(): 'same' | 'changed'
}

/** Headers, and small files as a whole, are read at once. */
const windowOctets = 65_536

/**
 * Opens without waiting and without following a link: between the listing and now a file may have become a pipe, or
 * a link to what nobody meant to scan.
 *
 * Calls of the system that return at once: this runs in a thread of its own, where waiting for one read costs less
 * than asking for it.
 *
 * @returns undefined if it is no file any more
 * @throws what the system says
 */
export function openScanned(path: string, windows: Windows): OpenedFile | undefined {
  const how = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY
  const descriptor = openSync(Buffer.from(path, 'latin1'), how)
  let kept = false
  try {
    const status = fstatSync(descriptor)
    if (!status.isFile()) return undefined
    kept = true
    return {
      source: sourceOf(descriptor, status.size, windows),
      close() {
        const now = fstatSync(descriptor)
        closeSync(descriptor)
        return now.size === status.size && now.mtimeMs === status.mtimeMs ? 'same' : 'changed'
      },
    }
  } finally {
    if (!kept) closeSync(descriptor)
  }
}

/** Memory for reading, used again for every file: a million of them would make a million buffers. */
export class Windows {
  readonly small = new Uint8Array(windowOctets)
  #large = new Uint8Array(262_144)

  large(length: number): Uint8Array {
    if (this.#large.length < length) this.#large = new Uint8Array(length)
    return this.#large.subarray(0, length)
  }
}

function sourceOf(
  descriptor: number,
  size: number,
  windows: Windows,
): ByteSource & { readonly size: number } {
  let [from, to] = [0, 0]
  return {
    size,
    async read(at, wanted) {
      const length = Math.max(0, Math.min(wanted, size - at))
      if (length > windowOctets) return fill(descriptor, windows.large(length), at)
      if (at < from || at + length > to) {
        ;[from, to] = [0, 0]
        const window = windows.small.subarray(0, Math.min(windowOctets, size - at))
        fill(descriptor, window, at)
        ;[from, to] = [at, at + window.length]
      }
      return windows.small.subarray(at - from, at - from + length)
    },
  }
}

function fill(descriptor: number, bytes: Uint8Array, at: number): Uint8Array {
  for (let done = 0; done < bytes.length; ) {
    const read = readOnce(descriptor, bytes, done, at + done)
    if (read === 0)
      throw new FormatError('truncated', at + done, 'the file became shorter while it was read')
    done += read
  }
  return bytes
}

function readOnce(descriptor: number, bytes: Uint8Array, done: number, at: number): number {
  try {
    return readSync(descriptor, bytes, done, bytes.length - done, at)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new FormatError('truncated', at, `the system says ${code}`)
  }
}
