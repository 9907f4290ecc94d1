// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { databaseName, openStore } from '../open-store.ts'
import { testPorts, withDirectory, writeOne } from '../store-testing.ts'

const walPages = 50
/** A page with its frame's head. @see https://sqlite.org/fileformat2.html#wal_file_format */
const frameBytes = 4_096 + 24

test('the WAL is carried into the database while writing goes on, and begins anew', () =>
  withDirectory(async (directory) => {
    const ports = testPorts()
    const store = await openStore(directory, ports, { walPages })
    const written: string[] = []
    for (let count = 0; count < 400; count++) written.push(await writeOne(store.ledger, ports))
    const frames = statSync(join(directory, `${databaseName}-wal`)).size / frameBytes
    assert.ok(frames < 12 * walPages, `${frames} frames of some 2,800 that were written`)
    for (const id of written) assert.ok(await store.ledger.read('encoding', id))
    await store.close()
  }))

test('a closed store leaves one file', () =>
  withDirectory(async (directory) => {
    const ports = testPorts()
    const store = await openStore(directory, ports, { walPages })
    for (let count = 0; count < 50; count++) await writeOne(store.ledger, ports)
    await store.ledger.list('encoding', { limit: 1 })
    await store.close()
    const file = join(directory, databaseName)
    assert.deepEqual([file, `${file}-wal`, `${file}-shm`].map(existsSync), [true, false, false])
  }))

test('an export that is being read holds the WAL, and its end frees it', () =>
  withDirectory(async (directory) => {
    const ports = testPorts()
    const store = await openStore(directory, ports, { walPages })
    const size = () => statSync(join(directory, `${databaseName}-wal`)).size / frameBytes
    await writeOne(store.ledger, ports)
    const snapshot = await store.log.snapshot()
    for (let count = 0; count < 200; count++) await writeOne(store.ledger, ports)
    const held = size()
    assert.ok(held > 1_000, `${held} frames`)
    await snapshot.close()
    for (let count = 0; count < 200; count++) await writeOne(store.ledger, ports)
    assert.ok(size() <= held + 12 * walPages, `${size()} frames after ${held}`)
    await store.close()
  }))
