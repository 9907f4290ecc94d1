// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '#core/audit/event.ts'
import type { Table } from '#core/ledger/columns.ts'
import { isJudged } from '#core/ledger/judged-kinds.ts'
import type { Committed, Ledger, Put } from '#core/ledger/ledger.ts'
import { type Kind, tables } from '#core/ledger/tables.ts'
import type { Store } from '../store.ts'
import { added, changed, type TestPorts } from '../store-testing.ts'
import type { OnEmptyStore } from './contract.ts'
import { asPut, presentSample } from './samples.ts'

const committed = { kind: 'committed' }
const kinds = Object.keys(tables) as readonly Kind[]

export function commitContract(database: string, onEmptyStore: OnEmptyStore): void {
  test(`${database}: every column of every kind comes back as it was given, also after a restart`, () =>
    onEmptyStore(async ({ store, samples, reopen }) => {
      const puts = kinds.flatMap((kind) => Array.from({ length: 5 }, () => samples.put(kind)))
      assert.deepEqual(await commit(store.ledger, puts), committed)
      const { ledger } = await reopen()
      for (const { kind, record } of puts)
        assert.deepEqual(await ledger.read(kind, record.id), record)
    }))

  test(`${database}: a record is found by each of its unique keys`, () =>
    onEmptyStore(async ({ store, samples }) => {
      for (const [kind, key, names] of uniqueKeys()) {
        const put = samples.put(kind, present(kind, names, samples.record(kind)))
        assert.deepEqual(await commit(store.ledger, [put]), committed)
        const values = names.map((name) => columnsOf(put)[name])
        assert.deepEqual(await store.ledger.find(kind, key as never, values), put.record)
      }
    }))

  test(`${database}: a unique key has one holder, whoever else is written or changed`, () =>
    onEmptyStore(async ({ store, samples }) => {
      for (const [kind, key, names] of uniqueKeys()) {
        const holder = samples.put(kind, present(kind, names, samples.record(kind)))
        const taken = Object.fromEntries(names.map((name) => [name, columnsOf(holder)[name]]))
        const second = samples.put(kind, taken)
        const bystander = samples.put(kind)
        assert.deepEqual(await commit(store.ledger, [holder, bystander]), committed)
        const refused = { kind: 'conflict', record: kind, id: second.record.id, rule: key }
        assert.deepEqual(await commit(store.ledger, [second]), refused)
        assert.equal(await store.ledger.read(kind, second.record.id), undefined)
        if (!tables[kind].appendOnly) {
          const moved = asPut(kind, { ...columnsOf(bystander), ...taken, version: 2 })
          const expected = { ...refused, id: bystander.record.id }
          assert.deepEqual(await commit(store.ledger, [moved]), expected)
          assert.deepEqual(await store.ledger.read(kind, bystander.record.id), bystander.record)
        }
      }
    }))

  test(`${database}: an epoch ends with what releases are judged by, and with nothing else`, () =>
    onEmptyStore(async ({ store, ports, samples }) => {
      const { epochs, ledger } = store
      const person = samples.put('person')
      const others = [party(ports, 'one'), person, samples.put('release')]
      const first = await epochs.now()
      for (const one of others) assert.deepEqual(await commit(ledger, [one]), committed)
      assert.equal(await epochs.now(), first)
      const marks = [first]
      const ending = kinds.filter((kind) => isJudged(kind, 1)).map((kind) => samples.put(kind))
      for (const one of [...ending, changed(person, { name: 'another' })]) {
        // One of a group is refused, and the others are written apart.
        const refused = { ...person, record: { ...person.record, version: 9 } } as Put
        const done = [commit(ledger, [refused]), commit(ledger, [one])]
        assert.deepEqual((await Promise.all(done)).at(-1), committed)
        marks.push(await epochs.now())
      }
      assert.equal(new Set(marks).size, ending.length + 2)
    }))

  test(`${database}: two records of one change cannot hold the same unique key`, () =>
    onEmptyStore(async ({ store, ports }) => {
      const [first, second] = [party(ports, 'same'), party(ports, 'same')]
      const refused = { kind: 'conflict', record: 'party', id: second.record.id, rule: 'name' }
      assert.deepEqual(await commit(store.ledger, [first, second]), refused)
      assert.equal(await store.ledger.count('party', {}), 0)
    }))

  test(`${database}: a null claims nothing`, () =>
    onEmptyStore(async ({ store, samples }) => {
      const puts = [1, 2].map(() => samples.put('certificate', { sha256: null }))
      assert.deepEqual(await commit(store.ledger, puts), committed)
    }))

  test(`${database}: a unique key is free again once its holder has moved away`, () =>
    onEmptyStore(async ({ store, ports }) => {
      const first = party(ports, 'old name')
      const moved = changed(first, { name: 'new name' })
      const heir = party(ports, 'old name')
      assert.deepEqual(await commit(store.ledger, [first]), committed)
      assert.deepEqual(await commit(store.ledger, [moved, heir]), committed)
      assert.deepEqual(await store.ledger.find('party', 'name', ['old name']), heir.record)
    }))

  test(`${database}: a version replaces exactly the version before it`, () =>
    onEmptyStore(async ({ store, ports }) => {
      const first = party(ports, 'name')
      const second = changed(first, { name: 'other name' })
      const { id } = first.record
      const refused = { kind: 'conflict', record: 'party', id, rule: 'version' }
      assert.deepEqual(await commit(store.ledger, [second]), refused, 'version 2 of nothing')
      assert.deepEqual(await commit(store.ledger, [first]), committed)
      assert.deepEqual(await commit(store.ledger, [first]), refused, 'version 1 again')
      assert.deepEqual(await commit(store.ledger, [changed(second, {})]), refused, '3 after 1')
      assert.deepEqual(await commit(store.ledger, [second]), committed)
      assert.deepEqual(await commit(store.ledger, [second]), refused, 'version 2 again')
      assert.deepEqual(await store.ledger.read('party', id), second.record)
    }))

  test(`${database}: of a change that conflicts nothing is written, no record and no event`, () =>
    onEmptyStore(async ({ store, ports, reopen }) => {
      const [holder, innocent] = [party(ports, 'taken'), party(ports, 'free')]
      const late = changed(holder, { name: 'changed too' })
      await commit(store.ledger, [holder])
      const puts = [innocent, late, party(ports, 'new'), party(ports, 'new')]
      const { kind } = await store.ledger.commit({ puts, events: [event(ports, 'never')] })
      assert.equal(kind, 'conflict')
      const check = async ({ ledger, log }: Store) => {
        assert.deepEqual((await ledger.list('party', { limit: 9 })).items, [holder.record])
        assert.deepEqual(await log.waiting(9), [])
      }
      await check(store)
      await check(await reopen())
    }))

  test(`${database}: a conflict leaves its neighbours of the same moment alone`, () =>
    onEmptyStore(async ({ store, ports }) => {
      const puts = Array.from({ length: 90 }, (_, index) =>
        party(ports, index % 3 === 0 ? 'wanted by many' : `party ${index}`),
      )
      const results = await Promise.all(
        puts.map((put) =>
          store.ledger.commit({ puts: [put], events: [event(ports, put.record.id)] }),
        ),
      )
      const refused = results.filter(({ kind }) => kind === 'conflict')
      assert.equal(refused.length, 29)
      assert.deepEqual(results[0], committed, 'the first of many has it')
      assert.equal(await store.ledger.count('party', {}), 61)
      assert.equal((await store.log.waiting(100)).length, 61)
    }))

  test(`${database}: changes take effect in the order in which they were asked for`, () =>
    onEmptyStore(async ({ store, ports }) => {
      let put = party(ports, 'version 1')
      const order: number[] = []
      const asked: Promise<unknown>[] = []
      for (let version = 1; version <= 50; version++) {
        const commits = commit(store.ledger, [put])
        asked.push(commits.then((result) => assert.deepEqual(result, committed)))
        asked.push(commits.then(() => order.push(version)))
        put = changed(put, { name: `version ${version + 1}` })
      }
      await Promise.all(asked)
      assert.deepEqual(
        order,
        order.toSorted((left, right) => left - right),
      )
      const record = await store.ledger.read('party', put.record.id)
      assert.equal(record?.name, 'version 50')
    }))

  test(`${database}: a read that begins after a commit resolved sees it, by every way`, () =>
    onEmptyStore(async ({ store, ports }) => {
      for (let count = 1; count <= 20; count++) {
        const put = party(ports, `party ${count}`)
        await commit(store.ledger, [put])
        assert.deepEqual(await store.ledger.read('party', put.record.id), put.record)
        assert.ok(await store.ledger.find('party', 'name', [put.record.name]))
        assert.equal((await store.ledger.list('party', { limit: 50 })).items.length, count)
        assert.equal(await store.ledger.count('party', {}), count)
      }
    }))

  test(`${database}: what is no id of the kind is simply not there`, () =>
    onEmptyStore(async ({ store, ports }) => {
      const { id } = party(ports, 'x').record
      const odd = ['', 'x', id, id.replace('pty', 'dev'), id.toUpperCase(), `${id}0`, 'pty_\0']
      for (const text of odd) assert.equal(await store.ledger.read('party', text), undefined)
    }))

  test(`${database}: a filter may name the id and the version`, () =>
    onEmptyStore(async ({ store, ports }) => {
      const first = party(ports, 'a')
      await commit(store.ledger, [first, party(ports, 'b')])
      await commit(store.ledger, [changed(first, {})])
      const { id } = first.record
      assert.equal(await store.ledger.count('party', { where: { id } }), 1)
      assert.equal(await store.ledger.count('party', { where: { id: 'pty_x' } }), 0)
      assert.equal(await store.ledger.count('party', { where: { version: 2 } }), 1)
    }))

  test(`${database}: a text that no record can hold finds nothing`, () =>
    onEmptyStore(async ({ store, ports }) => {
      await commit(store.ledger, [party(ports, 'a')])
      for (const odd of ['\ud800', 'a\0', 'a\0b']) {
        assert.equal(await store.ledger.find('party', 'name', [odd]), undefined)
        assert.equal(await store.ledger.count('party', { where: { name: odd } }), 0)
        assert.equal(await store.ledger.count('device', { by: 'lot', prefix: odd }), 0)
        assert.equal(await store.ledger.find('device', 'serial', [odd, 'x']), undefined)
        assert.equal(await store.ledger.count('device', { where: { product: odd } }), 0)
      }
    }))

  test(`${database}: a record of an append-only kind is never written again`, () =>
    onEmptyStore(async ({ store, ports }) => {
      const put = added(ports, 'encoding', { der: new Uint8Array([1]) })
      await commit(store.ledger, [put])
      await assert.rejects(commit(store.ledger, [changed(put, {})]), TypeError)
    }))

  test(`${database}: a value that no column keeps is refused alone, before anything is written`, () =>
    onEmptyStore(async ({ store, ports }) => {
      const odd = ['\ud800', 'a\0b']
      const results = await Promise.allSettled([
        commit(store.ledger, [party(ports, 'before')]),
        ...odd.map((name) => commit(store.ledger, [party(ports, 'with'), party(ports, name)])),
        commit(store.ledger, [party(ports, 'after')]),
      ])
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
      )
      assert.equal(await store.ledger.count('party', {}), 2)
    }))

  test(`${database}: closing finishes what was asked for and refuses what comes later`, () =>
    onEmptyStore(async ({ store, ports, reopen }) => {
      const asked = Array.from({ length: 200 }, (_, index) =>
        commit(store.ledger, [party(ports, `party ${index}`)]),
      )
      const closing = Promise.all([store.close(), store.close()])
      await assert.rejects(commit(store.ledger, [party(ports, 'late')]), {
        code: 'store-unreachable',
      })
      for (const result of await Promise.all(asked)) assert.deepEqual(result, committed)
      await closing
      await assert.rejects(store.ledger.list('party', { limit: 1 }), { code: 'store-unreachable' })
      await assert.rejects(store.ledger.read('party', party(ports, 'x').record.id), {
        code: 'store-unreachable',
      })
      assert.equal(await (await reopen()).ledger.count('party', {}), 200)
    }))
}

function commit(ledger: Ledger, puts: readonly Put[]): Promise<Committed> {
  return ledger.commit({ puts, events: [] })
}

function party(ports: TestPorts, name: string) {
  return added(ports, 'party', { name, role: 'maker', createdAt: ports.clock.now() })
}

function event(ports: TestPorts, subject: string): AuditEvent {
  const actor = { kind: 'house', id: 'test' } as const
  return { type: 'party-added', at: ports.clock.now(), actor, subjects: [subject], facts: {} }
}

function uniqueKeys(): [Kind, string, readonly string[]][] {
  return kinds.flatMap((kind) => {
    const { unique }: Table = tables[kind]
    return Object.entries(unique).map(([key, names]): [Kind, string, readonly string[]] => [
      kind,
      key,
      names,
    ])
  })
}

function columnsOf(put: Put): Record<string, unknown> {
  return put.record
}

/** Values for the columns of a key that are not null, whatever the sample has. */
function present(kind: Kind, names: readonly string[], sample: Record<string, unknown>) {
  const whole = presentSample(tables[kind], sample)
  return Object.fromEntries(names.map((name) => [name, whole[name]]))
}
