// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '#core/audit/event.ts'
import type { Change, Ledger } from '#core/ledger/ledger.ts'
import type { Elsewhere, News } from '#edge/store/store.ts'
import { Feed } from './feed.ts'

const unexpected = (cause: unknown) => assert.fail(String(cause))

function eventAbout(subject: string): AuditEvent {
  return {
    type: 'device-added',
    at: Temporal.Instant.from('2026-01-01T00:00:00Z'),
    actor: { kind: 'house', id: 'test' },
    subjects: [subject],
    facts: {},
  }
}

/** A ledger of which only `commit` is asked. */
function ledgerThat(commit: Ledger['commit']): Ledger {
  const unasked = () => Promise.reject(new Error('not asked'))
  return { commit, read: unasked, find: unasked, list: unasked, count: unasked }
}

test('a subscriber hears of its subject alone, from the call on', async () => {
  const feed = new Feed(unexpected)
  const ledger = feed.announcing(ledgerThat(async () => ({ kind: 'committed' })))
  const stop = new AbortController()
  const heard = feed.subscribe({ subject: 'dev_1' }, stop.signal)[Symbol.asyncIterator]()
  await ledger.commit({ puts: [], events: [eventAbout('dev_2'), eventAbout('dev_1')] })
  const first = await heard.next()
  assert.deepEqual(first.value?.subjects, ['dev_1'])
  const last = heard.next()
  stop.abort()
  assert.equal((await last).done, true)
})

test('a change that met a conflict is not told', async () => {
  const feed = new Feed(unexpected)
  const told: number[] = []
  feed.follow(({ events }) => void told.push(events.length))
  const conflict = { kind: 'conflict', record: 'device', id: 'dev_1', rule: 'version' } as const
  const ledger = feed.announcing(ledgerThat(async () => conflict))
  assert.deepEqual(await ledger.commit({ puts: [], events: [eventAbout('dev_1')] }), conflict)
  assert.deepEqual(told, [])
})

test('the committer waits until followers have taken note', async () => {
  const feed = new Feed(unexpected)
  let noted = false
  feed.follow(async () => {
    await Promise.resolve()
    noted = true
  })
  const ledger = feed.announcing(ledgerThat(async () => ({ kind: 'committed' })))
  await ledger.commit({ puts: [], events: [] })
  assert.equal(noted, true)
})

test('a listener that breaks is reported, and neither the committer nor the others notice', async () => {
  const reported: unknown[] = []
  const feed = new Feed((cause) => reported.push(cause))
  const heard: Change[] = []
  feed.follow(() => Promise.reject(new Error('late')))
  feed.follow(() => {
    throw new Error('at once')
  })
  feed.follow((change) => void heard.push(change))
  const ledger = feed.announcing(ledgerThat(async () => ({ kind: 'committed' })))
  assert.deepEqual(await ledger.commit({ puts: [], events: [] }), { kind: 'committed' })
  assert.deepEqual(reported, [new Error('late'), new Error('at once')])
  assert.equal(heard.length, 1)
})

/** Tells news as another node would cause them. */
function elsewhere() {
  let tell: (news: News) => void = () => {}
  const far: Elsewhere = {
    follow: (listener) => {
      tell = listener
      return () => {}
    },
    hears: () => true,
  }
  return { far, tell: (news: News) => tell(news) }
}

test('a subscriber hears of other nodes, and of what may have been missed', async () => {
  const feed = new Feed(unexpected)
  const { far, tell } = elsewhere()
  feed.hear(far)
  const stop = new AbortController()
  const heard = feed.subscribe({ subject: 'dev_1' }, stop.signal)[Symbol.asyncIterator]()
  tell({ kind: 'events', events: [eventAbout('dev_2'), eventAbout('dev_1')], kinds: new Set() })
  assert.deepEqual((await heard.next()).value?.subjects, ['dev_1'])
  tell({ kind: 'missed' })
  assert.deepEqual(await heard.next(), { done: false, value: null })
  stop.abort()
})

test('news of other nodes are told in their order, each when the one before was taken note of', async () => {
  const told: string[] = []
  const feed = new Feed((cause) => told.push(String(cause)))
  const { far, tell } = elsewhere()
  feed.hear(far)
  const gate = Promise.withResolvers<void>()
  const over = Promise.withResolvers<void>()
  feed.followElsewhere(async ({ kind }) => {
    if (kind === 'events') await gate.promise
    told.push(kind)
    if (kind === 'events') throw new Error('cannot')
    over.resolve()
  })
  tell({ kind: 'events', events: [], kinds: new Set() })
  tell({ kind: 'missed' })
  gate.resolve()
  await over.promise
  assert.deepEqual(told, ['events', 'Error: cannot', 'missed'])
})
