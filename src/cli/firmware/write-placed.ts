// SPDX-License-Identifier: Apache-2.0
import { renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { PlacedOctets } from '#format/archive/squashfs-writer.ts'
import { isSystemError, reasonOf } from '../files.ts'
import { broken } from '../stop.ts'

/**
 * Writes octets to their places in a file that is there whole or not at all.
 *
 * @throws Stop, and what the octets throw
 */
export async function writePlaced(
  path: string,
  octets: AsyncIterable<PlacedOctets>,
): Promise<void> {
  const part = `${path}.part`
  try {
    const file = await open(part, 'w')
    try {
      for await (const { at, bytes } of octets)
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done)
          done += bytesWritten
        }
      await file.sync()
    } finally {
      await file.close()
    }
    renameSync(part, path)
  } catch (cause) {
    rmSync(part, { force: true })
    if (!isSystemError(cause)) throw cause
    throw broken(`${path} cannot be written: ${reasonOf(cause)}`, 'look at --out', cause)
  }
}

/** Pieces that come in their order. */
export async function* placed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<PlacedOctets> {
  let at = 0
  for await (const bytes of chunks) {
    yield { at, bytes }
    at += bytes.length
  }
}
