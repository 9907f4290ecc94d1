// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type PostgresPlace,
  postgresPlace,
  withoutPostgres,
} from '../../../../test/support/postgres.ts'
import { postgres } from '../schema/dialect.ts'
import { migrations } from '../schema/migrations.ts'
import { schema } from '../schema/schema.ts'
import { testPorts } from '../store-testing.ts'
import { openPostgresStore } from './open-postgres.ts'

const options = { skip: withoutPostgres }

test('postgres: the migrations make exactly the schema that the tables ask for', options, () =>
  onPlace({}, (migrated) =>
    onPlace({ empty: true }, async (asked) => {
      await asked.sql(schema(postgres).join(';\n'))
      assert.deepEqual(
        await shapeOf(migrated),
        await shapeOf(asked),
        'the tables changed: run node src/edge/store/schema/print-migration.ts',
      )
    }),
  ),
)

test('postgres: nodes that start at once on an empty database make its schema once', options, () =>
  onPlace({ empty: true }, async (place) => {
    const nodes = [1, 2, 3].map((seed) => openPostgresStore(place.settings, testPorts(seed)))
    for (const store of await Promise.all(nodes)) await store.close()
    assert.deepEqual(await place.sql('SELECT * FROM "schemaVersion"'), [
      ['1', String(migrations.length)],
    ])
    assert.deepEqual(await place.sql('SELECT count(*) FROM "log"'), [['1']])
  }),
)

test('postgres: a database of a newer program is refused with both versions', options, () =>
  onPlace({}, async (place) => {
    await place.sql('UPDATE "schemaVersion" SET "version" = 99')
    await assert.rejects(openPostgresStore(place.settings, testPorts()), {
      code: 'schema-newer',
      message: `the database has schema 99, this program knows up to ${migrations.length}`,
    })
  }),
)

test('postgres: a database of another program is refused untouched', options, () =>
  onPlace({ empty: true }, async (place) => {
    await place.sql('CREATE TABLE "invoice" ("total" integer)')
    await assert.rejects(openPostgresStore(place.settings, testPorts()), {
      code: 'ledger-damaged',
      message: /not ours: it has the table invoice/,
    })
    assert.deepEqual(await tablesOf(place), [['invoice']])
  }),
)

test('postgres: a step that breaks is taken back whole', options, () =>
  onPlace({ empty: true }, async (place) => {
    // An event trigger refuses the last table of the step.
    await place.sql(`CREATE SCHEMA "other";
      CREATE FUNCTION "other"."no"() RETURNS event_trigger LANGUAGE plpgsql AS $$
        BEGIN IF to_regclass('"writer"') IS NOT NULL THEN RAISE EXCEPTION 'not now'; END IF; END $$;
      CREATE EVENT TRIGGER "no" ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
        EXECUTE FUNCTION "other"."no"()`)
    await assert.rejects(openPostgresStore(place.settings, testPorts()), { message: /not now/ })
    assert.deepEqual(await tablesOf(place), [])
    await place.sql('DROP EVENT TRIGGER "no"')
    await (await openPostgresStore(place.settings, testPorts())).close()
  }),
)

test('postgres: a node goes on while a newer one adds optional columns and tables', options, () =>
  onPlace({}, async (place) => {
    const ports = testPorts()
    const store = await openPostgresStore(place.settings, ports)
    try {
      const party = (name: string) => ({
        kind: 'party' as const,
        record: {
          ...{ id: `pty_${name.padStart(32, '0')}`, version: 1 },
          ...{ name, role: 'maker' as const, createdAt: ports.clock.now() },
        },
      })
      const first = party('1')
      await store.ledger.commit({ puts: [first], events: [] })
      await store.ledger.read('party', first.record.id)
      await place.sql(`ALTER TABLE "party" ADD COLUMN "later" text; UPDATE "party" SET "later" = 'kept';
        CREATE TABLE "laterStill" ("id" bytea); UPDATE "schemaVersion" SET "version" = 99`)
      const record = { ...first.record, name: 'changed', version: 2 }
      const change = { puts: [{ kind: 'party' as const, record }, party('2')], events: [] }
      assert.deepEqual(await store.ledger.commit(change), { kind: 'committed' })
      assert.deepEqual(await store.ledger.read('party', record.id), record)
      assert.equal((await store.ledger.list('party', { limit: 9 })).items.length, 2)
      assert.deepEqual(await place.sql('SELECT "later" FROM "party" ORDER BY 1'), [
        ['kept'],
        [null],
      ])
    } finally {
      await store.close()
    }
  }),
)

/** Columns and indexes by name. */
async function shapeOf(place: PostgresPlace) {
  const columns =
    await place.sql(`SELECT "table_name", "column_name", "data_type", "collation_name",
      "is_nullable" FROM information_schema.columns
    WHERE "table_schema" = 'public' AND "table_name" <> 'schemaVersion' ORDER BY 1, 2`)
  const indexes = await place.sql(`SELECT "indexname", "indexdef" FROM pg_indexes
    WHERE "schemaname" = 'public' AND "tablename" <> 'schemaVersion' ORDER BY 1`)
  return { columns, indexes }
}

function tablesOf(place: PostgresPlace) {
  return place.sql(`SELECT "relname" FROM pg_class WHERE "relkind" = 'r'
    AND "relnamespace" = 'public'::regnamespace`)
}

async function onPlace(
  how: { readonly empty?: boolean },
  work: (place: PostgresPlace) => Promise<void>,
) {
  const place = await postgresPlace(how)
  try {
    await work(place)
  } finally {
    await place.remove()
  }
}
