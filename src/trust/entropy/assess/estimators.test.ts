// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collision, collisionOf } from './collision.ts'
import { compression, compressionOf } from './compression.ts'
import { markov, markovOf } from './markov.ts'
import { mostCommonValue, mostCommonValueOf } from './most-common-value.ts'
import { tupleEstimates } from './tuples.ts'

/** Digits as samples. */
function samples(digits: string): Uint8Array {
  return Uint8Array.from(digits.replaceAll(' ', ''), Number)
}

/** To so many decimal places, as the standard prints it. */
function about(found: number | undefined, printed: number, places = 4): void {
  assert.equal(found?.toFixed(places), printed.toFixed(places))
}

const fortyBits = samples('10001 11001 01010 11100 11000 11100 10101 01110')

test('most common value: the example of SP 800-90B section 6.3.1', () => {
  const found = mostCommonValue(samples('01120 12201 01102 21021'))
  assert.equal(found.facts.proportion, 0.4)
  about(found.facts.bound, 0.6895)
  about(found.bits, 0.5363)
})

test('collision: the example of SP 800-90B section 6.3.2', () => {
  const found = collision(fortyBits)
  assert.equal(found?.facts.collisions, 14)
  about(found?.facts.mean, 2.7143)
  about(found?.facts.deviation, 0.4688)
  about(found?.facts.bound, 2.3915)
  about(found?.facts.chance, 0.7329)
  about(found?.bits, 0.4483)
})

test('Markov: the example of SP 800-90B section 6.3.3', () => {
  const found = markov(fortyBits)
  about(found?.facts.one, 0.525, 3)
  about(found?.facts.from0To1, 0.611, 3)
  about(found?.facts.from1To0, 0.571, 3)
  about(found?.bits, 0.761, 3)
})

test('compression: the example of SP 800-90B section 6.3.4, with its dictionary of four blocks', () => {
  const found = compression(samples('10001 11001 01010 11100 11000 11100 10101 01110 11100 011'), 4)
  about(found?.facts.chance, 0.5715)
  about(found?.bits, 0.1345)
})

const twentyOne = samples('22010 20121 20121 00100 0')

test('t-tuple: the example of SP 800-90B section 6.3.5, with its cutoff of three', () => {
  const { tTuple } = tupleEstimates(twentyOne, 3)
  assert.equal(tTuple?.facts.longest, 3)
  about(tTuple?.facts.chance, 0.5405)
  about(tTuple?.bits, 0.273, 3)
})

test('longest repeated substring: the example of SP 800-90B section 6.3.6, with its cutoff of three', () => {
  const { longestRepeated } = tupleEstimates(twentyOne, 3)
  assert.equal(longestRepeated?.facts.shortest, 4)
  assert.equal(longestRepeated?.facts.longest, 5)
  about(longestRepeated?.bits, 0.6146)
})

/**
 * What NIST's own program counted in its sample files and made of that
 * (usnistgov/SP800-90B_EntropyAssessment, cpp/selftest/refdata). It rounds z less than the standard does,
 * 2.5758293 for 2.576, so that the last digits differ where z counts.
 */
function asNist(found: number, printed: number, within = 2e-6): void {
  assert.ok(Math.abs(found - printed) < within, `${found} where NIST's program has ${printed}`)
}

test('from the counts of NIST’s sample data.pi, NIST’s estimates follow', () => {
  asNist(mostCommonValueOf(662_972, 1_165_666).bits, 0.81114057970407438)
  const collisions = collisionOf(477_455, 1_165_666)
  asNist(collisions.facts.deviation ?? 0, 0.49655650591493028, 1e-14)
  asNist(collisions.bits, 0.56953759345777466)
  const found = markovOf({
    one: 0.56874953889021385,
    from0To1: 0.51954071462957585,
    from1To0: 0.39393879973633839,
  })
  asNist(found.bits, 0.72318078199004532, 1e-14)
  const compressed = compressionOf({
    mean: 5.1280437523324389,
    deviation: 1.0483049347003059,
    blocks: Math.floor(1_165_666 / 6),
  })
  asNist(compressed.facts.chance ?? 0, 0.081936203422937059)
  asNist(compressed.bits, 0.60155919063219654)
})

test('from the counts of NIST’s biased samples, NIST’s estimates follow', () => {
  // biased-random-bits: 98 % zeros.
  asNist(mostCommonValueOf(979_988, 1_000_000).bits, 0.028633069781464748)
  asNist(collisionOf(490_415, 999_999).bits, 0.028513792826295892)
  const bits = compressionOf({
    mean: 0.71412876245517609,
    deviation: 1.0802523007775686,
    blocks: Math.floor(1_000_000 / 6),
  })
  asNist(bits.bits, 0.017766579116465196)
  // biased-random-bytes, its string of bits.
  const octets = compressionOf({
    mean: 1.8903312229913376,
    deviation: 1.8024447045427674,
    blocks: Math.floor(8_000_000 / 6),
  })
  asNist(octets.bits, 0.063135493215718444)
  asNist(collisionOf(3_820_717, 7_999_999).bits, 0.072705888458523521)
})

test('what is never any different has no entropy, for each estimator that can say so', () => {
  const zeros = new Uint8Array(10_000)
  const { tTuple } = tupleEstimates(zeros)
  for (const found of [mostCommonValue(zeros), collision(zeros), markov(zeros), tTuple])
    assert.equal(found?.bits, 0)
  assert.ok((compression(zeros)?.bits ?? 1) < 1e-9)
})

test('a sequence that gives an estimator nothing to work on has no estimate of it', () => {
  assert.equal(collision(samples('01')), undefined)
  assert.equal(markov(samples('1')), undefined)
  assert.equal(compression(samples('0101')), undefined)
  const { tTuple, longestRepeated } = tupleEstimates(samples('0123456789'))
  assert.deepEqual([tTuple, longestRepeated], [undefined, undefined])
})
