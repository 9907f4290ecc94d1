// SPDX-License-Identifier: Apache-2.0
/**
 * Millions of enrolled devices in an SQLite ledger, in minutes: rows as an issue leaves them, with bytes of chance,
 * written past the ledger in the order of their ids while no index stands, without waiting for the disk. Not in the log.
 *
 *     node bench/tools/bulk-load.ts DIR 10000000
 *
 * DIR holds a founded installation with the product `bench`, and nobody has it open.
 */
import { randomFillSync } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { newId } from '#core/ledger/ids.ts'
import type { Kind } from '#core/ledger/tables.ts'
import { databaseName } from '#edge/store/open-store.ts'
import { columnNames, encodeRecord } from '#edge/store/rows.ts'
import { type Certified, enrolledRecords } from './enrolled.ts'

/** The bench's own product and door, read once. */
const sought = `SELECT lower(hex(p."id")), lower(hex(e."id")), lower(hex(e."authority")), e."profile"
  FROM "product" p JOIN "entrance" e ON e."product" = p."id" AND e."isDefault" = 1
  WHERE p."name" = 'bench'`

export const filledKinds = ['device', 'key', 'certificate', 'encoding', 'enrolment'] as const
const inTransaction = 20_000

/** Brings the ledger to so many certificates more; the device numbers begin at `from`. */
export function bulkLoad(
  directory: string,
  count: number,
  from: number,
  tell: (done: number) => void,
): void {
  const database = new DatabaseSync(join(directory, databaseName))
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1048576')
  database.exec('PRAGMA temp_store = FILE; PRAGMA locking_mode = EXCLUSIVE')
  const door = doorIn(database)
  const indexes = dropIndexes(database)
  const inserts = new Map<string, StatementSync>(
    filledKinds.map((kind) => [kind, insertInto(kind, database)]),
  )
  const ports = bulkPorts(from)
  for (let done = 0; done < count; ) {
    database.exec('BEGIN')
    for (let left = Math.min(inTransaction, count - done); left > 0; left--) {
      for (const { kind, record } of enrolledRecords(from + ++done, door, ports, newId))
        inserts.get(kind)?.run(...encodeRecord(kind, record))
    }
    database.exec('COMMIT')
    tell(done)
  }
  for (const sql of indexes) database.exec(sql)
  database.exec('PRAGMA journal_mode = WAL')
  database.close()
}

function doorIn(database: DatabaseSync): Certified {
  const statement = database.prepare(sought)
  statement.setReturnArrays(true)
  const [product, entrance, authority, profile] = statement.get() as unknown as string[]
  return {
    ...{ product: `prd_${product}`, entrance: `ent_${entrance}`, authority: `aut_${authority}` },
    ...{ profile: profile ?? 'ldevid', profileVersion: 1 },
  }
}

/** The statements that make them anew. */
function dropIndexes(database: DatabaseSync): readonly string[] {
  const rows = database
    .prepare(
      `SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL`,
    )
    .all()
    .filter(({ tbl_name }) => filledKinds.some((kind) => kind === tbl_name))
  for (const { name } of rows) database.exec(`DROP INDEX "${name}"`)
  return rows.map(({ sql }) => String(sql))
}

function insertInto(kind: Kind, database: DatabaseSync): StatementSync {
  const names = columnNames(kind)
  const columns = names.map((name) => `"${name}"`).join(', ')
  return database.prepare(
    `INSERT INTO "${kind}" (${columns}) VALUES (${names.map(() => '?').join(', ')})`,
  )
}

/** What makes rows that go in at the end of their trees, those of devices from this number on. */
export function bulkPorts(from: number) {
  return { clock: risingClock(from), random: { bytes: pooledBytes } }
}

/** A millisecond for every 8 devices, beginning long ago, so that rows go in at the end of their trees. */
function risingClock(from: number) {
  const start = Date.UTC(2026, 0, 1) + Math.ceil(from / 8)
  let looks = 0
  return { now: () => Temporal.Instant.fromEpochMilliseconds(start + (looks++ >> 6)) }
}

const pool = new Uint8Array(1 << 20)
let used = pool.length

function pooledBytes(count: number): Uint8Array {
  if (used + count > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += count
  return pool.slice(used - count, used)
}

if (import.meta.main) {
  const [directory = '', count = '0', from = '0'] = process.argv.slice(2)
  const start = performance.now()
  bulkLoad(directory, Number(count), Number(from), (done) => {
    if (done % 100_000 === 0)
      console.log(`${done} in ${Math.round((performance.now() - start) / 1_000)} s`)
  })
  console.log(`with indexes in ${Math.round((performance.now() - start) / 1_000)} s`)
}
