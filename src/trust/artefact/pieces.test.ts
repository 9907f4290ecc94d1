// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { FormatError } from '#format/format-error.ts'
import { sha256 } from '../digest.ts'
import { digestPieces, readPieces, sizeOf } from './pieces.ts'

const source = memorySource(Uint8Array.from({ length: 3_000_000 }, (_, index) => index % 251))

test('pieces are read in order, whatever their size, and hashed without being held', async () => {
  const pieces = [
    Uint8Array.of(1, 2),
    { source, from: 5, length: 2_500_000 },
    { source, from: 0, length: 1 },
  ]
  const read: Uint8Array[] = []
  for await (const chunk of readPieces(pieces)) read.push(chunk.slice())
  const whole = Uint8Array.from(Buffer.concat(read))
  const expected = Buffer.concat([
    Uint8Array.of(1, 2),
    await source.read(5, 2_500_000),
    await source.read(0, 1),
  ])
  assert.equal(sizeOf(pieces), expected.length)
  assert.deepEqual(whole, Uint8Array.from(expected))
  assert.deepEqual(await digestPieces('sha256', pieces), sha256(whole))
})

test('a source that ends too early is told, with the place', async () => {
  const pieces = [{ source, from: 2_999_999, length: 2 }]
  await assert.rejects(
    digestPieces('sha256', pieces),
    (error) => error instanceof FormatError && error.offset === 3_000_000,
  )
})
