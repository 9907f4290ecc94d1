// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from './open-store.ts'
import { testPorts, withDirectory, writeOne, writeUntilFull } from './store-testing.ts'

test('a full database refuses writes, keeps what it has, goes on reading, and goes on when let', async () => {
  await withDirectory(async (directory) => {
    const ports = testPorts()
    const small = await openStore(directory, ports, { maxPages: 400 })
    const written = await writeUntilFull(small.ledger, ports)
    assert.ok(written.length > 10)
    await assert.rejects(writeOne(small.ledger, ports), { code: 'store-full' })
    assert.equal(await small.ledger.count('encoding', {}), written.length)
    for (const id of written) assert.ok(await small.ledger.read('encoding', id))
    await small.close()
    const larger = await openStore(directory, ports)
    await writeOne(larger.ledger, ports)
    assert.equal(await larger.ledger.count('encoding', {}), written.length + 1)
    await larger.close()
  })
})

test('one change of a group that does not fit any more takes its neighbours with it, none half', async () => {
  await withDirectory(async (directory) => {
    const ports = testPorts()
    const store = await openStore(directory, ports, { maxPages: 400 })
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, () => writeOne(store.ledger, ports, 100_000)),
    )
    const failed = results.filter((result) => result.status === 'rejected')
    assert.ok(failed.length > 0)
    for (const { reason } of failed) assert.equal(reason.code, 'store-full')
    assert.equal(await store.ledger.count('encoding', {}), 40 - failed.length)
    await store.close()
  })
})
