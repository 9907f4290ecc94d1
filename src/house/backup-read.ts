// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { Fault } from '#core/fault.ts'
import type { Clock } from '#core/ports.ts'
import { decrypted } from '#edge/backup/age.ts'
import { LogCheck } from '#edge/backup/check-log.ts'
import { type BackupReader, readBackup } from '#edge/backup/read-backup.ts'
import { portableTables } from '#edge/store/portable/portable.ts'
import { migrations } from '#edge/store/schema/migrations.ts'
import type { Manifest, Trailer } from '#format/backup/line.ts'
import { keyOfPath } from './backup-files.ts'

/** Where a backup lies, and what opens it. */
export interface SealedBackup {
  readonly file: string
  /** A file with age identities. */
  readonly identityFile: string
}

/** How far the reading is. */
export interface ReadProgress {
  /** Of the encrypted file. */
  readonly bytes: number
  readonly of: number
  readonly rows: number
}

/** A backup that was read to its end and found to be what it says. */
export interface SoundBackup {
  readonly manifest: Manifest
  readonly trailer: Trailer
  /** SHA-256 of the encrypted file, in hexadecimal. */
  readonly sha256: string
  /** Of the encrypted file. */
  readonly bytes: number
  readonly rows: number
}

/** A step back that time services make in passing. */
const toleranceMilliseconds = 5_000

/**
 * Reads a backup whole: every chunk is authenticated, every count and digest recomputed, the log's tree
 * built from its events, its checkpoint verified. What `reader` was given is proven only when this resolves.
 *
 * @throws Fault `backup-locked`, `backup-damaged`, `backup-format-unknown`, `schema-newer`, `clock-wrong`
 */
export async function readSealed(
  { file, identityFile }: SealedBackup,
  reader: BackupReader,
  clock: Clock,
  tell: (progress: ReadProgress) => void,
): Promise<SoundBackup> {
  const identities = await readIdentities(identityFile)
  const digest = createHash('sha256')
  const { size, chunks } = await openFile(file)
  let bytes = 0
  let rows = 0
  let log: LogCheck | undefined
  async function* seen(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      digest.update(chunk)
      bytes += chunk.length
      tell({ bytes, of: size, rows })
      yield chunk
    }
  }
  try {
    const read = await readBackup(decrypted(seen(), identities), {
      manifest: (manifest) => {
        checkManifest(manifest, clock)
        log = new LogCheck(manifest)
        return reader.manifest(manifest)
      },
      file: (path, contents) => {
        keyOfPath(path)
        return reader.file(path, contents)
      },
      rows: async (table, portion) => {
        rows += portion.length
        if (table === 'event') for (const row of portion) log?.event(row)
        if (table === 'entry') for (const row of portion) log?.entry(row)
        await reader.rows(table, portion)
        tell({ bytes, of: size, rows })
      },
    })
    log?.finish()
    return { ...read, rows, bytes, sha256: digest.digest('hex') }
  } finally {
    chunks.destroy()
  }
}

/** Whether this program can take it, now. */
function checkManifest({ schema, moment, program, tables }: Manifest, clock: Clock): void {
  if (schema > migrations.length)
    throw new Fault(
      'schema-newer',
      `the backup has schema ${schema} of program ${program}, this program knows up to ${migrations.length}`,
    )
  const now = clock.now()
  const ahead = Temporal.Instant.from(moment).epochMilliseconds - now.epochMilliseconds
  if (ahead > toleranceMilliseconds)
    throw new Fault(
      'clock-wrong',
      `the backup is of ${moment}, the clock of this machine says ${now}`,
    )
  for (const { name, columns } of tables) {
    const known = portableTables.find((table) => table.name === name)
    const keys = known?.columns.slice(0, known.key).join()
    const isSound =
      known !== undefined &&
      columns.slice(0, known.key).join() === keys &&
      new Set(columns).size === columns.length &&
      columns.every((column) => known.columns.includes(column))
    if (!isSound)
      throw new Fault(
        'backup-damaged',
        `the backup has a table ${name.slice(0, 40)} as none is made`,
      )
  }
  if (new Set(tables.map(({ name }) => name)).size !== tables.length)
    throw new Fault('backup-damaged', 'the backup has a table twice')
}

/** @throws Fault `backup-locked` if it cannot be read */
async function readIdentities(path: string): Promise<string> {
  const file = await open(path).catch((cause) => {
    throw new Fault('backup-locked', `cannot read the identity file ${path}`, { cause })
  })
  try {
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

async function openFile(path: string) {
  try {
    const handle = await open(path)
    const { size } = await handle.stat()
    return { size, chunks: createReadStream(path, { fd: handle, highWaterMark: 256 * 1024 }) }
  } catch (cause) {
    throw new Fault('store-unreachable', `cannot read ${path}`, { cause })
  }
}
