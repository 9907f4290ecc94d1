// SPDX-License-Identifier: Apache-2.0
/** Who waits for whom in the database, and for how long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type PostgresPlace,
  postgresPlace,
  waitingForLocks,
  withoutPostgres,
} from '../../../../test/support/postgres.ts'
import type { Store } from '../store.ts'
import { added, type TestPorts, testPorts } from '../store-testing.ts'
import { connect } from './connect.ts'
import { openPostgresStore } from './open-postgres.ts'
import { parseTarget } from './target.ts'
import { numberingLock } from './transactions.ts'

const options = { skip: withoutPostgres, timeout: 20_000 }
const committed = { kind: 'committed' }

test(
  'whoever numbers events waits for the one before, and changes without events go past',
  options,
  () =>
    onPlace(async ({ store, ports, place }) => {
      // As another node does it.
      const held = await place.hold(`SELECT pg_advisory_xact_lock(${numberingLock});
      INSERT INTO "event" VALUES (1, '\\x00', '\\x00')`)
      const asked = add(store, ports, 'second')
      // Without the lock it would wait all the same, and then meet the first as a conflict.
      await place.until(`${waitingForLocks}
        AND "locktype" = 'advisory' AND "objid" = ${numberingLock}`)
      const past = await openPostgresStore(place.settings, testPorts(2))
      const quiet = { puts: [party(testPorts(3), 'past')], events: [] }
      assert.deepEqual(await past.ledger.commit(quiet), committed)
      await past.close()
      await held.ask('COMMIT')
      await held.release()
      assert.deepEqual(await asked, committed)
      const sequences = await place.sql('SELECT "sequence" FROM "event" ORDER BY 1')
      assert.deepEqual(sequences, [['1'], ['2']])
    }),
)

for (const [what, code] of [
  ['takes too long', '57014'],
  ['waits too long for a lock', '55P03'],
] as const)
  test(
    `a change that ${what} is refused, nothing of it is written, and the next one goes on`,
    options,
    () =>
      onPlace(async ({ store, ports, place }) => {
        await add(store, ports, 'before')
        // The server's own words for it, without the time.
        await place.sql(`CREATE FUNCTION "late"() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN RAISE EXCEPTION 'too late' USING ERRCODE = '${code}'; END$$;
        CREATE TRIGGER "late" BEFORE INSERT ON "party" FOR EACH STATEMENT EXECUTE FUNCTION "late"()`)
        await assert.rejects(add(store, ports, 'late'), { code: 'store-unreachable' })
        await place.sql('DROP TRIGGER "late" ON "party"')
        assert.deepEqual(await add(store, ports, 'next'), committed)
        assert.equal(await store.ledger.find('party', 'name', ['late']), undefined)
        assert.equal((await store.log.waiting(9)).length, 2)
      }),
  )

test(
  'a statement that the server ends is refused by name, and its connection goes on',
  options,
  () =>
    onPlace(async ({ store, ports, place }) => {
      const held = await place.hold('LOCK TABLE "party" IN EXCLUSIVE MODE')
      const asked = add(store, ports, 'ended')
      const refused = assert.rejects(asked, {
        code: 'store-unreachable',
        message: /canceling statement/,
      })
      await place.until(waitingForLocks)
      const [[pid] = []] = await place.sql(waitingForLocks)
      await place.sql(`SELECT pg_cancel_backend(${pid})`)
      await refused
      await held.release()
      assert.deepEqual(await add(store, ports, 'next'), committed)
      assert.equal(await store.ledger.count('party', {}), 1)
    }),
)

test('no statement waits without an end, whatever the role was given', options, () =>
  onPlace(async ({ place }) => {
    const names = ['lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout']
    for (const name of names) await place.sql(`ALTER DATABASE "${place.database}" SET ${name} = 0`)
    await place.sql(`ALTER DATABASE "${place.database}" SET synchronous_commit = off`)
    const connection = await connect(parseTarget(place.settings))
    const told: unknown[] = []
    for (const name of [...names, 'synchronous_commit'])
      told.push((await connection.ask({ sql: `SHOW ${name}` })).rows[0]?.[0])
    assert.deepEqual(told, ['10s', '30s', '10s', 'on'])
    await connection.close()
  }),
)

function party(ports: TestPorts, name: string) {
  return added(ports, 'party', { name, role: 'maker', createdAt: ports.clock.now() })
}

function add({ ledger }: Store, ports: TestPorts, name: string) {
  const actor = { kind: 'house', id: 'test' } as const
  const at = ports.clock.now()
  const event = { type: 'party-added', at, actor, subjects: [name], facts: {} } as const
  return ledger.commit({ puts: [party(ports, name)], events: [event] })
}

interface Given {
  readonly store: Store
  readonly place: PostgresPlace
  readonly ports: TestPorts
}

async function onPlace(work: (given: Given) => Promise<void>) {
  const place = await postgresPlace()
  const ports = testPorts()
  const store = await openPostgresStore(place.settings, ports)
  try {
    await work({ store, place, ports })
  } finally {
    await store.close()
    await place.remove()
  }
}
