// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { listTree } from './tree.ts'

/**
 * What was scanned, so that a release can be held against it: see `ScanWork.digest`. Files that cannot be read are left
 * out; the scan names them.
 */
export async function digestOf(
  paths: readonly string[],
): Promise<{ readonly sha256: string; readonly octets: number }> {
  const lines: string[] = []
  let octets = 0
  let only: string | undefined
  for await (const entry of listTree(paths, { directories: 0, links: 0, special: 0 })) {
    if ('reason' in entry) continue
    const file = await digestOfFile(Buffer.from(entry.path, 'latin1'))
    if (file === undefined) continue
    only = file.sha256
    octets += file.octets
    lines.push(`${only}  ${entry.name}\n`)
  }
  const isFile = lines.length === 1 && only !== undefined
  const sha256 = isFile ? only! : createHash('sha256').update(lines.sort().join('')).digest('hex')
  return { sha256, octets }
}

/** Undefined if it cannot be read. Neither waits for a pipe nor follows a link that took its place. */
async function digestOfFile(path: Buffer) {
  const hash = createHash('sha256')
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  let octets = 0
  try {
    await using file = await open(path, flags)
    if (!(await file.stat()).isFile()) return undefined
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      octets += chunk.length
      hash.update(chunk)
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
  return { sha256: hash.digest('hex'), octets }
}
