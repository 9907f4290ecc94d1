// SPDX-License-Identifier: Apache-2.0
/** The names of key files in a directory, and their bytes. */
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '#core/fault.ts'
import { damaged, maxKeyFileBytes } from './key-file.ts'

const suffix = '.key'

/** Whether the text can name a key, and so a file on every file system. */
export function isKeyId(text: string): boolean {
  return /^[a-z0-9][a-z0-9_-]{0,63}$/.test(text)
}

export function pathIn(directory: string, keyId: string): string {
  return join(directory, keyId + suffix)
}

/** Where a change of passphrase writes the file that will take the place of this one. */
export function nextPathOf(path: string): string {
  return `${path}.next`
}

/** The ids of the keys in a directory, sorted; none if it is not there. */
export async function keysIn(directory: string): Promise<readonly string[]> {
  try {
    const names = await readdir(directory)
    return names
      .filter((name) => name.endsWith(suffix))
      .map((name) => name.slice(0, -suffix.length))
      .sort()
  } catch (cause) {
    if (isMissing(cause)) return []
    throw new Fault('store-unreachable', `cannot list ${directory}`, { cause })
  }
}

/**
 * The whole file, an octet a character.
 *
 * @throws Fault `key-missing`, `key-damaged` if it is too large, `store-unreachable`
 */
export async function readKeyFile(keyId: string, path: string): Promise<string> {
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      if (size > maxKeyFileBytes)
        throw damaged(keyId, `it has ${size} bytes, at most ${maxKeyFileBytes}`)
      // Latin-1 keeps every octet apart, so that none can change unseen.
      return await file.readFile('latin1')
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    if (isMissing(cause))
      throw new Fault('key-missing', `there is no file of key ${keyId}`, { cause })
    throw new Fault('store-unreachable', `cannot read ${path}`, { cause })
  }
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
}
