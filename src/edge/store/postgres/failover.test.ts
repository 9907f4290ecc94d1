// SPDX-License-Identifier: Apache-2.0
/** A standby that takes over: what the first server acknowledged the second has, and serving goes on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ownCluster,
  postgresPlace,
  standbyOf,
  withoutPostgres,
} from '../../../../test/support/postgres.ts'
import { added, testPorts } from '../store-testing.ts'
import { openPostgresStore } from './open-postgres.ts'

const options = { skip: withoutPostgres }

test(
  'of several hosts the one that can be written to is taken, and after a failover the other',
  options,
  async () => {
    const first = await ownCluster(['max_wal_senders = 4', 'wal_level = replica'])
    const place = await postgresPlace({ on: first })
    const second = await standbyOf(first)
    try {
      const only = { url: second.url(place.database) }
      await assert.rejects(openPostgresStore(only, testPorts()), {
        code: 'store-unreachable',
        message: /is a standby/,
      })
      const hosts = [second, first].map(({ directory, port }) => `${directory}:${port}`)
      const url = `postgres://postgres@/${place.database}?host=${hosts}`
      const ports = testPorts()
      const store = await openPostgresStore({ url }, ports)
      const acknowledged: string[] = []
      let asked = 0
      const commit = async () => {
        while (asked < 300) {
          const put = added(ports, 'party', {
            ...{ name: `party ${asked++}`, role: 'maker', createdAt: ports.clock.now() },
          })
          const actor = { kind: 'house', id: 'test' } as const
          const { id } = put.record
          const at = ports.clock.now()
          const event = { type: 'party-added', at, actor, subjects: [id], facts: {} } as const
          const result = await store.ledger.commit({ puts: [put], events: [event] })
          assert.deepEqual(result, { kind: 'committed' })
          acknowledged.push(id)
        }
      }
      const working = Promise.all([1, 2, 3, 4].map(commit))
      while (acknowledged.length < 50) await new Promise(setImmediate)
      await first.stop('immediate')
      await second.promote()
      await working
      assert.equal(await store.ledger.count('party', {}), 300)
      for (const id of acknowledged) assert.ok(await store.ledger.read('party', id))
      const numbers = await second.sql(
        place.database,
        'SELECT count(*), max("sequence") FROM "event"',
      )
      assert.deepEqual(numbers, [['300', '300']])
      await store.close()
    } finally {
      await second.remove()
      await first.remove()
    }
  },
)
