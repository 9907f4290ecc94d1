// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventsOf, linesOf } from './lines.ts'

async function* cutAt(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test('lines come whole wherever the stream is cut, in the middle of a letter too', async () => {
  for (const size of [1, 2, 3, 7, 1000]) {
    const lines = await Array.fromAsync(linesOf(cutAt('é1\n\nzwei 東\nlast', size)))
    assert.deepEqual(lines, ['é1', '', 'zwei 東', 'last'])
  }
})

test('of events only the documents are told, not the signs of life', async () => {
  const events = await Array.fromAsync(
    eventsOf(cutAt(':\n\ndata: {"a":1}\n\n:\n\ndata: {"b":"é"}\n\n', 5)),
  )
  assert.deepEqual(events, [{ a: 1 }, { b: 'é' }])
})
