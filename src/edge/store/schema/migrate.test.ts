// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { sqlite } from './dialect.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations.ts'
import { schema } from './schema.ts'

test('the migrations make exactly the schema that the tables ask for', () => {
  const migrated = new DatabaseSync(':memory:')
  migrate(migrated)
  const asked = new DatabaseSync(':memory:')
  for (const statement of schema(sqlite)) asked.exec(statement)
  assert.deepEqual(
    shapeOf(migrated),
    shapeOf(asked),
    'the tables changed: run node src/edge/store/schema/print-migration.ts',
  )
})

for (const [released] of migrations.entries()) {
  test(`a database of schema ${released + 1} is brought up to date with its rows`, () => {
    const database = new DatabaseSync(':memory:')
    migrate(database, released + 1)
    const id = new Uint8Array(16)
    database.prepare('INSERT INTO "party" VALUES (?, 1, ?, ?, 0)').run(id, 'Acme', 'maker')
    migrate(database)
    assert.equal(database.prepare('SELECT "name" FROM "party"').get()?.name, 'Acme')
    assert.equal(database.prepare('PRAGMA user_version').get()?.user_version, migrations.length)
  })
}

test('a database that is up to date stays as it is', () => {
  const database = new DatabaseSync(':memory:')
  migrate(database)
  const before = objects(database)
  migrate(database)
  assert.deepEqual(objects(database), before)
})

test('a database of a newer program is refused with both versions', () => {
  const database = new DatabaseSync(':memory:')
  migrate(database)
  database.exec(`PRAGMA user_version = ${migrations.length + 1}`)
  assert.throws(() => migrate(database), {
    code: 'schema-newer',
    message: `the database has schema ${migrations.length + 1}, this program knows up to ${migrations.length}`,
  })
})

test('a database of another program is refused untouched', () => {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE other (x)')
  assert.throws(() => migrate(database), { code: 'ledger-damaged' })
  database.exec('PRAGMA user_version = 1')
  assert.throws(() => migrate(database), { code: 'ledger-damaged' })
  assert.equal(objects(database).length, 1)
})

function objects(database: DatabaseSync) {
  return database.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name').all()
}

/** Columns and indexes: a column that came later stands last, whatever its place in the table. */
function shapeOf(database: DatabaseSync) {
  return objects(database).map(({ type, name, sql }) => {
    if (type !== 'table') return { name, sql }
    const columns = database.prepare(`PRAGMA table_info("${name}")`).all()
    return {
      name,
      columns: columns
        .map(({ name, type, notnull, pk }) => `${name} ${type} ${notnull} ${pk}`)
        .sort(),
    }
  })
}
