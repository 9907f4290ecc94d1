// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lookBack } from './byte-source.ts'
import { ForwardSource } from './forward-source.ts'
import { giveBack } from './give-back.ts'

const octets = 100_000

async function* piecesOf(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}

function made(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => new Uint8Array(octets).fill(index + 1))
}

test('a source that is read forward fills an array of the reader as it would give one', async () => {
  const source = new ForwardSource(piecesOf(made(4)))
  const whole = Buffer.concat(made(4))
  const into = new Uint8Array(150_000)
  for (const at of [0, 90_000, 150_000, 200_000, 399_990, 400_000]) {
    const filled = await source.fill(at, into)
    assert.deepEqual(into.subarray(0, filled), new Uint8Array(whole.subarray(at, at + 150_000)))
    assert.deepEqual(await source.read(at, 150_000), into.slice(0, filled))
  }
})

test('the memory of pieces that are given for good goes once they are forgotten, and not before', async () => {
  for (const isOwner of [true, false]) {
    const pieces = made(4)
    const source = new ForwardSource(piecesOf(pieces), isOwner)
    await source.read(0, 10)
    await source.read(2 * octets + lookBack, 10)
    const left = pieces.map(({ length }) => length > 0)
    assert.deepEqual(left, isOwner ? [false, false, true, true] : [true, true, true, true])
    // A reader may look back as far as that.
    assert.equal((await source.read(2 * octets, 1))[0], 3)
  }
})

test('a part of something larger, and what may be shared, is not given back', () => {
  const whole = new Uint8Array(octets)
  giveBack(whole.subarray(1))
  giveBack(whole.subarray(0, -1))
  const small = new Uint8Array(1_000)
  giveBack(small)
  assert.deepEqual([whole.length, small.length], [octets, 1_000])
  giveBack(whole)
  assert.equal(whole.length, 0)
})
