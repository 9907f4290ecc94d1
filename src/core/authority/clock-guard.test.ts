// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClockGuard } from './clock-guard.ts'

const at = (time: string) => Temporal.Instant.from(`2026-05-01T${time}Z`)

test('a clock behind the last event is refused, but for the small steps of a time service', () => {
  const guard = new ClockGuard(at('12:00:00'))
  assert.equal(guard.check(at('11:59:55')), undefined)
  assert.equal(guard.check(at('11:59:54.999'))?.reason, 'clock-behind')
})

test('the latest event counts, in whichever order they are observed', () => {
  const guard = new ClockGuard(at('12:00:00'))
  guard.observe(at('13:00:00'))
  guard.observe(at('12:30:00'))
  assert.equal(guard.check(at('12:59:00'))?.reason, 'clock-behind')
  assert.equal(guard.check(at('13:00:00')), undefined)
})

test('a clock more than a minute ahead of the shared one is refused until it was set right', () => {
  let ahead = 60_000
  const guard = new ClockGuard(at('12:00:00'), () => ahead)
  assert.equal(guard.check(at('12:01:00')), undefined)
  ahead = 60_001
  const refused = guard.check(at('12:01:00'))
  assert.equal(refused?.reason, 'clock-ahead')
  assert.match(refused.detail, /60 s ahead of the database's/)
  ahead = -600_000
  assert.equal(guard.check(at('12:01:00')), undefined)
})
