// SPDX-License-Identifier: Apache-2.0
/** A connection that breaks at a COMMIT: what became of it is found out, never guessed. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { CuttingProxy } from '../../../../test/support/cutting-proxy.ts'
import {
  type PostgresPlace,
  postgresPlace,
  waitingForLocks,
  withoutPostgres,
} from '../../../../test/support/postgres.ts'
import type { Store } from '../store.ts'
import { added, changed, type TestPorts, testPorts } from '../store-testing.ts'
import { openPostgresStore } from './open-postgres.ts'
import { numberingLock } from './transactions.ts'

const options = { skip: withoutPostgres }
const committed = { kind: 'committed' }

for (const where of ['sent', 'answered'] as const)
  test(
    `a change whose connection breaks when its COMMIT is ${where} is written once and acknowledged`,
    options,
    () =>
      withProxy(async ({ store, proxy, ports, place }) => {
        proxy.cutCommit(where)
        assert.deepEqual(await add(store, ports, 'first'), committed)
        assert.equal(proxy.cuts, 1)
        assert.deepEqual(await add(store, ports, 'second'), committed)
        assert.equal(await store.ledger.count('party', {}), 2)
        assert.equal((await store.log.waiting(9)).length, 2)
        assert.deepEqual(await place.sql('SELECT max("sequence") FROM "event"'), [['2']])
      }),
  )

for (const where of ['sent', 'answered'] as const)
  test(
    `a replacement whose connection breaks when its COMMIT is ${where} does not meet itself as a conflict`,
    options,
    () =>
      withProxy(async ({ store, proxy, ports }) => {
        const first = added(ports, 'party', {
          ...{ name: 'a', role: 'maker', createdAt: ports.clock.now() },
        })
        await store.ledger.commit({ puts: [first], events: [] })
        proxy.cutCommit(where)
        const second = changed(first, { name: 'b' })
        assert.deepEqual(await store.ledger.commit({ puts: [second], events: [] }), committed)
        assert.equal((await store.ledger.read('party', first.record.id))?.version, 2)
      }),
  )

for (const where of ['sent', 'answered'] as const)
  test(
    `an act of the log whose connection breaks when its COMMIT is ${where} is done once`,
    options,
    () =>
      withProxy(async ({ store, proxy, ports }) => {
        const now = ports.clock.now()
        const fence = await store.log.lease('a', now, now.add({ seconds: 9 }))
        assert.ok(fence)
        proxy.cutCommit(where)
        assert.equal(await store.log.publish(fence, { size: 1, note: 'one' }), true)
      }),
  )

test(
  'a transaction that is under way on the server when its connection breaks is waited for',
  options,
  () =>
    withProxy(async ({ store, proxy, ports, place }) => {
      const blocker = await openPostgresStore(place.settings, testPorts(7)) // only for its connections
      const holding = place.sql(
        `SELECT pg_advisory_lock(${numberingLock}); SELECT pg_sleep(0.5)`, // held for as long as it is connected
      )
      await held(place)
      proxy.cutCommit('waiting')
      const adding = add(store, ports, 'late')
      await proxy.wasCut()
      await holding
      assert.deepEqual(await adding, committed)
      assert.equal(await blocker.ledger.count('party', {}), 1)
      assert.equal((await blocker.log.waiting(9)).length, 1)
      await blocker.close()
    }),
)

test(
  'a transaction that has not come far when its connection breaks can no longer be committed',
  options,
  () =>
    withProxy(async ({ store, proxy, ports, place }) => {
      const held = await place.hold('LOCK TABLE "party" IN EXCLUSIVE MODE')
      const waits = `SELECT 1 FROM (${waitingForLocks}) AS "waiting" HAVING count(*) =`
      proxy.cutCommit('waiting')
      const adding = add(store, ports, 'late')
      await proxy.wasCut()
      await place.until(`${waits} 2`) // the cut one, and the one in its place
      await held.release()
      assert.deepEqual(await adding, committed)
      assert.equal(await store.ledger.count('party', {}), 1)
      assert.equal((await store.log.waiting(9)).length, 1)
    }),
)

test(
  'a store whose database went with the answer to a COMMIT can be closed, and says that nobody knows',
  { ...options, timeout: 30_000 },
  () =>
    withProxy(async ({ store, proxy, ports }) => {
      proxy.cutCommit('answered')
      const adding = add(store, ports, 'unknown')
      await proxy.wasCut()
      await proxy.close()
      for (let turns = 0; turns < 100; turns++) await turn() // until the outcome is being asked for
      const refused = assert.rejects(adding, {
        code: 'store-unreachable',
        message: /whether the last commit was written/,
      })
      await store.close()
      await refused
    }),
)

/** Resolves once somebody holds the lock of the numbers. */
async function held(place: PostgresPlace) {
  const sql = `SELECT 1 FROM pg_locks WHERE "locktype" = 'advisory' AND "granted"
    AND "objid" = ${numberingLock} AND "database" = (SELECT "oid" FROM pg_database WHERE "datname" = current_database())`
  while ((await place.sql(sql)).length === 0);
}

function add({ ledger }: Store, ports: TestPorts, name: string) {
  const createdAt = ports.clock.now()
  const put = added(ports, 'party', { name, role: 'maker', createdAt })
  const actor = { kind: 'house', id: 'test' } as const
  const event = { type: 'party-added', at: createdAt, actor, subjects: [name], facts: {} } as const
  return ledger.commit({ puts: [put], events: [event] })
}

interface Given {
  readonly store: Store
  readonly proxy: CuttingProxy
  readonly ports: TestPorts
  readonly place: PostgresPlace
}

async function withProxy(work: (given: Given) => Promise<void>) {
  const place = await postgresPlace()
  const { directory, port } = place.cluster
  const proxy = await CuttingProxy.open(join(directory, `.s.PGSQL.${port}`))
  const ports = testPorts()
  const url = `postgres://postgres@127.0.0.1:${proxy.port}/${place.database}`
  const store = await openPostgresStore({ url }, ports)
  try {
    await work({ store, proxy, ports, place })
  } finally {
    await store.close()
    await proxy.close().catch(() => {}) // the test did it
    await place.remove()
  }
}
