// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CertificateRecord, RenewalOrder } from '../ledger/tables.ts'
import { isMeant, momentOf, orderedFor } from './renew-now.ts'

const now = Temporal.Instant.from('2026-05-01T12:00:00Z')
const later = (hours: number) => now.add({ hours })

function order(more: Partial<RenewalOrder> = {}): RenewalOrder {
  return {
    ...{ id: 'rno_1', version: 1, authority: 'aut_1', product: null, lot: null, algorithm: null },
    ...{ fromAt: now, until: later(24), because: 'a test', total: 1, state: 'open' },
    ...{ createdAt: now, createdBy: 'test', endedAt: null },
    ...more,
  }
}

const held = {
  ...{ id: 'crt_1', kind: 'working', state: 'issued', owner: 'dev_1', authority: 'aut_1' },
  ...{ product: 'prd_1', lot: 'L-1', algorithm: 'p-256' },
  ...{ issuedAt: later(-1), notAfter: later(1_000) },
} as CertificateRecord

for (const [what, more, wanted] of [
  ['of the authority that it names', {}, true],
  ['of another authority', { authority: 'aut_2' }, false],
  ['issued after it was given', { issuedAt: later(1) }, false],
  ['issued at that very moment, by the successor', { issuedAt: now }, false],
  ['that had ended when it was given', { notAfter: later(-1) }, false],
  ['that ends within its window', { notAfter: later(1) }, true],
  ['that is a birth identity', { kind: 'birth' }, false],
  ['that was revoked', { state: 'revoked' }, false],
  ['that was never signed', { issuedAt: null }, false],
] as const) {
  test(`an order ${wanted ? 'means' : 'does not mean'} a certificate ${what}`, () => {
    assert.equal(isMeant(order(), { ...held, ...more }), wanted)
  })
}

test('what an order names adds up', () => {
  const both = order({ authority: null, product: 'prd_1', lot: 'L-1' })
  assert.equal(isMeant(both, held), true)
  assert.equal(isMeant(both, { ...held, lot: 'L-2' }), false)
  assert.equal(isMeant(both, { ...held, product: 'prd_2' }), false)
})

test('of two orders the one whose moment is first is told', () => {
  const late = order({ id: 'rno_2', fromAt: later(100), until: later(124) })
  assert.equal(orderedFor(held, [late, order()])?.order, 'rno_1')
  assert.equal(orderedFor(undefined, [order()]), undefined)
})

/** The largest value in a thousand of chi square with 23 degrees of freedom. */
const mostChiSquare = 49.7

test('a herd is spread evenly over the window, and no order like the one before', () => {
  const count = 24_000
  const hours = new Array<number>(24).fill(0)
  let same = 0
  for (let index = 0; index < count; index++) {
    const device = `dev_${index.toString(16).padStart(32, '0')}`
    const moment = momentOf(order(), device)
    const hour = Math.floor(now.until(moment).total('hours'))
    assert.ok(hour >= 0 && hour < 24, `${moment} is within the window`)
    hours[hour] = (hours[hour] ?? 0) + 1
    const other = momentOf(order({ id: 'rno_2' }), device)
    if (Math.floor(now.until(other).total('hours')) === hour) same++
    if (index < 100) assert.deepEqual(momentOf(order(), device), moment, 'always the same')
  }
  const wanted = count / 24
  const chiSquare = hours.reduce((sum, found) => sum + (found - wanted) ** 2 / wanted, 0)
  assert.ok(chiSquare < mostChiSquare, `chi square ${chiSquare} of ${hours}`)
  assert.ok(same < wanted * 1.2, `${same} devices keep their hour, ${wanted} would by chance`)
})
