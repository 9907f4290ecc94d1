// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** An image that somebody sent, while it is looked at. */
export interface ReceivedImage {
  readonly path: string
  readonly sha256: Uint8Array
  readonly octets: number
  remove(): void
}

/**
 * Keeps a body in a file of its own: a directory that nobody else may enter, and a file that nobody else may read.
 * Where the body breaks off, nothing of it stays.
 */
export async function receiveImage(
  body: AsyncIterable<Uint8Array>,
  name: string,
): Promise<ReceivedImage> {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-image-'))
  const remove = () => rmSync(directory, { recursive: true, force: true })
  // The name is what a report calls the image; no more of it than a file name.
  const path = join(
    directory,
    name
      .replace(/[^\w.-]/g, '_')
      .replace(/^\.+/, '_')
      .slice(0, 100),
  )
  const hash = createHash('sha256')
  let octets = 0
  try {
    await pipeline(
      body,
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          octets += chunk.length
          hash.update(chunk)
          yield chunk
        }
      },
      createWriteStream(path, { mode: 0o600, flags: 'wx' }),
    )
  } catch (error) {
    remove()
    throw error
  }
  return { path, octets, sha256: Uint8Array.from(hash.digest()), remove }
}
