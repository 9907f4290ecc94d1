// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import type { AuditEvent } from '#core/audit/event.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import { Feed } from './feed.ts'
import { LogRunner } from './log-runner.ts'

const unexpected = (cause: unknown) => assert.fail(String(cause))
const event: AuditEvent = {
  type: 'server-started',
  at: Temporal.Instant.from('2026-01-01T00:00:00Z'),
  actor: { kind: 'house', id: 'test' },
  subjects: [],
  facts: {},
}

/** A ledger of which only `commit` is asked. */
function ledgerOf(feed: Feed): Ledger {
  const unasked = () => Promise.reject(new Error('not asked'))
  return feed.announcing({
    commit: async () => ({ kind: 'committed' }),
    ...{ read: unasked, find: unasked, list: unasked, count: unasked },
  })
}

test('events that come together are numbered together, and what has none is not', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const feed = new Feed(unexpected)
    let runs = 0
    const runner = new LogRunner(feed, async () => runs++, unexpected)
    const ledger = ledgerOf(feed)
    await ledger.commit({ puts: [], events: [] })
    mock.timers.tick(60_000)
    assert.equal(runs, 0)
    for (let times = 0; times < 5; times++) await ledger.commit({ puts: [], events: [event] })
    mock.timers.tick(1000)
    await runner.close()
    assert.equal(runs, 2, 'one for the five, and the last one of the closing')
    await ledger.commit({ puts: [], events: [event] })
    mock.timers.tick(60_000)
    assert.equal(runs, 2)
  } finally {
    mock.timers.reset()
  }
})

test('a run that failed is reported and tried again by itself', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const feed = new Feed(unexpected)
    const reported: unknown[] = []
    let runs = 0
    const sequence = async () => {
      if (runs++ === 0) throw new Error('full')
    }
    const runner = new LogRunner(feed, sequence, (cause) => reported.push(cause))
    await runner.run()
    assert.deepEqual([runs, reported], [1, [new Error('full')]])
    mock.timers.tick(10_000)
    await runner.close()
    assert.equal(runs, 3)
  } finally {
    mock.timers.reset()
  }
})
