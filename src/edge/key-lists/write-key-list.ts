// SPDX-License-Identifier: Apache-2.0
import { createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { keyListSuffix } from './key-list-directory.ts'
import { type OpenKeyList, openKeyListFile } from './open-key-list-file.ts'

/**
 * Puts a list in its place, whole or not at all: it is gone through before it replaces what was there, so that a list
 * that lies takes nothing away.
 *
 * @returns the file
 * @throws FormatError for a list that is not what its head says
 */
export async function writeKeyList(
  directory: string,
  name: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<string> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, `${name}${keyListSuffix}`)
  const part = `${path}.part`
  try {
    await pipeline(pieces, createWriteStream(part, { flush: true, mode: 0o600 }))
    const checked: OpenKeyList = await openKeyListFile(part)
    checked.close()
    renameSync(part, path)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
  return path
}
