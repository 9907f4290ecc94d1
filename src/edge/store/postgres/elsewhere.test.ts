// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type PostgresPlace,
  postgresPlace,
  withoutPostgres,
} from '../../../../test/support/postgres.ts'
import type { News, Store } from '../store.ts'
import { hearingSeconds } from '../store.ts'
import { added, changed, type TestPorts, testPorts } from '../store-testing.ts'
import { Listener } from './elsewhere.ts'
import { openPostgresStore } from './open-postgres.ts'
import { parseTarget } from './target.ts'

const options = { skip: withoutPostgres }

test('a node hears what another commits, in order, and nothing of its own', options, () =>
  withNodes(async ({ here, there }) => {
    const heard = new Heard(here.store)
    for (let count = 0; count < 20; count++)
      await Promise.all([say(here, `own ${count}`), say(there, `${count}`)])
    await Promise.all(Array.from({ length: 30 }, (_, index) => say(there, `${20 + index}`)))
    await heard.events(50)
    const expected = Array.from({ length: 50 }, (_, index) => `${index}`)
    assert.deepEqual(heard.subjects, expected)
    assert.equal(heard.missed, 0)
    heard.end()
    await say(there, 'unheard')
    assert.equal(heard.subjects.length, 50)
  }),
)

test(
  'a node whose listening connection was cut is told that it missed something, and hears again',
  options,
  () =>
    withNodes(async ({ here, there, place }) => {
      const heard = new Heard(here.store)
      await place.sql(cutListeners)
      await say(there, 'meanwhile')
      while (heard.missed === 0) await heard.something()
      await say(there, 'afterwards')
      while (!heard.subjects.includes('afterwards')) await heard.something()
    }),
)

test(
  'an event that only a newer program knows, or that was erased, counts as missed',
  options,
  () =>
    withNodes(async ({ here, place }) => {
      const heard = new Heard(here.store)
      const bytes = new TextEncoder().encode('{"type":"from-the-future"}').toHex()
      for (const [sequence, value] of [`'\\x${bytes}'`, 'NULL'].entries()) {
        const before = heard.missed
        await place.sql(`INSERT INTO "event" VALUES (${sequence + 1}, ${value}, NULL);
        SELECT pg_notify('vitalsign_events', '${sequence + 1} ${sequence + 1} somebody')`)
        while (heard.missed === before) await heard.something()
      }
      assert.deepEqual(heard.subjects, [])
    }),
)

test('a node hears of which kinds the records beside the events are', options, () =>
  withNodes(async ({ here, there }) => {
    const heard = new Heard(here.store)
    const createdAt = there.ports.clock.now()
    const party = added(there.ports, 'party', { name: 'a', role: 'maker', createdAt })
    const value = { a: 1 }
    const setting = added(there.ports, 'setting', { name: 'a', value, changedAt: createdAt })
    const { ledger } = there.store
    await ledger.commit({ puts: [party, setting], events: [event(there.ports, 'both')] })
    const again = changed(setting, { value: { a: 2 } })
    await ledger.commit({ puts: [again], events: [event(there.ports, 'one')] })
    // The conflict of one change is not to hide what the others of its group wrote.
    await Promise.all([
      ledger.commit({ puts: [again], events: [event(there.ports, 'conflict')] }),
      ledger.commit({ puts: [changed(party, {})], events: [event(there.ports, 'beside it')] }),
    ])
    await heard.events(3)
    assert.deepEqual(heard.subjects, ['both', 'one', 'beside it'])
    assert.deepEqual(heard.kinds, [['party', 'setting'], ['setting'], ['party']])
  }),
)

test('events that nobody told of count as missed', options, () =>
  withNodes(async ({ here, there, place }) => {
    const heard = new Heard(here.store)
    await place.sql(`INSERT INTO "event" VALUES (1, NULL, NULL)`)
    await say(there, 'told')
    while (heard.missed === 0) await heard.something()
    assert.equal(heard.missed, 1)
    assert.deepEqual(heard.subjects, [])
  }),
)

test(
  'a node that is told nothing for long no longer hears, until it is connected anew',
  options,
  () =>
    withNodes(async ({ place }) => {
      let now = 0
      const listener = new Listener(parseTarget(place.settings), 'somebody', () => now)
      assert.ok(!listener.hears())
      await listener.open()
      assert.ok(listener.hears())
      now += hearingSeconds * 1000
      assert.ok(!listener.hears())
      const missed = new Promise<News>((resolve) => listener.follow(resolve))
      await place.sql(cutListeners)
      assert.deepEqual(await missed, { kind: 'missed' })
      while (!listener.hears()) await new Promise(setImmediate)
      await listener.close()
    }),
)

test('more than a thousand events at once count as missed', options, () =>
  withNodes(async ({ here, there }) => {
    const heard = new Heard(here.store)
    const events = Array.from({ length: 1_001 }, (_, index) => event(there.ports, `${index}`))
    await there.store.ledger.commit({ puts: [], events })
    while (heard.missed === 0) await heard.something()
    assert.equal(heard.missed, 1)
  }),
)

test('whoever sees an event sees all before it, while two nodes commit', options, () =>
  withNodes(async ({ here, there, place }) => {
    let done = false
    const committing = Promise.all(
      [here, there].map(async (node) => {
        for (let round = 0; round < 40; round++)
          await Promise.all(Array.from({ length: 1 + (round % 5) }, () => say(node, `${round}`)))
      }),
    ).finally(() => {
      done = true
    })
    let looks = 0
    while (!done || looks === 0) {
      const [[count, last] = []] = await place.sql('SELECT count(*), max("sequence") FROM "event"')
      assert.equal(Number(last ?? 0), Number(count))
      const snapshot = await here.store.log.snapshot()
      const waiting = await there.store.log.waiting(1_000)
      assert.ok(waiting.length >= snapshot.events)
      await snapshot.close()
      looks++
    }
    await committing
    assert.deepEqual(await place.sql('SELECT count(*), max("sequence") FROM "event"'), [
      ['240', '240'],
    ])
  }),
)

const cutListeners = `SELECT pg_terminate_backend("pid") FROM pg_stat_activity
  WHERE "datname" = current_database() AND "query" ILIKE '%max("sequence")%' AND "pid" <> pg_backend_pid()`

interface Node {
  readonly store: Store
  readonly ports: TestPorts
}

function say({ store, ports }: Node, subject: string) {
  return store.ledger.commit({ puts: [], events: [event(ports, subject)] })
}

function event(ports: TestPorts, subject: string) {
  const actor = { kind: 'house', id: 'test' } as const
  const at = ports.clock.now()
  return { type: 'party-added', at, actor, subjects: [subject], facts: {} } as const
}

/** All that one node was told. */
class Heard {
  readonly subjects: string[] = []
  /** Sorted, of each news that told events. */
  readonly kinds: string[][] = []
  missed = 0
  readonly end: () => void
  #wake = () => {}
  #isFresh = false

  constructor({ elsewhere }: Store) {
    this.end = elsewhere.follow((news) => this.#hear(news))
  }

  /** Resolves at the next news since this was last asked, which may have come already. */
  async something(): Promise<void> {
    if (!this.#isFresh)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    this.#isFresh = false
  }

  /** Resolves once that many events were heard. */
  async events(count: number): Promise<void> {
    while (this.subjects.length < count) await this.something()
  }

  #hear(news: News) {
    if (news.kind === 'missed') this.missed++
    else {
      this.subjects.push(...news.events.map(({ subjects }) => subjects[0] ?? ''))
      this.kinds.push([...news.kinds].toSorted())
    }
    this.#isFresh = true
    this.#wake()
  }
}

interface Given {
  readonly here: Node
  readonly there: Node
  readonly place: PostgresPlace
}

async function withNodes(work: (given: Given) => Promise<void>) {
  const place = await postgresPlace()
  const open = async (seed: number): Promise<Node> => {
    const ports = testPorts(seed)
    return { ports, store: await openPostgresStore(place.settings, ports) }
  }
  const [here, there] = [await open(1), await open(2)]
  try {
    await work({ here, there, place })
  } finally {
    await Promise.all([here.store.close(), there.store.close()])
    await place.remove()
  }
}
