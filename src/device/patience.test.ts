// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseHttpDate, parseRetryAfter, patience, pauseAfter } from './patience.ts'

const at = (fraction: number) => ({ fraction: () => fraction })
const seconds = (...pause: Parameters<typeof pauseAfter>) => pauseAfter(...pause).total('seconds')

test('a pause doubles with each failure, lies between half and all of it, and has an end', () => {
  for (let failures = 1; failures < 2_000; failures++) {
    const span = Math.min(2 ** Math.min(failures, 40), 300)
    assert.equal(seconds(failures, undefined, 300, at(0)), span / 2)
    assert.ok(seconds(failures, undefined, 300, at(0.999_999)) <= span)
  }
})

test('the server’s time comes first, between a second and a day, and a tenth is added by chance', () => {
  assert.equal(seconds(9, 100, 300, at(0)), 100)
  assert.equal(seconds(9, 100, 300, at(0.5)), 105)
  assert.equal(seconds(1, 0, 300, at(0)), patience.leastRetryAfterSeconds)
  assert.equal(seconds(1, 999_999_999, 300, at(0)), patience.mostRetryAfterSeconds)
})

test('Retry-After is seconds, or a date by the server’s own clock', () => {
  const now = Temporal.Instant.from('2026-11-22T17:00:00Z')
  assert.equal(parseRetryAfter('120', undefined), 120)
  assert.equal(parseRetryAfter('Sun, 22 Nov 2026 17:02:00 GMT', now), 120)
  assert.equal(parseRetryAfter('Sun, 22 Nov 2026 16:00:00 GMT', now), 0)
  for (const nonsense of ['-1', '1.5', 'soon', '99999999999', '', undefined]) {
    assert.equal(parseRetryAfter(nonsense, now), undefined)
  }
  assert.equal(parseRetryAfter('Sun, 22 Nov 2026 17:02:00 GMT', undefined), undefined)
})

test('a date is an IMF-fixdate or nothing', () => {
  assert.equal(`${parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT')}`, '1994-11-06T08:49:37Z')
  for (const other of [
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    'Sun, 99 Nov 1994 08:49:37 GMT',
    undefined,
  ]) {
    assert.equal(parseHttpDate(other), undefined)
  }
})
