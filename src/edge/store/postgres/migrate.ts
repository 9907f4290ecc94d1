// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { Fault } from '#core/fault.ts'
import { sha256 } from '#trust/digest.ts'
import { migrations } from '../schema/migrations.ts'
import type { Connection } from './connect.ts'

/** Held until the connection ends, so that of nodes that start at once one changes it. */
const migrationLock = 0x5653_474f
/** PostgreSQL came with the second step, which makes all that the first made for SQLite. */
const stepsWithout = 1

/**
 * Brings a database to the schema of this program, each step whole or not at all.
 *
 * Steps only add tables and optional columns, and every statement of ours names its columns: so a node
 * of the program before goes on beside this one, until it is started again.
 *
 * @param connection one for this alone, to be closed afterwards: the lock ends with it
 * @param upTo the schema to stop at: only tests ask for an older one
 * @throws Fault 'schema-newer' if a newer program wrote it; 'ledger-damaged' if it is not ours
 */
export async function migrate(connection: Connection, upTo = migrations.length): Promise<void> {
  await connection.ask({ sql: 'SET statement_timeout = 0; SET lock_timeout = 60000' })
  await connection.ask({ sql: `SELECT pg_advisory_lock(${migrationLock})` })
  const version = await readVersion(connection)
  if (version > migrations.length)
    throw new Fault(
      'schema-newer',
      `the database has schema ${version}, this program knows up to ${migrations.length}`,
    )
  for (let step = Math.max(version, stepsWithout); step < upTo; step++) {
    const file = new URL(`../schema/migrations/postgres/${migrations[step]}`, import.meta.url)
    const first = version === 0 && step === stepsWithout ? firstRows() : ''
    const mark = `UPDATE "schemaVersion" SET "version" = ${step + 1};`
    const sql = `BEGIN; ${first} ${readFileSync(file, 'utf8')} ${mark} ${first && emptyLog()} COMMIT`
    await transact(connection, sql)
  }
}

async function transact(connection: Connection, sql: string): Promise<void> {
  try {
    await connection.ask({ sql })
  } catch (error) {
    await connection.ask({ sql: 'ROLLBACK' })
    throw error
  }
}

function firstRows(): string {
  return `CREATE TABLE "schemaVersion" ("only" bigint NOT NULL PRIMARY KEY, "version" bigint NOT NULL);
    INSERT INTO "schemaVersion" VALUES (1, 0);`
}

function emptyLog(): string {
  const root = sha256(new Uint8Array()).toHex()
  return `INSERT INTO "log" ("only", "size", "lastEvent", "root", "fence")
    VALUES (1, 0, 0, '\\x${root}', 0);`
}

/** The version of our schema; 0 in an empty database. A database with other tables is somebody else's. */
async function readVersion(connection: Connection): Promise<number> {
  const { rows } = await connection.ask({
    sql: `SELECT "relname" FROM pg_class WHERE "relkind" IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND "relnamespace" = current_schema()::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend WHERE "classid" = 'pg_class'::regclass
        AND "objid" = pg_class."oid" AND "deptype" = 'e') -- an extension's
      ORDER BY "relname" <> 'schemaVersion', 1 LIMIT 1`,
  })
  const [first] = rows[0] ?? []
  if (first === undefined) return 0
  if (first !== 'schemaVersion')
    throw new Fault(
      'ledger-damaged',
      `the database is not ours: it has the table ${first}; give Vitalsign an empty one`,
    )
  const version = await connection.ask({ sql: 'SELECT "version" FROM "schemaVersion"' })
  return Number(version.rows[0]?.[0])
}
