// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from '../format-error.ts'
import { span, stepsOf } from './byte-source.ts'
import { handleSource, type ReadHandle } from './handle-source.ts'

const octets = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251)

/** A file that gives at most so much at a time, as systems may. */
function handleOf(bytes: Uint8Array, most = 70_000) {
  const asked: number[] = []
  const handle: ReadHandle = {
    async read(buffer, offset, length, position) {
      asked.push(position)
      const given = bytes.subarray(position, position + Math.min(length, most))
      buffer.set(given, offset)
      return { bytesRead: given.length }
    },
  }
  return { handle, asked }
}

test('gives the octets of any place, and fewer only at the end', async () => {
  const source = handleSource(handleOf(octets).handle, octets.length)
  for (const [at, length] of [
    ...[
      [0, 10],
      [65_530, 20],
      [5, 150_000],
      [199_990, 40],
      [200_000, 1],
      [300_000, 5],
      [7, 0],
    ],
  ] as const)
    assert.deepEqual(
      await source.read(at ?? 0, length ?? 0),
      octets.slice(at, (at ?? 0) + (length ?? 0)),
    )
})

test('what lies close together is read once, and what was given stays as it was', async () => {
  const { handle, asked } = handleOf(octets)
  const source = handleSource(handle, octets.length)
  const first = await source.read(100, 4)
  for (let at = 104; at < 1_000; at += 4) await source.read(at, 4)
  assert.equal(asked.length, 1)
  await source.read(150_000, 4)
  assert.deepEqual(first, octets.slice(100, 104))
})

test('a file that became shorter is told, with the place', async () => {
  const source = handleSource(handleOf(octets.subarray(0, 1_000)).handle, octets.length)
  await assert.rejects(
    source.read(0, 100_000),
    (error) => error instanceof FormatError && error.code === 'truncated' && error.offset === 1_000,
  )
})

test('going through it takes one array, however long it is, and what small reads gave stays', async () => {
  const source = handleSource(handleOf(octets).handle, octets.length)
  const small = await source.read(10, 4)
  const arrays = new Set<ArrayBufferLike>()
  const seen: number[] = []
  for await (const chunk of stepsOf(source, 5, octets.length, 16_384)) {
    arrays.add(chunk.buffer)
    // Who reads elsewhere meanwhile disturbs nothing: the array is of this walk alone.
    await source.read(0, 100)
    seen.push(...chunk)
  }
  assert.equal(arrays.size, 1)
  assert.deepEqual(Uint8Array.from(seen), octets.slice(5))
  assert.deepEqual(small, octets.slice(10, 14))
})

test('a part of it fills no more than the part', async () => {
  const part = span(handleSource(handleOf(octets).handle, octets.length), 1_000, 300)
  const into = new Uint8Array(1_000)
  assert.equal(await part.fill?.(100, into), 200)
  assert.deepEqual(into.subarray(0, 201), Uint8Array.from([...octets.slice(1_100, 1_300), 0]))
  assert.equal(await part.fill?.(300, into), 0)
})
