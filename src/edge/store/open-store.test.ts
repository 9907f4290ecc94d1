// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from './open-store.ts'
import { added, testPorts, withDirectory } from './store-testing.ts'

test('a record that was committed is read by its id, by its unique key and in its list', async () => {
  await withDirectory(async (directory) => {
    const ports = testPorts()
    const store = await openStore(directory, ports)
    const party = added(ports, 'party', {
      name: 'Example Medical',
      role: 'maker',
      createdAt: ports.clock.now(),
    })
    const committed = await store.ledger.commit({ puts: [party], events: [] })
    assert.deepEqual(committed, { kind: 'committed' })
    assert.deepEqual(await store.ledger.read('party', party.record.id), party.record)
    assert.deepEqual(await store.ledger.find('party', 'name', ['Example Medical']), party.record)
    const page = await store.ledger.list('party', { limit: 10 })
    assert.deepEqual(page, { items: [party.record], next: null })
    assert.equal(await store.ledger.count('party', {}), 1)
    await store.close()
  })
})
