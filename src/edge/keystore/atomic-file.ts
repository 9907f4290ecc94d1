// SPDX-License-Identifier: Apache-2.0
/** Files that are there whole or not at all, whenever the power goes. */
import { link, open, rename, rm, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault } from '#core/fault.ts'
import type { Randomness } from '#core/ports.ts'

/**
 * Writes a file of mode 0600 that was not there; resolves when it is durable.
 *
 * @throws Fault `store-full` without space; `store-unreachable` for other breaks, also if the file exists
 */
export async function writeNewFile(
  path: string,
  bytes: Uint8Array,
  random: Randomness,
): Promise<void> {
  await write(path, bytes, random, async (temporary) => {
    // A link fails where a rename would replace.
    await link(temporary, path)
    await unlink(temporary)
  })
}

/** The same, in place of the file that is there; until the rename the old one stands. */
export async function replaceFile(
  path: string,
  bytes: Uint8Array,
  random: Randomness,
): Promise<void> {
  await write(path, bytes, random, (temporary) => rename(temporary, path))
}

/** Gives a durable file another name, in the same directory. */
export async function moveFile(from: string, to: string): Promise<void> {
  await guard(to, async () => {
    await rename(from, to)
    await syncDirectory(dirname(to))
  })
}

/** Removes a file for good; nothing happens if it is not there. */
export async function removeFile(path: string): Promise<void> {
  await guard(path, async () => {
    await rm(path, { force: true })
    await syncDirectory(dirname(path))
  })
}

async function write(
  path: string,
  bytes: Uint8Array,
  random: Randomness,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${random.bytes(6).toHex()}.tmp`
  await guard(path, async () => {
    try {
      const file = await open(temporary, 'wx', 0o600)
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await place(temporary)
    } catch (error) {
      await unlink(temporary).catch(() => undefined) // may never have been made
      throw error
    }
    // The name is durable only when the directory is.
    await syncDirectory(dirname(path))
  })
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

async function guard(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    throw new Fault(codeOf(cause), `cannot write ${path}`, { cause })
  }
}

function codeOf(cause: unknown): 'store-full' | 'store-unreachable' {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const isFull = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
  return isFull ? 'store-full' : 'store-unreachable'
}
