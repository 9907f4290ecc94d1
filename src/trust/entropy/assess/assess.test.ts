// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createCipheriv, hash } from 'node:crypto'
import { test } from 'node:test'
import { seedOfRun } from '../../../../test/fuzz/random.ts'
import { assess } from './assess.ts'

/** Octets that nothing tells from chance, the same for the same seed. */
function even(length: number): Uint8Array {
  const key = hash('sha256', `entropy ${seedOfRun()}`, 'buffer')
  const cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16))
  return cipher.update(new Uint8Array(length))
}

test('even chance is given nearly all of its bits, and is said to look conditioned', () => {
  const found = assess(even(200_000), 8)
  assert.ok(found.ofSamples > 6.5 && found.ofSamples <= 8, `${found.ofSamples}`)
  assert.ok((found.ofBits ?? 0) > 0.8, `${found.ofBits}`)
  assert.ok(found.atMostBits > 6.4)
  assert.equal(found.looksConditioned, true)
  assert.equal(found.estimates.length, 9)
})

test('a source that leans is never given more than it has', () => {
  const chance = even(200_000)
  for (const [share, bits] of [
    [0.9, -Math.log2(0.9)],
    [0.75, -Math.log2(0.75)],
    [0.6, -Math.log2(0.6)],
  ] as const) {
    const leaning = chance.map((octet) => Number(octet < 256 * share))
    const found = assess(leaning, 1)
    assert.ok(found.atMostBits <= bits + 0.01, `${found.atMostBits} of ${bits}`)
    assert.equal(found.looksConditioned, false)
    assert.equal(found.ofBits, undefined)
  }
})

test('a sequence that follows from its beginning is given next to nothing', () => {
  const counter = Uint8Array.from({ length: 50_000 }, (_, index) => index)
  const found = assess(counter, 8)
  assert.ok(found.atMostBits < 0.01, `${found.atMostBits}`)
  assert.equal(found.looksConditioned, false)
})

test('a dependency between samples is found where each sample alone looks well', () => {
  // Each bit is the one before with a chance of 7 in 8: as many ones as zeros, and 0.19 bits of entropy.
  let bit = 0
  const sticky = even(200_000).map((octet) => {
    if (octet < 32) bit ^= 1
    return bit
  })
  const found = assess(sticky, 1)
  const real = -Math.log2(7 / 8)
  assert.ok(found.atMostBits <= real + 0.01, `${found.atMostBits} of ${real}`)
  assert.notEqual(found.least.estimator, 'most-common-value')
})

test('the bits of a sample are read from the highest, and count as many times as there are', () => {
  const found = assess(
    even(30_000).map((octet) => octet & 0b1000),
    4,
  )
  // Three bits of four never change: of the string of bits that is plain to see.
  assert.ok(found.atMostBits <= 1 + 0.01)
  assert.equal(found.distinct, 2)
  assert.equal(found.symbolBits, 4)
})

test('each step is told before it is taken', () => {
  const steps: string[] = []
  assess(even(1_000), 8, (step) => steps.push(step))
  assert.equal(steps[0], 'most-common-value of the samples')
  assert.ok(steps.includes('compression of the bits'))
})
