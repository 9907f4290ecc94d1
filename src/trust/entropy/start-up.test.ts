// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random, seedOfRun } from '../../../test/fuzz/random.ts'
import { leastForPatterns } from './health-tests.ts'
import { type StartUp, StartUpTest, usualClaim } from './start-up.ts'

const octets: StartUp = { symbolBits: 8, samples: 1_024, bitsPerSample: 1, alphaExponent: 30 }
const bits: StartUp = { symbolBits: 1, samples: 4_096, bitsPerSample: 0.5, alphaExponent: 30 }

/** What the start-up finds wrong with samples that a function makes, and after how many. */
function verdict(startUp: StartUp, sampleAt: (index: number) => number) {
  const test = new StartUpTest(startUp)
  for (let index = 0; test.missing > 0; index++) {
    const wrong = test.take(sampleAt(index))
    if (wrong !== undefined) return { after: index + 1, ...wrong }
  }
  return undefined
}

const random = new Random(seedOfRun())

test('a source of good chance passes, whatever its samples are wide', () => {
  for (let symbolBits = 1; symbolBits <= 8; symbolBits++) {
    const startUp = { ...octets, symbolBits, bitsPerSample: usualClaim(symbolBits) }
    assert.equal(
      verdict(startUp, () => random.below(2 ** symbolBits)),
      undefined,
    )
  }
})

test('a source that is stuck is found by the repetition count, as soon as that can be', () => {
  const found = verdict(octets, (index) => (index < 500 ? random.below(256) : 0))
  assert.equal(found?.test, 'repetition-count')
  assert.ok(found.after >= 530 && found.after <= 531)
  assert.equal(found.detail, 'one value came 31 times in a row, 31 is too often')
  assert.equal(verdict(octets, () => 0)?.after, 31)
})

test('one repetition less than the cutoff is no finding', () => {
  assert.equal(
    verdict(octets, (index) => (index >= 100 && index < 130 ? 7 : random.below(7))),
    undefined,
  )
})

test('a source that leans to one value is found by the adaptive proportion', () => {
  const found = verdict({ ...bits, bitsPerSample: 0.9 }, () => Number(random.below(100) < 75))
  assert.equal(found?.test, 'adaptive-proportion')
  assert.match(found.detail, /of 1024 is too often$/)
  const leaning = verdict(octets, () => (random.below(100) < 85 ? 0x20 : random.below(256)))
  assert.ok(leaning?.test === 'adaptive-proportion' || leaning?.test === 'repetition-count')
})

test('the window of the adaptive proportion begins anew after 512 samples', () => {
  // 320 of one value at the end of a window, and 320 at the beginning of the next: neither window has 325.
  const at = (index: number) => (index >= 192 && index < 832 && index % 20 !== 0 ? 9 : index % 251)
  const runs = { ...octets, alphaExponent: 40, bitsPerSample: 0.9 }
  assert.notEqual(verdict(runs, at)?.test, 'adaptive-proportion')
})

test('a short pattern that comes again and again is found, at every length', () => {
  for (const period of [2, 3, 16, 100, 128, 256]) {
    const pattern = Array.from({ length: period }, (_, index) => (index * 37 + 11) % 256)
    const found = verdict(octets, (index) => pattern[index % period] ?? 0)
    assert.equal(found?.test, 'repeated-pattern', `period ${period}`)
    assert.match(found.detail, /^39 samples in a row were those of \d+ samples before$/)
  }
})

test('a counter is found, whichever way it counts', () => {
  for (const step of [1, 2, 85, 255]) {
    const found = verdict(octets, (index) => (7 + index * step) % 256)
    assert.ok(found?.test === 'repeated-pattern' || found?.test === 'repetition-count')
    assert.ok(found.after <= leastForPatterns(octets))
  }
})

test('a sound source fails less often than the chance that was asked for', () => {
  // At 2^-20 a failure in 1,000 start-ups would be one in a thousand runs of this test; none is expected.
  const sound: StartUp = { ...octets, alphaExponent: 40, bitsPerSample: 8 }
  for (let times = 0; times < 50; times++)
    assert.equal(
      verdict(sound, () => random.below(256)),
      undefined,
    )
})

test('what a test finds names no sample', () => {
  for (const secret of [0xab, 0xcd]) {
    const found = verdict(octets, () => secret)
    assert.doesNotMatch(`${found?.detail}`, new RegExp(`${secret}|${secret.toString(16)}`))
  }
})
