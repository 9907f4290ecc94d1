// SPDX-License-Identifier: Apache-2.0
/** Files of a ceremony: written whole or not at all, for their owner alone, and on disk when it is said. */
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault } from '#core/fault.ts'

/** Resolves when the bytes, and the name under which they stand, survive a power cut. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const next = `${path}.next`
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await open(next, 'w', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(next, path)
    await syncDirectory(dirname(path))
  } catch (cause) {
    throw faultOf(path, cause)
  }
}

/** Resolves when a file stands under its new name after a power cut, too. */
export async function renameWhole(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
    await syncDirectory(dirname(to))
  } catch (cause) {
    throw faultOf(to, cause)
  }
}

/** What tells the media of two files apart. */
export async function mediumOf(path: string): Promise<number> {
  return (await stat(path)).dev
}

/** Adds to the end of a file; resolves when it is on disk. */
export async function append(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const file = await open(path, 'a', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw faultOf(path, cause)
  }
}

/** @returns undefined if there is no such file @throws Fault `store-unreachable` */
export async function readWhole(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return undefined
    throw faultOf(path, cause)
  }
}

export async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function faultOf(path: string, cause: unknown): Fault {
  const code = isCode(cause, 'ENOSPC') ? 'store-full' : 'store-unreachable'
  const why = cause instanceof Error ? cause.message : String(cause)
  return new Fault(code, `${path}: ${why}`, { cause })
}

function isCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code
}
