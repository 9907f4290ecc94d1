// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SigningBudget, signingBudget, signingPrice } from './signing-budget.ts'

const start = Temporal.Instant.from('2026-11-29T12:00:00Z')
const { perSource, inAll, perMilliseconds, rsaPrice } = signingBudget

/** How many signatures these sources get at once, each asking as often as it likes. */
function given(sources: number, algorithm: string, budget = new SigningBudget(), at = start) {
  let count = 0
  for (let source = 0; source < sources; source++)
    while (budget.spend(`source ${source}`, signingPrice(algorithm), at)) count++
  return count
}

test('one source gets its part, and many together no more than all', () => {
  assert.equal(given(1, 'p-256'), perSource)
  assert.equal(given(1_000, 'p-256'), inAll)
  assert.equal(given(1_000, 'ml-dsa-87'), inAll)
})

test('what takes longer to sign is given more seldom', () => {
  assert.equal(given(1, 'rsa-4096'), perSource / rsaPrice)
  assert.equal(given(1_000, 'rsa-pss-3072'), inAll / rsaPrice)
})

test('it is given anew after its time, and when the clock is set back', () => {
  const budget = new SigningBudget()
  assert.equal(given(1_000, 'p-256', budget), inAll)
  const later = start.add({ milliseconds: perMilliseconds - 1 })
  const past = start.add({ milliseconds: perMilliseconds })
  assert.equal(given(1_000, 'p-256', budget, later), 0)
  assert.equal(given(1, 'p-256', budget, past), perSource)
  assert.equal(given(1_000, 'p-256', budget, start.add({ seconds: 30 })), inAll)
  assert.equal(given(1_000, 'p-256', budget, start), inAll)
})
