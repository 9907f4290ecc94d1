// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { Fault } from '#core/fault.ts'
import { migrations } from './migrations.ts'

/** "VSGN": what `file` and `PRAGMA application_id` show of our databases. */
const applicationId = 0x5653_474e

/**
 * Brings a database to the schema of this program, each step whole or not at all.
 *
 * @param upTo the schema to stop at: only tests and `print-migration` ask for an older one
 * @throws Fault 'schema-newer' if a newer program wrote it; 'ledger-damaged' if it is not ours
 */
export function migrate(database: DatabaseSync, upTo: number = migrations.length): void {
  const version = schemaVersion(database)
  refuseForeign(database, version)
  if (version > migrations.length)
    throw new Fault(
      'schema-newer',
      `the database has schema ${version}, this program knows up to ${migrations.length}`,
    )
  for (let step = version; step < upTo; step++) {
    const file = new URL(`migrations/sqlite/${migrations[step]}`, import.meta.url)
    const marks = `PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${step + 1};`
    database.exec(`BEGIN IMMEDIATE; ${readFileSync(file, 'utf8')} ${marks} COMMIT;`)
  }
}

function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version)
}

/** A file with content that does not bear our mark is somebody else's, or was damaged. */
function refuseForeign(database: DatabaseSync, version: number) {
  const mark = Number(database.prepare('PRAGMA application_id').get()?.application_id)
  const table = database.prepare('SELECT name FROM sqlite_schema LIMIT 1').get()
  const ours = version === 0 ? table === undefined : mark === applicationId
  if (!ours)
    throw new Fault(
      'ledger-damaged',
      `the database is not ours: application id ${mark}, schema ${version}, first table ${table?.name ?? 'none'}`,
    )
}
