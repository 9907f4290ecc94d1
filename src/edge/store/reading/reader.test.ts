// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { Reader } from './reader.ts'

const directory = mkdtempSync(join(tmpdir(), 'vitalsign-test-'))
const file = join(directory, 'ledger.db')

before(() => {
  const database = new DatabaseSync(file)
  database.exec('CREATE TABLE number (value INTEGER) STRICT; INSERT INTO number VALUES (7)')
  database.close()
})
after(() => rmSync(directory, { recursive: true, force: true }))

const wanted = 'SELECT value + ? FROM number'

test('questions of one turn are answered each in its place, a bad one among them with its fault', async () => {
  const reader = new Reader(file)
  const asked = [
    ...Array.from({ length: 50 }, (_, index) => reader.all(wanted, [index])),
    reader.all('SELECT nothing FROM nowhere'),
    reader.all(wanted, [1_000]),
  ]
  const answers = await Promise.allSettled(asked)
  const later = await reader.all(wanted, [1])
  await reader.close()
  const values = answers.map((one) => (one.status === 'fulfilled' ? one.value[0]?.[0] : 'fault'))
  assert.deepEqual(values, [...Array.from({ length: 50 }, (_, index) => index + 7), 'fault', 1_007])
  assert.deepEqual(later, [[8]])
})

test('what was asked in the turn in which the reader is closed is answered', async () => {
  const reader = new Reader(file)
  const asked = reader.all(wanted, [2])
  await reader.close()
  assert.deepEqual(await asked, [[9]])
  await assert.rejects(reader.all(wanted, [2]), /the store is closed/)
})
