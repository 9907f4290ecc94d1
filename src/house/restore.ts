// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { tileReader } from '#core/audit/sequencer.ts'
import { Fault } from '#core/fault.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import { countKept } from '#core/releases/stored.ts'
import { replaceFile, writeNewFile } from '#edge/keystore/atomic-file.ts'
import { holdDirectory } from '#edge/store/directory-lock.ts'
import { databaseName, openStore } from '#edge/store/open-store.ts'
import { type Load, type PortableTable, portableTable } from '#edge/store/portable/portable.ts'
import { openSqliteLoad } from '#edge/store/portable/sqlite.ts'
import type { PostgresSettings } from '#edge/store/postgres/target.ts'
import type { Row } from '#edge/store/rows.ts'
import type { Store } from '#edge/store/store.ts'
import type { Manifest } from '#format/backup/line.ts'
import { rootOf } from '#trust/tlog/tiles.ts'
import { configurationPath, keyOfPath } from './backup-files.ts'
import {
  type ReadProgress,
  readSealed,
  type SealedBackup,
  type SoundBackup,
} from './backup-read.ts'
import { keyPlaces } from './kept.ts'
import { type KeyElsewhere, keysElsewhere } from './keys-elsewhere.ts'
import { refuseMarked, removeMark, setMark } from './place-marks.ts'
import { type Begun, beginEpoch } from './restore-epoch.ts'
import { Lapsing } from './restore-lapse.ts'

export interface RestoreOrder extends SealedBackup {
  /** A directory that is empty, or is not there. */
  readonly data: string
  /** An empty database that takes the ledger; undefined: SQLite in the directory. */
  readonly database: PostgresSettings | undefined
}

export interface RestorePorts {
  readonly clock: Clock
  readonly random: Randomness
  readonly tell: (progress: ReadProgress) => void
}

export interface Restored {
  readonly backup: SoundBackup
  readonly begun: Begun
  /** Authorities whose keys no backup has: they sign once their token or TPM is there. */
  readonly elsewhere: readonly KeyElsewhere[]
  /** Artefacts whose octets were not in the backup: they are files, and are brought back as such. */
  readonly artefacts: number
}

/**
 * Makes an installation again from a backup, and begins a new epoch.
 *
 * Until its end a mark stands in the directory (and in a database on PostgreSQL), so that what was cut off
 * is refused by whoever would serve from it.
 *
 * @throws Fault `store-not-empty`, or as `readSealed` and the stores do; what was begun is left as it is
 */
export async function restore(order: RestoreOrder, ports: RestorePorts): Promise<Restored> {
  const { data } = order
  prepareDirectory(data)
  const lock = holdDirectory(data, ports.clock)
  try {
    setMark(data, 'restore', `from ${order.file}, begun ${ports.clock.now()}`)
    const filling = new Filling(order, ports)
    const backup = await filling.run()
    await nameDatabase(order, ports.random)
    const store = await openTarget(order, ports)
    try {
      await prove(store, backup, filling.lapsing.dropped)
      const begun = await beginEpoch(backup, filling.lapsing, { ...ports, store })
      if (order.database !== undefined) {
        const { finishPostgresLoad } = await import('#edge/store/portable/postgres.ts')
        await finishPostgresLoad(order.database)
      }
      removeMark(data, 'restore')
      const { ledger } = store
      return {
        ...{ backup, begun, elsewhere: await keysElsewhere(ledger) },
        artefacts: await countKept(ledger),
      }
    } finally {
      await store.close()
    }
  } finally {
    lock.release()
  }
}

/** @throws Fault `store-not-empty`, or `restore-unfinished` where a restore was begun */
function prepareDirectory(data: string): void {
  refuseMarked({ data, database: undefined })
  // SQLite makes its files with the mode that the process gives.
  process.umask(0o077)
  if (existsSync(data) && readdirSync(data).length > 0)
    throw new Fault('store-not-empty', `${data} is not empty; restore into a new directory`)
  mkdirSync(data, { recursive: true, mode: 0o700 })
}

/** Puts what passes by into its place. */
class Filling {
  readonly lapsing: Lapsing
  readonly #order: RestoreOrder
  readonly #ports: RestorePorts
  #load: Load | undefined
  #tables = new Map<string, PortableTable>()

  constructor(order: RestoreOrder, ports: RestorePorts) {
    this.#order = order
    this.#ports = ports
    this.lapsing = new Lapsing(ports.clock.now())
  }

  async run(): Promise<SoundBackup> {
    try {
      return await readSealed(
        this.#order,
        {
          manifest: (manifest) => this.#begin(manifest),
          file: (path, bytes) => this.#file(path, bytes),
          rows: (table, rows) => this.#rows(table, rows),
        },
        this.#ports.clock,
        this.#ports.tell,
      )
    } finally {
      await this.#load?.close()
    }
  }

  async #begin(manifest: Manifest): Promise<void> {
    const { data, database } = this.#order
    this.lapsing.begin(manifest)
    this.#tables = new Map(
      manifest.tables.map((one) => [one.name, { ...portableTable(one.name), ...one }]),
    )
    if (database === undefined) {
      this.#load = openSqliteLoad(join(data, databaseName), manifest.schema)
      return
    }
    const { openPostgresLoad } = await import('#edge/store/portable/postgres.ts')
    const purpose = `a restore of ${manifest.installation} of ${manifest.moment} into ${data}, ${this.#ports.clock.now()}`
    this.#load = await openPostgresLoad(database, purpose)
  }

  async #file(path: string, bytes: Uint8Array): Promise<void> {
    const { data, database } = this.#order
    const key = keyOfPath(path)
    if (key === undefined) {
      const text = adaptConfiguration(bytes, database)
      if (text !== undefined) await replaceFile(join(data, path), text, this.#ports.random)
      await writeNewFile(join(data, `${configurationPath}.backup`), bytes, this.#ports.random)
      return
    }
    const directory = keyPlaces(data)[key.place]
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    await writeNewFile(join(directory, `${key.name}.key`), bytes, this.#ports.random)
  }

  async #rows(name: string, rows: readonly Row[]): Promise<void> {
    const table = this.#tables.get(name)
    if (table === undefined || this.#load === undefined) return
    const kept = this.lapsing.take(name, rows)
    if (kept.length > 0) await this.#load.put(table, kept)
  }
}

/** The same configuration with the database of the restore: never that of the backup, which may still serve. */
function adaptConfiguration(
  bytes: Uint8Array,
  database: PostgresSettings | undefined,
): Uint8Array | undefined {
  let words: unknown
  try {
    words = JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined
    throw cause
  }
  const kept = Object.entries(words as Record<string, unknown>).filter(
    ([name]) => !name.startsWith('database'),
  )
  const adapted = { ...Object.fromEntries(kept), ...databaseWords(database) }
  return new TextEncoder().encode(`${JSON.stringify(adapted, null, 2)}\n`)
}

/**
 * Where the backup brought no configuration: a start that knew of no database would found another
 * installation beside the restored one.
 */
async function nameDatabase({ data, database }: RestoreOrder, random: Randomness): Promise<void> {
  const path = join(data, configurationPath)
  if (database === undefined || existsSync(path)) return
  const text = adaptConfiguration(new TextEncoder().encode('{}'), database)
  if (text !== undefined) await replaceFile(path, text, random)
}

/** What a configuration says of a database. */
export function databaseWords(database: PostgresSettings | undefined): Record<string, string> {
  if (database === undefined) return {}
  const { url, passwordFile, caFile } = database
  return {
    database: url,
    ...(passwordFile !== undefined && { 'database-password-file': passwordFile }),
    ...(caFile !== undefined && { 'database-ca-file': caFile }),
  }
}

async function openTarget({ data, database }: RestoreOrder, ports: RestorePorts): Promise<Store> {
  if (database === undefined) return openStore(data, ports)
  const { openPostgresStore } = await import('#edge/store/postgres/open-postgres.ts')
  return openPostgresStore(database, ports, { unfinished: true })
}

/** What was written is read again: the log's root from its tiles, and each table's count. */
async function prove(
  store: Store,
  { manifest, trailer }: SoundBackup,
  dropped: ReadonlyMap<string, number>,
): Promise<void> {
  const { size, root } = manifest.log
  const found = (await rootOf(size, tileReader(store.log))).toHex()
  if (found !== root)
    throw new Fault('backup-damaged', `the restored tiles give ${found}, the backup says ${root}`)
  const dump = await store.dump()
  try {
    for (const { name } of manifest.tables) {
      const wanted = (trailer.counts[name] ?? 0) - (dropped.get(name) ?? 0)
      const there = await dump.count(portableTable(name))
      if (there !== wanted)
        throw new Fault('ledger-damaged', `${there} rows of ${name} were restored, not ${wanted}`)
    }
  } finally {
    await dump.close()
  }
}
