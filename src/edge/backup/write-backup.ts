// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { encodeLine, type Manifest } from '#format/backup/line.ts'
import { type Cell, encodeRow } from '#format/backup/row-text.ts'

/** Where a backup's contents come from. */
export interface BackupSource {
  /** The rows of a table of the manifest, some at a time. */
  rows(table: string): AsyncIterable<readonly (readonly Cell[])[]>
  /** Small files: sealed keys and the configuration. */
  files(): AsyncIterable<{ readonly path: string; readonly bytes: Uint8Array }>
}

/** How far it is. */
export interface Progress {
  readonly rows: number
  readonly bytes: number
}

/** Encryption takes chunks of this size best. */
const chunkBytes = 64 * 1024

/**
 * The plain lines of a backup, in pieces: manifest, files, tables, trailer.
 *
 * @param tell hears of each portion of rows
 */
export async function* writeBackup(
  manifest: Manifest,
  source: BackupSource,
  tell: (progress: Progress) => void,
): AsyncGenerator<Uint8Array> {
  const whole = createHash('sha256')
  const counts: Record<string, number> = {}
  const digests: Record<string, string> = {}
  let rows = 0
  let bytes = 0
  let files = 0
  const lineOf = (text: string) => {
    const line = new TextEncoder().encode(text)
    whole.update(line)
    bytes += line.length
    return line
  }
  yield lineOf(encodeLine({ kind: 'manifest', manifest }))
  for await (const { path, bytes: contents } of source.files()) {
    yield lineOf(encodeLine({ kind: 'file', path, bytes: contents }))
    files++
  }
  for (const { name } of manifest.tables) {
    yield lineOf(encodeLine({ kind: 'table', name }))
    const digest = createHash('sha256')
    let count = 0
    for await (const portion of source.rows(name)) {
      const lines = lineOf(portion.map((row) => `${encodeRow(row)}\n`).join(''))
      digest.update(lines)
      count += portion.length
      rows += portion.length
      yield* cut(lines)
      tell({ rows, bytes })
    }
    counts[name] = count
    digests[name] = digest.digest('hex')
  }
  const sha256 = whole.digest('hex')
  const trailer = { counts, digests, files, sha256 }
  yield new TextEncoder().encode(encodeLine({ kind: 'end', trailer }))
}

function* cut(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += chunkBytes)
    yield bytes.subarray(start, start + chunkBytes)
}
