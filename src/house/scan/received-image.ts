// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { createWriteStream, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Fault } from '#core/fault.ts'

/** An image that somebody sent, while it is looked at. */
export interface ReceivedImage {
  readonly path: string
  readonly sha256: Uint8Array
  readonly octets: number
  remove(): void
}

const prefix = 'vitalsign-image-'
/** No scan takes so long: what is older was left by a process that was killed. */
const leftMilliseconds = 86_400_000

/**
 * Keeps a body in a file of its own: a directory that nobody else may enter, and a file that nobody else may read.
 * Where the body breaks off, nothing of it stays; nor does what a process left that was killed a day ago.
 *
 * @throws Fault `store-full` if the temporary directory has no room for it
 */
export async function receiveImage(
  body: AsyncIterable<Uint8Array>,
  name: string,
): Promise<ReceivedImage> {
  removeLeft()
  const directory = madeDirectory()
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
    throw isFull(error) ? noRoom(error) : error
  }
  return { path, octets, sha256: Uint8Array.from(hash.digest()), remove }
}

function madeDirectory(): string {
  try {
    return mkdtempSync(join(tmpdir(), prefix))
  } catch (error) {
    throw isFull(error) ? noRoom(error) : error
  }
}

function removeLeft(): void {
  const own = process.getuid?.()
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix)) continue
    const path = join(tmpdir(), name)
    const found = statSync(path, { throwIfNoEntry: false })
    const isLeft = found !== undefined && found.mtimeMs < Date.now() - leftMilliseconds
    if (isLeft && (own === undefined || found.uid === own))
      rmSync(path, { recursive: true, force: true })
  }
}

function isFull(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
}

function noRoom(cause: unknown): Fault {
  return new Fault('store-full', 'no space is left for an image in the temporary directory', {
    cause,
  })
}
