// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { sqlite } from './dialect.ts'
import { migrate, migrations } from './migrate.ts'
import { schema } from './schema.ts'

test('the migrations make exactly the schema that the tables ask for', () => {
  const migrated = new DatabaseSync(':memory:')
  migrate(migrated)
  const asked = new DatabaseSync(':memory:')
  for (const statement of schema(sqlite)) asked.exec(statement)
  assert.deepEqual(
    objects(migrated),
    objects(asked),
    'the tables changed: until the first release run\n' +
      '  node src/edge/store/schema/print-schema.ts > src/edge/store/schema/migrations/0001-first.sql',
  )
})

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
