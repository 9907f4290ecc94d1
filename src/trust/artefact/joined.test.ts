// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { filled } from './filled.ts'
import { joined } from './joined.ts'

const source = memorySource(Uint8Array.of(10, 11, 12, 13, 14))
const pieces = [
  Uint8Array.of(1, 2),
  { source, from: 1, length: 3 },
  new Uint8Array(0),
  Uint8Array.of(3),
]
const whole = [1, 2, 11, 12, 13, 3]

test('pieces are one source, read from anywhere, and end where the last one ends', async () => {
  const one = joined(pieces)
  assert.equal(one.size, 6)
  for (let at = 0; at <= 7; at++)
    for (let length = 0; length <= 8; length++)
      assert.deepEqual([...(await one.read(at, length))], whole.slice(at, at + length))
})

test('a piece whose source ends too early is told, and never shifts what follows', async () => {
  const short = joined([{ source, from: 3, length: 4 }, Uint8Array.of(9)])
  await assert.rejects(short.read(0, 5), { code: 'truncated' })
})

test('octets of one value end where they should, however they are asked for', async () => {
  const erased = filled(0xff, 5)
  assert.deepEqual([...(await erased.read(3, 10))], [0xff, 0xff])
  assert.deepEqual([...(await erased.read(0, 2))], [0xff, 0xff])
  assert.equal((await erased.read(5, 1)).length, 0)
})
