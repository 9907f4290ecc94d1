// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Table } from '#core/ledger/columns.ts'
import {
  CursorError,
  glance,
  glanceColumns,
  type Ledger,
  type ListQuery,
  type PackedBytes,
} from '#core/ledger/ledger.ts'
import { type Kind, tables } from '#core/ledger/tables.ts'
import { added } from '../store-testing.ts'
import type { OnEmptyStore } from './contract.ts'
import type { Samples } from './samples.ts'

type Plain = Readonly<Record<string, unknown>>
type Query = ListQuery<'device'>

const kinds = Object.keys(tables) as readonly Kind[]
const recordsOfKind = 60
const queriesOfList = 12

export function listContract(database: string, onEmptyStore: OnEmptyStore): void {
  test(`${database}: every list, however filtered and paged, is what a plain sort and filter gives`, () =>
    onEmptyStore(async ({ store, samples }) => {
      for (const kind of kinds) {
        const puts = Array.from({ length: recordsOfKind }, () => samples.put(kind))
        await store.ledger.commit({ puts, events: [] })
        const records = puts.map(({ record }) => record as unknown as Plain)
        for (const by of [undefined, ...Object.keys(tables[kind].lists)])
          for (let round = 0; round < queriesOfList; round++)
            await compare(store.ledger, kind, records, query(kind, by, records, samples))
      }
    }))

  test(`${database}: a glance sees the same rows in the same order, and of each the columns asked for`, () =>
    onEmptyStore(async ({ store: { ledger }, samples }) => {
      const puts = Array.from({ length: 90 }, () => samples.put('certificate'))
      await ledger.commit({ puts, events: [] })
      const columns = ['serialNumber', 'revokedAt', 'kind'] as const
      for (const by of [undefined, ...(['state', 'revoked'] as const)])
        for (const descending of [false, true]) {
          const walk = { ...(by && { by }), descending }
          const whole = await ledger.list('certificate', { ...walk, limit: 1_000 })
          const met: unknown[] = []
          let after: string | null | undefined
          do {
            const at = after ? { after } : {}
            const page = await glance('certificate', columns, { ...walk, ...at, limit: 7 }, ledger)
            met.push(...page.items)
            after = page.next
          } while (after !== null)
          const picked = met.map((one) => columns.map((name) => (one as Plain)[name]))
          assert.deepEqual(
            picked,
            whole.items.map((one) => columns.map((name) => one[name])),
          )
          assert.ok(met.every((one) => !('subject' in (one as Plain))))
        }
      await assert.rejects(glance('certificate', columns, { limit: 10_001 }, ledger), RangeError)
    }))

  test(`${database}: columns hold what the records of the same page hold, as it is kept`, () =>
    onEmptyStore(async ({ store: { ledger }, samples }) => {
      const puts = Array.from({ length: 90 }, () => samples.put('certificate'))
      await ledger.commit({ puts, events: [] })
      const names = ['serialNumber', 'kind', 'revokedAt', 'key', 'sha256'] as const
      let after: string | null | undefined
      let met = 0
      do {
        const query = { by: 'state', limit: 7, ...(after && { after }) } as const
        const { items, next } = await ledger.list('certificate', query)
        const page = await glanceColumns('certificate', names, query, ledger)
        assert.deepEqual([page.columns.length, page.next], [items.length, next])
        const whole = (name: 'serialNumber' | 'key' | 'sha256') =>
          bytesOfRows(page.columns.bytes(name), items.length)
        assert.deepEqual(
          whole('serialNumber'),
          items.map(({ serialNumber }) => serialNumber),
        )
        assert.deepEqual(
          whole('sha256'),
          items.map(({ sha256 }) => sha256),
        )
        assert.deepEqual(
          whole('key').map((key) => key && `key_${key.toHex()}`),
          items.map(({ key }) => key),
        )
        assert.deepEqual(
          page.columns.numbers('revokedAt').slice(0, items.length),
          items.map(({ revokedAt }) => revokedAt?.epochMilliseconds ?? null),
        )
        assert.deepEqual(
          page.columns.texts('kind').slice(0, items.length),
          items.map(({ kind }) => kind),
        )
        assert.throws(() => page.columns.numbers('kind'), TypeError)
        assert.throws(() => page.columns.bytes('kind'), TypeError)
        assert.throws(() => page.columns.texts('revokedAt'), TypeError)
        met += items.length
        after = next
      } while (after !== null)
      assert.equal(met, 90)
      const none = await glanceColumns('device', ['serial'], { limit: 5 }, ledger)
      assert.deepEqual(
        [none.columns.length, none.columns.texts('serial'), none.next],
        [0, [], null],
      )
    }))

  test(`${database}: a walk through pages meets each record once while others come in`, () =>
    onEmptyStore(async ({ store, samples }) => {
      const add = async (count: number) => {
        const puts = Array.from({ length: count }, () => samples.put('device', { lot: 'L1' }))
        await store.ledger.commit({ puts, events: [] })
        return puts.map(({ record }) => record.id)
      }
      const before = await add(40)
      const met: string[] = []
      let after: string | undefined
      do {
        const at = after === undefined ? {} : { after }
        const page = await store.ledger.list('device', {
          by: 'lot',
          equal: ['L1'],
          limit: 7,
          descending: true,
          ...at,
        })
        met.push(...page.items.map(({ id }) => id))
        after = page.next ?? undefined
        await add(3)
      } while (after !== undefined)
      assert.deepEqual(met.toSorted(), before.toSorted())
    }))

  test(`${database}: a walk by id begins beyond any id, of a record or not`, () =>
    onEmptyStore(async ({ store, samples }) => {
      const puts = Array.from({ length: 30 }, () => samples.put('device'))
      await store.ledger.commit({ puts, events: [] })
      const ids = puts.map(({ record }) => record.id).toSorted()
      for (const beyond of [ids[0]!, ids[17]!, `${ids[9]!.slice(0, -8)}00000000`, ids[29]!]) {
        const { items } = await store.ledger.list('device', { beyond, limit: 100 })
        assert.deepEqual(
          items.map(({ id }) => id),
          ids.filter((id) => id > beyond),
        )
      }
      const none = await store.ledger.list('device', { beyond: 'no id', limit: 100 })
      assert.deepEqual(none.items, [])
    }))

  test(`${database}: a cursor leads on in its own list only`, () =>
    onEmptyStore(async ({ store, samples }) => {
      const puts = Array.from({ length: 5 }, () => samples.put('device', { lot: 'L1' }))
      await store.ledger.commit({ puts, events: [] })
      const lot = { by: 'lot', equal: ['L1'], limit: 2 } as const
      const { next } = await store.ledger.list('device', lot)
      assert.ok(next)
      const wrong: Query[] = [
        { ...lot, after: '' },
        { ...lot, after: 'not a cursor' },
        { ...lot, after: 'bm90IGpzb24' },
        { ...lot, after: next.slice(0, -4) },
        { ...lot, after: 'x'.repeat(100_000) },
        { ...lot, after: cursor(['device.lot.1.up']) },
        { ...lot, after: cursor(['device.lot.1.up', 'text']) },
        { ...lot, after: cursor(['device.lot.1.up', { hex: 'xyz' }]) },
        { ...lot, after: cursor(['device.lot.1.up', { hex: '00' }, 1]) },
        { ...lot, after: next, descending: true },
        { by: 'lot', limit: 2, after: next },
        { by: 'state', equal: ['active'], limit: 2, after: next },
        { limit: 2, after: next },
      ]
      for (const query of wrong)
        await assert.rejects(store.ledger.list('device', query), CursorError, JSON.stringify(query))
      await assert.rejects(store.ledger.list('key', { limit: 2, after: next }), CursorError)
    }))

  test(`${database}: a page has 1 to 1000 records, and a query fits its list`, () =>
    onEmptyStore(async ({ store, ports }) => {
      const wrong: Query[] = [
        { limit: 0 },
        { limit: 1_001 },
        { limit: 1.5 },
        { limit: 1, by: 'nothing' as never },
        { limit: 1, by: 'lot', equal: ['L1', 'more'] },
        { limit: 1, by: 'lot', equal: ['L1'], prefix: 'x' },
        { limit: 1, by: 'lot', equal: ['L1'], beyond: 'x' },
      ]
      for (const query of wrong)
        await assert.rejects(store.ledger.list('device', query), RangeError, JSON.stringify(query))
      const puts = Array.from({ length: 1_001 }, (_, index) =>
        added(ports, 'party', { name: `${index}`, role: 'maker', createdAt: ports.clock.now() }),
      )
      await store.ledger.commit({ puts, events: [] })
      const page = await store.ledger.list('party', { limit: 1_000 })
      assert.equal(page.items.length, 1_000)
      const rest = await store.ledger.list('party', { limit: 1_000, after: page.next! })
      assert.deepEqual([rest.items.length, rest.next], [1, null])
    }))
}

function bytesOfRows({ octets, lengths }: PackedBytes, rows: number) {
  let at = 0
  return lengths.slice(0, rows).map((length) => {
    if (length === null) return null
    at += length
    return octets.slice(at - length, at)
  })
}

function cursor(place: readonly unknown[]): string {
  const bytes = new TextEncoder().encode(JSON.stringify(place))
  return bytes.toBase64({ alphabet: 'base64url', omitPadding: true })
}

/** Walks all pages of the query, counts it, and holds both against the plain way. */
async function compare(ledger: Ledger, kind: Kind, records: readonly Plain[], asked: Query) {
  const expected = plainly(kind, records, asked)
  const met: unknown[] = []
  let after: string | undefined
  do {
    const page = await ledger.list(kind, { ...asked, ...(after ? { after } : {}) } as never)
    assert.ok(page.items.length <= asked.limit)
    met.push(...page.items)
    after = page.next ?? undefined
  } while (after !== undefined)
  const told = `${kind} ${JSON.stringify(asked)}`
  assert.deepEqual(met, expected, told)
  const { limit: _, ...counted } = asked
  assert.equal(await ledger.count(kind, counted as never), expected.length, told)
}

/** A query of this list with values that some record has. */
function query(
  kind: Kind,
  by: string | undefined,
  records: readonly Plain[],
  samples: Samples,
): Query {
  const columns = columnsOf(kind, by)
  const [some, other] = [samples.pick(records), samples.pick(records)]
  const equal = columns.slice(0, samples.number(columns.length + 1)).map((name) => some[name])
  const next = columns[equal.length]
  const type = next === undefined ? undefined : (tables[kind] as Table).columns[next]?.kind
  const bounded = next !== undefined && samples.number(2) === 0 && some[next] !== null
  const filter = samples.pick(Object.keys(tables[kind].columns))
  return {
    limit: samples.pick([1, 7, 100]),
    descending: samples.number(2) === 0,
    ...(by === undefined ? {} : { by }),
    ...(equal.length === 0 ? {} : { equal }),
    ...(bounded && type === 'text'
      ? samples.pick([{ prefix: Array.from(String(some[next]))[0] }, { beyond: some[next] }])
      : {}),
    ...(bounded && (type === 'instant' || type === 'integer')
      ? samples.pick([{ below: some[next] }, { from: some[next] }, between(some, other, next)])
      : {}),
    ...(samples.number(3) === 0 ? { where: { [filter]: some[filter] } } : {}),
  } as unknown as Query
}

function between(some: Plain, other: Plain, name: string): object {
  return { from: some[name], ...(other[name] !== null && { below: other[name] }) }
}

/** The same list made by filtering and sorting in memory. */
function plainly(kind: Kind, records: readonly Plain[], asked: Query): readonly Plain[] {
  const columns = columnsOf(kind, asked.by)
  const next = columns[asked.equal?.length ?? 0] ?? 'id'
  const matches = (record: Plain) =>
    columns.every((name) => record[name] !== null) &&
    (asked.equal ?? []).every((value, index) => order(record[columns[index]!], value) === 0) &&
    (asked.prefix === undefined || String(record[next]).startsWith(asked.prefix)) &&
    (asked.beyond === undefined || order(record[next], asked.beyond) > 0) &&
    (asked.from === undefined || order(record[next], asked.from) >= 0) &&
    (asked.below === undefined || order(record[next], asked.below) < 0) &&
    Object.entries(asked.where ?? {}).every(([name, value]) => order(record[name], value) === 0)
  const sign = asked.descending ? -1 : 1
  return records.filter(matches).toSorted((left, right) => {
    for (const name of [...columns, 'id']) {
      const difference = order(left[name], right[name])
      if (difference !== 0) return sign * difference
    }
    return 0
  })
}

function columnsOf(kind: Kind, by: string | undefined): readonly string[] {
  return by === undefined ? [] : (tables[kind] as Table).lists[by]!
}

/** Text by code point, bytes by octet, numbers and instants by size; null equals null. */
function order(left: unknown, right: unknown): number {
  if (left === null || right === null) return left === right ? 0 : 1
  if (left instanceof Temporal.Instant && right instanceof Temporal.Instant)
    return Temporal.Instant.compare(left, right)
  if (typeof left === 'number' && typeof right === 'number') return left - right
  return Buffer.compare(octets(left), octets(right))
}

function octets(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
}
