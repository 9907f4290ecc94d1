// SPDX-License-Identifier: Apache-2.0
/** A house that is told to stop while its database is away. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fetchStatus, nodeDirectory, openTestHouse, sharedWords } from '../support/house.ts'
import { ownCluster, postgresPlace, withoutPostgres } from '../support/postgres.ts'

test('a house whose database is away can be stopped, and holds nothing any more', {
  skip: withoutPostgres,
  timeout: 120_000,
}, async () => {
  const cluster = await ownCluster()
  try {
    const place = await postgresPlace({ on: cluster })
    const house = await openTestHouse(nodeDirectory(), {}, sharedWords(place.url))
    await cluster.stop()
    await house.stop()
    await assert.rejects(fetchStatus(house, '/healthz'), { code: 'ECONNREFUSED' })
    assert.ok(house.troubles.includes('the house was not closed in good order'))
    await cluster.start()
    // Neither port nor directory is held, and nobody takes it for running.
    const again = await openTestHouse(house.directory, {}, sharedWords(place.url))
    assert.equal((await again.core.thisNode.running()).length, 1)
    await again.stop()
    assert.deepEqual(again.troubles, [])
  } finally {
    await cluster.remove()
  }
})
