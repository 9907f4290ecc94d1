// SPDX-License-Identifier: Apache-2.0
/** Backs a house up to the small disk given as its argument, and restores onto it: neither has room. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { newId } from '#core/ledger/ids.ts'
import { askLocally, madeBackup, restored } from '../../support/backup.ts'
import { openTestHouse, withProduct } from '../../support/house.ts'

const [, , directory = ''] = process.argv
const house = await openTestHouse()
const der = new Uint8Array(20_000)
const puts = Array.from({ length: 1000 }, () => {
  const record = { id: newId('encoding', house.core), version: 1, der }
  return { kind: 'encoding', record } as const
})
await house.core.ledger.commit({ puts, events: [] })

const there = await madeBackup(house)
assert.equal(there.last.kind, 'done')
const file = join(directory, 'small.backup')
const answer = await askLocally(house, 'POST', '/backups', { file, recipients: [there.recipient] })
const last = JSON.parse(answer.text.trim().split('\n').at(-1) ?? 'null')
assert.equal(`${last.kind} ${last.reason}`, 'stopped store-full', answer.text)
assert.equal(existsSync(`${file}.part`), false)
assert.equal(existsSync(file), false)
await withProduct(house)

const now = () => Temporal.Now.instant()
await assert.rejects(restored(there, now, join(directory, 'data')), { code: 'store-full' })
await assert.rejects(openTestHouse(join(directory, 'data')), { code: 'restore-unfinished' })
assert.deepEqual(house.troubles, [])
await house.stop()
process.stdout.write('neither fits, both are told\n')
