// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { postgresPlace, withoutPostgres } from '../../../../test/support/postgres.ts'
import { databaseName, openStore } from '../open-store.ts'
import { openPostgresStore } from '../postgres/open-postgres.ts'
import type { Row } from '../rows.ts'
import { testPorts, withDirectory, writeOne } from '../store-testing.ts'
import { type Dump, type Load, portableTable, portableTables } from './portable.ts'
import { finishPostgresLoad, openPostgresLoad } from './postgres.ts'
import { openSqliteLoad } from './sqlite.ts'

const encoding = portableTable('encoding')

test('every table of a database is in a dump, and nothing of one database alone', async () => {
  await withDirectory(async (directory) => {
    await filled(directory, 1)
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(join(directory, databaseName))
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    assert.deepEqual(
      // Sealed keys go as files, since they are files where they are not shared.
      ['sealed', 'epoch', ...portableTables.map(({ name }) => name)].toSorted(),
      tables.map(({ name }) => String(name)).toSorted(),
    )
    for (const { name, columns } of portableTables) {
      const rows = database.prepare(`PRAGMA table_info("${name}")`).all()
      assert.deepEqual(columns.toSorted(), rows.map((row) => String(row.name)).toSorted(), name)
    }
    database.close()
  })
})

test('a dump is of one moment, whatever is written meanwhile, and goes on from any key', async () => {
  await withDirectory(async (directory) => {
    const ports = testPorts()
    await filled(directory, 40, ports)
    const again = await openStore(directory, ports)
    const dump = await again.dump()
    await writeOne(again.ledger, ports)
    assert.equal(await dump.count(encoding), 40)
    const all = await rowsOf(dump)
    assert.equal(all.length, 40)
    const from = await rowsOf(dump, all[9]!.slice(0, 1))
    assert.deepEqual(from, all.slice(10))
    await dump.close()
    await again.close()
  })
})

test('on SQLite a portion may be loaded twice, and no other in its place', () =>
  withDirectory(async (directory) => {
    await loadsTwice(openSqliteLoad(join(directory, databaseName)))
  }))

test('on PostgreSQL a portion may be loaded twice, and no other in its place', {
  skip: withoutPostgres,
}, async () => {
  const place = await postgresPlace()
  try {
    await loadsTwice(await openPostgresLoad(place.settings, 'a test'))
    const other = openPostgresLoad(place.settings, 'another test')
    await assert.rejects(other, { code: 'store-differs' })
    const opened = openPostgresStore(place.settings, testPorts())
    await assert.rejects(opened, { code: 'restore-unfinished' })
    await finishPostgresLoad(place.settings)
    const store = await openPostgresStore(place.settings, testPorts())
    assert.equal(await store.ledger.count('encoding', {}), 3)
    assert.match(await store.epochs.now(), /^[0-9a-f]{32} /, 'of no database that was here before')
    await store.close()
    const begun = openPostgresLoad(place.settings, 'a test')
    await assert.rejects(begun, { code: 'store-not-empty' })
  } finally {
    await place.remove()
  }
})

async function loadsTwice(load: Load): Promise<void> {
  const rows = [1, 2, 3].map((id): Row => [new Uint8Array(16).fill(id), 1, Uint8Array.of(id)])
  assert.equal(await load.last(encoding), undefined)
  await load.put(encoding, rows.slice(0, 2))
  await load.put(encoding, rows)
  assert.deepEqual(await load.last(encoding), [rows[2]![0]])
  const changed: Row = [rows[0]![0]!, 1, Uint8Array.of(9)]
  await assert.rejects(load.put(encoding, [changed]), { code: 'store-differs' })
  // Another row under the same unique key is no less another.
  const setting = portableTable('setting')
  const named = (id: number): Row => [new Uint8Array(16).fill(id), 1, 'name', '1', 0]
  await load.put(setting, [named(1)])
  await assert.rejects(load.put(setting, [named(2)]), { code: 'store-differs' })
  await load.close()
}

/** A store with so many encodings, closed again. */
async function filled(directory: string, count: number, ports = testPorts()): Promise<void> {
  const store = await openStore(directory, ports)
  for (let left = count; left > 0; left--) await writeOne(store.ledger, ports, 100)
  await store.close()
}

async function rowsOf(dump: Dump, after?: Row): Promise<readonly Row[]> {
  const all: Row[] = []
  for await (const rows of dump.rows(encoding, after)) all.push(...rows)
  return all
}
