// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LoneThread } from './lone-thread.ts'

/** Answers each question with it, and tells by shared memory that the answer is under way. */
const echo = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads'
    parentPort.on('message', ({ said, word }) => {
      parentPort.postMessage({ word })
      Atomics.store(said, 0, 1)
      Atomics.notify(said, 0)
    })
  `)}`,
)

test('a thread that was ended while its answer was under way breaks no later question', async () => {
  const thread = new LoneThread<{ said: Int32Array; word: string }, { word: string }>(
    ...([echo, 'echoes', 16] as const),
  )
  try {
    for (let round = 0; round < 5; round++) {
      const said = new Int32Array(new SharedArrayBuffer(4))
      const ending = new AbortController()
      const first = thread.ask({ said, word: 'first' }, ending.signal)
      // Its answer waits to be heard, and only then the thread is ended.
      Atomics.wait(said, 0, 0, 60_000)
      ending.abort()
      await first
      const second = await thread.ask({ said, word: 'second' }, new AbortController().signal)
      assert.deepEqual(second, { word: 'second' })
    }
  } finally {
    await thread.close()
  }
})
