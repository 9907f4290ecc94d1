// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareBytes } from '#format/bytes.ts'
import { Random, seedOfRun } from '../../../../test/fuzz/random.ts'
import { commonPrefixes, suffixArray } from './suffix-array.ts'
import { tupleEstimates } from './tuples.ts'

const random = new Random(seedOfRun())

/** Short texts of few values, in which much is repeated, and a few that are all repetition. */
function* texts(count: number): Generator<Uint8Array> {
  for (let index = 0; index < count; index++) {
    const length = 1 + random.below(80)
    const values = 1 + random.below(index % 5 === 0 ? 256 : 4)
    const period = index % 3 === 0 ? 1 + random.below(7) : length
    const piece = Array.from({ length: period }, () => random.below(values))
    yield Uint8Array.from({ length }, (_, at) => piece[at % period] ?? 0)
  }
}

test('suffixes are sorted as a plain sort sorts them', () => {
  for (const text of texts(2_000)) {
    const plainly = [...text.keys()].sort((a, b) =>
      compareBytes(text.subarray(a), text.subarray(b)),
    )
    assert.deepEqual([...suffixArray(text, 256)], plainly, text.toHex())
  }
})

test('what neighbours have in common is counted as one counts by hand', () => {
  for (const text of texts(300)) {
    const order = suffixArray(text, 256)
    const common = commonPrefixes(text, order)
    for (let index = 1; index < order.length; index++) {
      const [left, right] = [text.subarray(order[index - 1]), text.subarray(order[index])]
      let same = 0
      while (same < left.length && left[same] === right[same]) same++
      assert.equal(common[index], same)
    }
  }
})

/** Steps 1 to 3 of both estimators as they stand in the standard: a table of tuples for each length. */
function byTables(text: Uint8Array, cutoff: number) {
  const most: number[] = []
  const pairs: number[] = []
  for (let n = 1; n <= text.length; n++) {
    const counts = new Map<string, number>()
    for (let at = 0; at + n <= text.length; at++) {
      const tuple = text.subarray(at, at + n).toHex()
      counts.set(tuple, (counts.get(tuple) ?? 0) + 1)
    }
    most.push(Math.max(...counts.values()))
    pairs.push([...counts.values()].reduce((sum, count) => sum + (count * (count - 1)) / 2, 0))
  }
  const longest = most.findLastIndex((count) => count >= cutoff) + 1
  const repeated = most.findLastIndex((count) => count >= 2) + 1
  const places = (n: number) => text.length - n + 1
  const chanceOf = (from: number, to: number, share: (n: number) => number) => {
    let chance = 0
    for (let n = from; n <= to; n++) chance = Math.max(chance, share(n) ** (1 / n))
    return to < from ? undefined : chance
  }
  return {
    tTuple: chanceOf(1, longest, (n) => (most[n - 1] ?? 0) / places(n)),
    longestRepeated: chanceOf(
      longest + 1,
      repeated,
      (n) => (2 * (pairs[n - 1] ?? 0)) / (places(n) * (places(n) - 1)),
    ),
  }
}

test('tuples are counted as tables of them count', () => {
  for (const text of texts(600)) {
    const cutoff = 2 + random.below(6)
    const plainly = byTables(text, cutoff)
    const { tTuple, longestRepeated } = tupleEstimates(text, cutoff)
    assert.equal(tTuple?.facts.chance, plainly.tTuple, `${text.toHex()} from ${cutoff}`)
    assert.equal(longestRepeated?.facts.chance, plainly.longestRepeated, text.toHex())
  }
})
