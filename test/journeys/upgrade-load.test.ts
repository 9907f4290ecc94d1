// SPDX-License-Identifier: Apache-2.0
/** The first release's schema is brought up to date while devices ask: they wait, and nothing is lost. */
import assert from 'node:assert/strict'
import { chmodSync, cpSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { databaseName } from '#edge/store/open-store.ts'
import { migrations } from '#edge/store/schema/migrations.ts'
import { openTestHouse, type TestHouse, temporaryDirectory } from '../support/house.ts'
import { demandWhole, Fleet } from './support/fleet.ts'

const fixture = new URL('../fixtures/step-1/', import.meta.url).pathname

/** The directory of the first release is of one day for ever, and so are its authorities. */
const began = performance.now()
const day = Temporal.Instant.from('2027-10-01T12:00:00Z')
const clock = { now: () => day.add({ milliseconds: Math.round(performance.now() - began) }) }

function open(directory: string): Promise<TestHouse> {
  const words = ['--environment', 'test', '--public-url', 'http://pki.test']
  return openTestHouse(directory, { clock }, [
    ...words,
    ...['--passphrase-file', join(directory, 'passphrase')],
  ])
}

test('devices that ask while the schema of the first release is brought up to date lose nothing', {
  timeout: 120_000,
}, async () => {
  const directory = temporaryDirectory()
  cpSync(fixture, directory, { recursive: true })
  for (const name of ['passphrase', databaseName]) chmodSync(join(directory, name), 0o600)
  let house = await open(directory)
  const fleet = new Fleet(house, false)
  try {
    await fleet.begin(house)
    fleet.serves('one', house.addresses.devices)
    await fleet.more(40)
    for (let times = 0; times < 2; times++) {
      // The devices go on asking, of nobody.
      await house.stop()
      giveFirstSchema(join(directory, databaseName))
      house = await open(directory)
      assert.equal(versionOf(join(directory, databaseName)), migrations.length)
      fleet.serves('one', house.addresses.devices)
      await fleet.more(40)
    }
    await fleet.end()
    await demandWhole(house, fleet)
    assert.deepEqual(house.troubles, [])
  } finally {
    await fleet.end().catch(() => {}) // told above already
    await house.stop()
  }
})

/** Writes the ledger as the first release had it: its tables and columns, with the rows of today. */
function giveFirstSchema(file: string): void {
  cpSync(join(fixture, databaseName), `${file}.first`) // to look at it there leaves files beside it
  const first = new DatabaseSync(`${file}.first`)
  const made = first
    .prepare('SELECT "type", "name", "sql" FROM sqlite_schema WHERE "sql" IS NOT NULL')
    .all()
  const application = first.prepare('PRAGMA application_id').get()?.['application_id']
  first.close()
  for (const end of ['', '-wal', '-shm']) rmSync(`${file}.first${end}`, { force: true })
  const old = new DatabaseSync(`${file}.first`)
  const tables = made.filter(({ type }) => type === 'table')
  for (const { sql } of tables) old.exec(`${sql}`)
  old.exec(`ATTACH '${file}' AS "now"`)
  for (const { name } of tables) {
    const columns = old.prepare(`PRAGMA main.table_info("${name}")`).all()
    const names = columns.map((column) => `"${column['name']}"`).join(', ')
    old.exec(`INSERT INTO main."${name}" (${names}) SELECT ${names} FROM "now"."${name}"`)
  }
  for (const { sql, type } of made) if (type !== 'table') old.exec(`${sql}`)
  old.exec(`DETACH "now"; PRAGMA user_version = 1; PRAGMA application_id = ${application}`)
  old.close()
  for (const end of ['-wal', '-shm']) rmSync(`${file}${end}`, { force: true })
  renameSync(`${file}.first`, file)
  chmodSync(file, 0o600)
}

function versionOf(file: string): unknown {
  const database = new DatabaseSync(file, { readOnly: true })
  const version = database.prepare('PRAGMA user_version').get()?.['user_version']
  database.close()
  return version
}
