// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Attempts } from './attempts.ts'

const now = Temporal.Instant.from('2026-05-01T12:00:00Z')

function failedTimes(times: number, address: string, serial: (time: number) => string): Attempts {
  const attempts = new Attempts()
  for (let time = 0; time < times; time++) attempts.failed(address, serial(time), now)
  return attempts
}

test('wrong codes for a serial pause that serial from that address, and no other', () => {
  const attempts = failedTimes(10, '192.0.2.1', () => 'A')
  assert.equal(attempts.blocked('192.0.2.1', 'A', now)?.reason, 'rate-limited')
  assert.equal(attempts.blocked('192.0.2.1', 'B', now), undefined)
  // Else anybody could keep a device out whose serial he can read.
  assert.equal(attempts.blocked('192.0.2.2', 'A', now), undefined)
})

test('an address that tries many serials is paused whole', () => {
  const attempts = failedTimes(100, '192.0.2.1', (time) => `S${time}`)
  assert.equal(attempts.blocked('192.0.2.1', 'new', now)?.reason, 'rate-limited')
})

test('a pause ends by itself', () => {
  const attempts = failedTimes(100, '192.0.2.1', () => 'A')
  assert.equal(attempts.blocked('192.0.2.1', 'A', now.add({ minutes: 5 })), undefined)
})

test('a serial of any length is remembered by its beginning', () => {
  const attempts = failedTimes(10, '192.0.2.1', (time) => `${'A'.repeat(64)}${time}`)
  assert.equal(attempts.blocked('192.0.2.1', 'A'.repeat(9999), now)?.reason, 'rate-limited')
})
