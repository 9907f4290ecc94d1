// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proportionCutoff, repetitionCutoff } from './cutoffs.ts'

const with20 = (bitsPerSample: number) => ({ bitsPerSample, alphaExponent: 20 })

test('the repetition count cutoff is that of the standard’s example', () => {
  // SP 800-90B section 4.4.1: alpha = 2^-20 and H = 2.0 give 1 + ceil(20 / 2.0).
  assert.equal(repetitionCutoff(with20(2)), 11)
  assert.equal(repetitionCutoff(with20(1.3)), 17)
  assert.equal(repetitionCutoff({ bitsPerSample: 0.7, alphaExponent: 21 }), 31)
})

test('the adaptive proportion cutoffs are those of the standard’s table', () => {
  // SP 800-90B section 4.4.2, table 2, alpha = 2^-20.
  const binary = [
    [0.2, 941],
    [0.4, 840],
    [0.6, 748],
    [0.8, 664],
    [1, 589],
  ] as const
  const wider = [
    [0.5, 410],
    [1, 311],
    [2, 177],
    [4, 62],
    [8, 13],
  ] as const
  for (const [claimed, cutoff] of binary)
    assert.equal(proportionCutoff(with20(claimed), 1_024), cutoff)
  for (const [claimed, cutoff] of wider)
    assert.equal(proportionCutoff(with20(claimed), 512), cutoff)
})

test('the cutoff of a widely used jitter source comes out of the same formula', () => {
  // jitterentropy-library, jent_apt_cutoff_lookup: one bit a sample, alpha = 2^-30, window 512; and RCT 1 + 30.
  const claim = { bitsPerSample: 1, alphaExponent: 30 }
  assert.equal(proportionCutoff(claim, 512), 325)
  assert.equal(repetitionCutoff(claim), 31)
})

test('where hardly anything is claimed, a whole window of one value is too much', () => {
  assert.equal(proportionCutoff({ bitsPerSample: 0.001, alphaExponent: 40 }, 512), 512)
})
