// SPDX-License-Identifier: Apache-2.0
import { createReadStream, fstatSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { broken, wrongUse } from './stop.ts'

/** A file's bytes; `what` is the argument that named it. @throws Stop */
export function readFile(path: string, what: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw unreadable(path, what, cause)
  }
}

export function readTextFile(path: string, what: string): string {
  return new TextDecoder().decode(readFile(path, what))
}

/**
 * A file as it is read, with its size. @throws Stop
 *
 * Open by its number: a handle that nobody reads to its end would break the process when it is collected.
 */
export function openFile(
  path: string,
  what: string,
): { readonly bytes: number; readonly chunks: AsyncIterable<Uint8Array> } {
  try {
    const fd = openSync(path, 'r')
    return { bytes: fstatSync(fd).size, chunks: createReadStream(path, { fd }) }
  } catch (cause) {
    throw unreadable(path, what, cause)
  }
}

/**
 * Writes a file that is there whole or not at all; `what` is the argument that named it.
 *
 * @param check looks at what was written before it gets its name; if it rejects, nothing is left
 * @throws Stop
 */
export async function writeFile(
  path: string,
  chunks: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
  what = '--output',
  check?: (part: string) => Promise<void>,
): Promise<void> {
  const part = `${path}.part`
  try {
    const file = await open(part, 'w')
    try {
      // A chunk is its giver's as soon as the next is asked for: a stream would keep it longer.
      await file.writeFile(chunks)
      await file.sync()
    } finally {
      await file.close()
    }
    await check?.(part)
    renameSync(part, path)
  } catch (cause) {
    rmSync(part, { force: true })
    if (!isSystemError(cause)) throw cause
    throw broken(`${path} cannot be written: ${reasonOf(cause)}`, `look at ${what}`, cause)
  }
}

/** What is told of a file that the system does not give. */
export function unreadable(path: string, what: string, cause: unknown) {
  if (!isSystemError(cause)) return cause
  return wrongUse(`${path} cannot be read: ${reasonOf(cause)}`, `look at ${what}`)
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}

/** `ENOENT: no such file or directory, open '…'` -> `no such file or directory`. */
export function reasonOf({ message }: Error): string {
  return message.replace(/^\w+: /, '').replace(/, \w+( '.*')?$/, '')
}
