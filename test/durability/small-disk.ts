// SPDX-License-Identifier: Apache-2.0
/** Runs on a disk of 8 MB, given as its argument: fills it, frees some of it, goes on. */
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '#edge/store/open-store.ts'
import { testPorts, writeOne, writeUntilFull } from '#edge/store/store-testing.ts'

const [, , directory = ''] = process.argv
const ballast = join(directory, 'ballast')
const ports = testPorts()
writeFileSync(ballast, new Uint8Array(4 * 1024 * 1024))
const store = await openStore(directory, ports)
const written = await writeUntilFull(store.ledger, ports)
const fitted = written.length
await assert.rejects(writeOne(store.ledger, ports), { code: 'store-full' })
for (const id of written) assert.ok(await store.ledger.read('encoding', id))
assert.equal(await store.ledger.count('encoding', {}), fitted)
rmSync(ballast)
for (let count = 0; count < 20; count++) written.push(await writeOne(store.ledger, ports))
await store.close()
const again = await openStore(directory, ports)
for (const id of written) assert.ok(await again.ledger.read('encoding', id))
assert.equal(await again.ledger.count('encoding', {}), written.length)
await again.close()
process.stdout.write(`full after ${fitted}, read on, went on with ${written.length - fitted}\n`)
