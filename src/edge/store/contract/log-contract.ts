// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEvent } from '#core/audit/encode-event.ts'
import type { AuditEvent } from '#core/audit/event.ts'
import type { Appended, LogStore } from '#core/audit/log-store.ts'
import { sha256 } from '#trust/digest.ts'
import type { Store } from '../store.ts'
import { added, type TestPorts } from '../store-testing.ts'
import type { OnEmptyStore } from './contract.ts'

const start = Temporal.Instant.from('2026-01-01T00:00:00Z')
const later = (seconds: number) => start.add({ seconds })

export function logContract(database: string, onEmptyStore: OnEmptyStore): void {
  test(`${database}: an empty log has size 0 and the hash of nothing`, () =>
    onEmptyStore(async ({ store }) => {
      const head = { size: 0, root: sha256(new Uint8Array()), checkpoint: null }
      assert.deepEqual(await store.log.head(), head)
      assert.deepEqual(await store.log.waiting(10), [])
      assert.deepEqual(await store.log.events(0, 10), [])
      assert.equal(await store.log.tile(0, 0), undefined)
    }))

  test(`${database}: events wait in the order of their commits, each with a salt of its own`, () =>
    onEmptyStore(async ({ store, ports, reopen }) => {
      const events = Array.from({ length: 30 }, (_, index) => event(ports, `subject ${index}`))
      for (let at = 0; at < 30; at += 3)
        await store.ledger.commit({ puts: [], events: events.slice(at, at + 3) })
      const { log } = await reopen()
      const waiting = await log.waiting(100)
      assert.deepEqual(
        waiting.map(({ bytes }) => bytes),
        events.map(encodeEvent),
      )
      assert.ok(waiting.every(({ salt }) => salt.length === 32))
      assert.equal(new Set(waiting.map(({ salt }) => salt.toHex())).size, 30)
      assert.deepEqual(await log.waiting(4), waiting.slice(0, 4))
    }))

  test(`${database}: one holder has the lease, and a new holder a higher fence`, () =>
    onEmptyStore(async ({ store: { log } }) => {
      const first = await log.lease('a', start, later(10))
      assert.ok(first !== undefined)
      assert.equal(await log.lease('b', later(9), later(19)), undefined)
      assert.equal(await log.lease('a', later(9), later(19)), first)
      assert.equal(await log.lease('b', later(18), later(28)), undefined)
      const second = await log.lease('b', later(19), later(29))
      assert.ok(second !== undefined && second > first)
      const rivals = ['c', 'd', 'e'].map((holder) => log.lease(holder, later(30), later(40)))
      const won = (await Promise.all(rivals)).filter((fence) => fence !== undefined)
      assert.equal(won.length, 1)
    }))

  test(`${database}: what is appended has its positions, tiles and root, also after a restart`, () =>
    onEmptyStore(async ({ store, ports, reopen }) => {
      const fence = await filled(store, ports, 5)
      const batch = await nextBatch(store.log, 0, 3, 'root of 3')
      assert.equal(await store.log.append(fence, batch), true)
      assert.equal(
        await store.log.append(fence, await nextBatch(store.log, 3, 5, 'root of 5')),
        true,
      )
      const check = async (log: LogStore) => {
        const head = { size: 5, root: sha256(text('root of 5')), checkpoint: null }
        assert.deepEqual(await log.head(), head)
        assert.deepEqual(await log.waiting(9), [])
        assert.equal((await log.tile(0, 0))?.length, 5 * 32)
        const logged = await log.events(1, 3)
        assert.deepEqual(
          logged.map(({ position }) => position),
          [1, 2, 3],
        )
        assert.deepEqual(logged[0]?.commitment, batch.events[1]?.commitment)
        assert.ok(logged[0]?.body?.salt.length === 32)
        assert.equal((await log.events(0, 100)).length, 5)
      }
      await check(store.log)
      await check((await reopen()).log)
    }))

  test(`${database}: an append with an old fence, or on another head, writes nothing`, () =>
    onEmptyStore(async ({ store, ports }) => {
      const old = await filled(store, ports, 4)
      const batch = await nextBatch(store.log, 0, 2, 'root')
      const fence = (await store.log.lease('other', later(1_000), later(2_000)))!
      assert.equal(await store.log.append(old, batch), false)
      assert.equal(await store.log.append(fence + 1, batch), false)
      assert.equal(await store.log.append(fence, { ...batch, from: 1 }), false)
      assert.equal((await store.log.head()).size, 0)
      assert.equal(await store.log.tile(0, 0), undefined)
      assert.equal(await store.log.append(fence, batch), true)
      assert.equal(await store.log.append(fence, batch), false)
    }))

  test(`${database}: an event that is unknown, or has a position, breaks the append whole`, () =>
    onEmptyStore(async ({ store, ports }) => {
      const fence = await filled(store, ports, 4)
      const batch = await nextBatch(store.log, 0, 2, 'root')
      const odd = { ...batch.events[0]!, id: 'evt_00000000000000000000000000000999' }
      const rejected = { code: 'ledger-damaged' }
      const unknown = { ...batch, events: [batch.events[0]!, odd] }
      await assert.rejects(store.log.append(fence, unknown), rejected)
      const twice = { ...batch, events: [batch.events[0]!, batch.events[0]!] }
      await assert.rejects(store.log.append(fence, twice), rejected)
      assert.equal((await store.log.head()).size, 0)
      assert.equal(await store.log.append(fence, batch), true)
      await assert.rejects(store.log.append(fence, { ...batch, from: 2 }), rejected)
      assert.deepEqual((await store.log.head()).size, 2)
    }))

  test(`${database}: a published checkpoint is only ever followed by a larger one`, () =>
    onEmptyStore(async ({ store, ports, reopen }) => {
      const fence = await filled(store, ports, 4)
      assert.equal(await store.log.publish(fence, { size: 2, note: 'two' }), true)
      assert.equal(await store.log.publish(fence, { size: 2, note: 'two again' }), false)
      assert.equal(await store.log.publish(fence, { size: 1, note: 'one' }), false)
      assert.equal(await store.log.publish(fence - 1, { size: 3, note: 'old fence' }), false)
      assert.equal(await store.log.publish(fence, { size: 4, note: 'four' }), true)
      const { log } = await reopen()
      assert.deepEqual((await log.head()).checkpoint, { size: 4, note: 'four' })
    }))

  test(`${database}: a snapshot stays as it was while the ledger goes on`, () =>
    onEmptyStore(async ({ store, ports }) => {
      const add = (name: string) => {
        const put = added(ports, 'party', { name, role: 'maker', createdAt: ports.clock.now() })
        return store.ledger.commit({ puts: [put], events: [event(ports, put.record.id)] })
      }
      for (let count = 0; count < 1_200; count += 100)
        await Promise.all(Array.from({ length: 100 }, (_, index) => add(`${count + index}`)))
      const snapshot = await store.log.snapshot()
      await add('later')
      const names: unknown[] = []
      for await (const record of snapshot.records('party')) names.push(record.name)
      assert.equal(names.length, 1_200)
      assert.ok(!names.includes('later'))
      assert.equal(snapshot.events, 1_200)
      await assert.rejects(async () => {
        for await (const _ of snapshot.records('nothing'));
      }, RangeError)
      await snapshot.close()
    }))
}

function event(ports: TestPorts, subject: string): AuditEvent {
  const actor = { kind: 'house', id: 'test' } as const
  return { type: 'party-added', at: ports.clock.now(), actor, subjects: [subject], facts: {} }
}

/** Commits that many events and takes the lease. */
async function filled(store: Store, ports: TestPorts, count: number): Promise<number> {
  const events = Array.from({ length: count }, (_, index) => event(ports, `${index}`))
  await store.ledger.commit({ puts: [], events })
  return (await store.log.lease('sequencer', start, later(60)))!
}

/** A batch that moves the log from one size to another; its hashes are only stand-ins. */
async function nextBatch(log: LogStore, from: number, to: number, root: string): Promise<Appended> {
  const waiting = await log.waiting(to - from)
  return {
    from,
    events: waiting.map(({ id, bytes }) => ({ id, commitment: sha256(bytes) })),
    tiles: [{ level: 0, index: 0, hashes: new Uint8Array(to * 32).fill(to) }],
    root: sha256(text(root)),
  }
}

function text(of: string): Uint8Array {
  return new TextEncoder().encode(of)
}
