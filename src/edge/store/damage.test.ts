// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { databaseName, openStore } from './open-store.ts'
import { testPorts, withDirectory, writeOne } from './store-testing.ts'

const damaged = { name: 'Fault', code: 'ledger-damaged' }
const pageSize = 4_096

test('a file that is no database is called damaged', () =>
  onFilled(async (directory, file) => {
    writeFileSync(file, new Uint8Array(10 * pageSize).fill(0x55))
    await assert.rejects(openStore(directory, testPorts()), damaged)
  }))

test('a file whose pages have rotted is called damaged by whoever meets them', () =>
  onFilled(async (directory, file) => {
    const bytes = readFileSync(file)
    for (let page = 2; page * pageSize < bytes.length; page++)
      bytes.fill(0xff, page * pageSize, page * pageSize + 16)
    writeFileSync(file, bytes)
    const ports = testPorts(2)
    await assert.rejects(async () => {
      const store = await openStore(directory, ports)
      try {
        await writeOne(store.ledger, ports)
      } finally {
        await store.close()
      }
    }, damaged)
    await assert.rejects(async () => {
      const store = await openStore(directory, ports)
      try {
        await store.ledger.list('encoding', { limit: 1_000 })
      } finally {
        await store.close()
      }
    }, damaged)
  }))

test('a file that was cut short is called damaged', () =>
  onFilled(async (directory, file) => {
    truncateSync(file, 3 * pageSize)
    const ports = testPorts(2)
    await assert.rejects(async () => {
      const store = await openStore(directory, ports)
      try {
        await store.ledger.list('encoding', { limit: 1_000 })
      } finally {
        await store.close()
      }
    }, damaged)
  }))

test('a directory that is not there cannot be reached', async () => {
  const missing = join(import.meta.dirname, 'no-such-directory')
  await assert.rejects(openStore(missing, testPorts()), { code: 'store-unreachable' })
})

async function onFilled(work: (directory: string, file: string) => Promise<void>) {
  await withDirectory(async (directory) => {
    const ports = testPorts()
    const store = await openStore(directory, ports)
    for (let count = 0; count < 20; count++) await writeOne(store.ledger, ports, 3_000)
    await store.close()
    await work(directory, join(directory, databaseName))
  })
}
