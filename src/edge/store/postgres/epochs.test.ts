// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { postgresPlace, withoutPostgres } from '../../../../test/support/postgres.ts'
import { testPorts } from '../store-testing.ts'
import { openPostgresStore } from './open-postgres.ts'

const killListing = `SELECT pg_terminate_backend("pid") FROM pg_stat_activity
  WHERE "datname" = current_database() AND "application_name" = 'vitalsign' AND "query" LIKE '%"party"%'`

test('an epoch ends for a node with each connection that it read records by', {
  skip: withoutPostgres,
}, async () => {
  const place = await postgresPlace()
  const store = await openPostgresStore(place.settings, testPorts())
  const { epochs, ledger } = store
  const read = () =>
    Promise.all([ledger.list('party', { limit: 1 }), ledger.list('party', { limit: 1 })])
  try {
    await read()
    const before = await epochs.now()
    await read()
    assert.equal(await epochs.now(), before)
    const killed = await place.sql(killListing)
    assert.ok(killed.length > 0)
    await read()
    assert.notEqual(await epochs.now(), before)
  } finally {
    await store.close()
    await place.remove()
  }
})
