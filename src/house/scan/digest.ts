// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
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
    const hash = createHash('sha256')
    await pipeline(
      createReadStream(Buffer.from(entry.path, 'latin1')),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          octets += chunk.length
          hash.update(chunk)
          yield* []
        }
      },
    )
    only = hash.digest('hex')
    lines.push(`${only}  ${entry.name}\n`)
  }
  const isFile = lines.length === 1 && only !== undefined
  const sha256 = isFile ? only! : createHash('sha256').update(lines.sort().join('')).digest('hex')
  return { sha256, octets }
}
