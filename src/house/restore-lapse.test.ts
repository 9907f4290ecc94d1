// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lapsing } from './restore-lapse.ts'

const now = Temporal.Instant.from('2026-11-29T12:00:00Z')
const [past, future] = [-1, 1].map((hours) => now.add({ hours }).epochMilliseconds)

const columns = ['id', 'version', 'codeSha256', 'codeExpiresAt', 'codeUsedAt']

function lapsing(): Lapsing {
  const lapse = new Lapsing(now)
  // Of a manifest nothing else is looked at.
  lapse.begin({ tables: [{ name: 'application', columns }] } as never)
  return lapse
}

test('the code of an application that may have been spent in the lost time ends', () => {
  const lapse = lapsing()
  const hash = new Uint8Array(32)
  const rows = [
    ['open', 1, hash, future ?? null, null],
    ['used', 2, hash, future ?? null, past ?? null],
    ['over', 1, hash, past ?? null, null],
    ['none', 1, null, null, null],
  ] as const
  const [open, ...others] = lapse.take('application', rows)
  assert.deepEqual(open, ['open', 2, hash, now.epochMilliseconds, null])
  assert.deepEqual(others, rows.slice(1))
  assert.equal(lapse.codes, 1)
})
