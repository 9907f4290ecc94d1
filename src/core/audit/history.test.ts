// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEvent } from './encode-event.ts'
import { readHistory } from './history.ts'
import type { LoggedEvent } from './log-store.ts'

/** A log of so many events, of which every third is about `dev_1`, every fifth was erased. */
function logOf(size: number) {
  const event = (position: number): LoggedEvent => {
    const bytes = encodeEvent({
      type: position % 2 === 0 ? 'device-added' : 'device-retired',
      at: Temporal.Instant.fromEpochMilliseconds(position),
      actor: { kind: 'house', id: 'test' },
      subjects: [position % 3 === 0 ? 'dev_1' : 'dev_2'],
      facts: {},
    })
    const body = position % 5 === 0 ? null : { bytes, salt: new Uint8Array(32) }
    return { position, commitment: new Uint8Array(32), body }
  }
  return {
    head: async () => ({ size, root: new Uint8Array(32), checkpoint: null }),
    events: async (from: number, count: number) =>
      Array.from({ length: Math.min(count, size - from) }, (_, index) => event(from + index)),
  }
}

test('history goes backwards, page by page, to the very first event', async () => {
  const log = logOf(2500)
  const seen: number[] = []
  let before: number | undefined
  do {
    const page = await readHistory({ subject: 'dev_1', before, limit: 100 }, log)
    seen.push(...page.events.map(({ position }) => position))
    before = page.before
  } while (before !== undefined)
  const wanted = Array.from({ length: 2500 }, (_, position) => position)
    .filter((position) => position % 3 === 0 && position % 5 !== 0)
    .reverse()
  assert.deepEqual(seen, wanted)
})

test('a type narrows it further, and an empty log has no history', async () => {
  const { events } = await readHistory({ type: 'device-retired', limit: 3 }, logOf(10))
  assert.deepEqual(
    events.map(({ position }) => position),
    [9, 7, 3],
  )
  assert.deepEqual(await readHistory({ limit: 3 }, logOf(0)), { events: [], before: undefined })
})

test('a look back ends after its budget and says where to go on', async () => {
  const page = await readHistory({ subject: 'dev_9', limit: 1 }, logOf(60_000))
  assert.deepEqual(page, { events: [], before: 10_000 })
})
