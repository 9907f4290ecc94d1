// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBase, parseBase } from '#format/compact-status/block.ts'
import { certificateStates } from '#format/compact-status/changes.ts'
import { Random, seedOfRun } from '../../../test/fuzz/random.ts'
import { stateIn } from './block-state.ts'
import { type BlockRows, type BuiltBlock, buildBlock } from './build-block.ts'

const random = new Random(seedOfRun())
const seed = random.bytes(32)

/** So many of which some are held and some revoked, wherever they fall. */
function rowsOf(count: number, held: number, revoked: number): BlockRows {
  const states = new Uint8Array(count)
  for (let index = 0; index < held + revoked; index++) states[index] = index < held ? 1 : 2
  for (let index = count - 1; index > 0; index--) {
    const other = random.below(index + 1)
    ;[states[index], states[other]] = [states[other]!, states[index]!]
  }
  return { count, serials: random.bytes(count * 16), states }
}

function check({ count, serials, states }: BlockRows, { base, changes }: BuiltBlock): void {
  const again = parseBase(encodeBase(base))
  const told = changes && { ...changes, block: 0 }
  for (let index = 0; index < count; index++) {
    const serial = serials.subarray(index * 16, index * 16 + 16)
    assert.equal(stateIn(again, told, serial), certificateStates[states[index]!])
  }
}

for (const [count, held, revoked] of [
  ...([
    [1, 0, 0],
    [1, 1, 0],
    [1, 0, 1],
    [2, 1, 1],
    [300, 0, 300],
    [300, 300, 0],
  ] as const),
  ...([
    [300, 150, 150],
    [300, 1, 299],
    [4_000, 0, 1],
    [4_000, 0, 400],
    [4_000, 37, 400],
  ] as const),
  ...([
    [4_000, 0, 3_990],
    [4_000, 2_000, 0],
    [4_000, 1_500, 1_900],
    [12_000, 60, 60],
  ] as const),
] as const) {
  test(`a block of ${count} with ${held} held and ${revoked} revoked is exact`, () => {
    const rows = rowsOf(count, held, revoked)
    const built = buildBlock(rows, seed)
    check(rows, built)
    assert.deepEqual(buildBlock(rows, seed), built) // the same input, the same bytes
  })
}

test('what a few became leaves the base as it is, to the byte', () => {
  const rows = rowsOf(6_000, 5, 300)
  const before = buildBlock(rows, seed)
  for (let count = 0; count < 6; count++) rows.states[random.below(6_000)] = random.below(3)
  const after = buildBlock(rows, random.bytes(32), before)
  check(rows, after)
  assert.deepEqual(after.base, before.base)
})

test('what many became makes the base anew', () => {
  const rows = rowsOf(6_000, 0, 300)
  const before = buildBlock(rows, seed)
  for (let count = 0; count < 900; count++) rows.states[random.below(6_000)] = 2
  const after = buildBlock(rows, random.bytes(32), before)
  check(rows, after)
  assert.notDeepEqual(after.base, before.base)
})

test('a list is as wide as tells its few from all the others', () => {
  const rows = rowsOf(12_000, 0, 12)
  const { changes } = buildBlock(rows, seed)
  assert.equal(changes?.width, 3)
})

test('a serial number that stands twice with two states ends in an error, never in a wrong answer', () => {
  const rows = rowsOf(200, 0, 100)
  const same = rows.serials.subarray(0, 16)
  const other = rows.states.findIndex((state) => state !== rows.states[0])
  rows.serials.set(same, other * 16)
  assert.throws(() => buildBlock(rows, seed), RangeError)
})

test('another seed gives another salt', () => {
  const rows = rowsOf(2_000, 0, 200)
  const [one, other] = [buildBlock(rows, seed), buildBlock(rows, random.bytes(32))]
  assert.notDeepEqual(one.base.salt, other.base.salt)
})
