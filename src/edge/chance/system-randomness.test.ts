// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeSystemRandomness } from './system-randomness.ts'

test('every draw is of the asked length, its own, and never seen before', () => {
  const random = makeSystemRandomness()
  const seen = new Set<string>()
  for (let round = 0; round < 2_000; round++) {
    const bytes = random.bytes(16)
    assert.equal(bytes.length, 16)
    seen.add(bytes.toHex())
    bytes.fill(0)
  }
  assert.equal(seen.size, 2_000)
})

test('lengths of all sizes are served, also beyond the pool', () => {
  const random = makeSystemRandomness()
  for (const count of [0, 1, 255, 256, 257, 4_096, 100_000])
    assert.equal(random.bytes(count).length, count)
  const large = random.bytes(100_000)
  assert.ok(new Set(large).size === 256, 'a large draw is not zeros')
})
