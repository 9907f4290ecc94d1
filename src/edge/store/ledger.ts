// SPDX-License-Identifier: Apache-2.0
import { encodeEvent } from '#core/audit/encode-event.ts'
import type { Table } from '#core/ledger/columns.ts'
import type {
  Change,
  Committed,
  Ledger,
  ListQuery,
  Page,
  Put,
  UniqueKey,
} from '#core/ledger/ledger.ts'
import { type Kind, type LedgerRecord, tables } from '#core/ledger/tables.ts'
import type { Randomness } from '#core/ports.ts'
import { eventStep, type Step, type Written } from './book/packing.ts'
import { Gathered } from './reading/gathered.ts'
import {
  countStatement,
  cursorAfter,
  listStatement,
  type Statement,
  selected,
} from './reading/list-query.ts'
import type { ListReads, PointReads } from './reading/reads.ts'
import {
  type Cell,
  columnNames,
  decodeRecord,
  encodeRecord,
  encodeSought,
  keepsBytes,
  parseId,
} from './rows.ts'
import type { Dialect } from './schema/dialect.ts'
import { kinds } from './schema/schema.ts'

const committed: Committed = Object.freeze({ kind: 'committed' })

/** Where a ledger's work is done. */
export interface LedgerPlaces {
  readonly dialect: Dialect
  /** All writes: each list of steps is one change. */
  readonly book: { write(steps: readonly Step[]): Promise<Written> }
  readonly points: PointReads
  readonly lists: ListReads
  readonly counts: ListReads
  readonly random: Randomness
}

/** The ledger on any database that speaks SQL. */
export class SqlLedger implements Ledger {
  readonly #places: LedgerPlaces

  constructor(places: LedgerPlaces) {
    this.#places = places
  }

  async commit(change: Change): Promise<Committed> {
    const written = await this.#places.book.write([
      ...change.puts.map(putStep),
      ...change.events.map((event): Step => {
        return { kind: eventStep, row: [encodeEvent(event), this.#places.random.bytes(32)] }
      }),
    ])
    if (written === null) return committed
    const { kind, record } = change.puts[written.step]!
    return { kind: 'conflict', record: kind, id: record.id, rule: written.rule }
  }

  async read<K extends Kind>(kind: K, id: string): Promise<LedgerRecord<K> | undefined> {
    const bytes = parseId(tables[kind].prefix, id)
    if (bytes === undefined) return undefined
    return this.#first(kind, ['id'], [bytes])
  }

  async find<K extends Kind>(
    kind: K,
    key: UniqueKey<K>,
    values: readonly unknown[],
  ): Promise<LedgerRecord<K> | undefined> {
    const unique: Readonly<Record<string, readonly string[]>> = tables[kind].unique
    const names = unique[key]
    if (names === undefined || names.length !== values.length)
      throw new RangeError(`${kind} has no unique key ${key} of ${values.length} values`)
    const cells = names.map((name, index) => encodeSought(kind, name, values[index]))
    return cells.every((cell) => cell !== undefined) ? this.#first(kind, names, cells) : undefined
  }

  async list<K extends Kind>(kind: K, query: ListQuery<K>): Promise<Page<LedgerRecord<K>>> {
    const { sql, values } = listStatement(kind, query, this.#places.dialect)
    if (query.only !== undefined) return this.#glance(kind, query, query.only, { sql, values })
    const rows = await this.#places.lists.all(sql, values)
    const shown = rows.slice(0, query.limit)
    const last = shown.at(-1)
    return {
      items: shown.map((row) => decodeRecord(kind, row)),
      next: rows.length > shown.length && last ? cursorAfter(kind, query, last) : null,
    }
  }

  /** Of each record some columns, all in one row. */
  async #glance<K extends Kind>(
    kind: K,
    query: ListQuery<K>,
    wanted: readonly string[],
    { sql, values }: Statement,
  ): Promise<Page<LedgerRecord<K>>> {
    const names = selected(kind, query)
    const columns = names.map((name) => ({ name, isBytes: keepsBytes(kind, name) }))
    const [row = []] = await this.#places.lists.all(
      this.#places.dialect.gather(sql, columns),
      values,
    )
    const gathered = new Gathered(kind, names, row, query.limit)
    const last = gathered.hasMore ? gathered.last() : undefined
    const next = last ? cursorAfter(kind, query, last) : null
    return query.packed
      ? { items: [], columns: gathered, next }
      : { items: gathered.records(wanted), next }
  }

  async count<K extends Kind>(
    kind: K,
    query: Omit<ListQuery<K>, 'limit' | 'after'>,
  ): Promise<number> {
    const { sql, values } = countStatement(kind, query, this.#places.dialect)
    const [row] = await this.#places.counts.all(sql, values)
    return Number(row?.[0])
  }

  async #first<K extends Kind>(
    kind: K,
    names: readonly string[],
    values: readonly Cell[],
  ): Promise<LedgerRecord<K> | undefined> {
    const row = await this.#places.points.first(pointSql(kind, names), values)
    return row === undefined ? undefined : decodeRecord(kind, row)
  }
}

function putStep(put: Put): Step {
  const table: Table = tables[put.kind]
  if (table.appendOnly && put.record.version !== 1)
    throw new TypeError(`a ${put.kind} is written once, asked for version ${put.record.version}`)
  return { kind: kindNumbers[put.kind], row: encodeRecord(put.kind, put.record) }
}

const kindNumbers = Object.fromEntries(kinds.map((kind, index) => [kind, index])) as Record<
  Kind,
  number
>

const pointSqls = new Map<string, string>()

function pointSql(kind: Kind, names: readonly string[]): string {
  const key = `${kind} ${names.join()}`
  let sql = pointSqls.get(key)
  if (sql === undefined) {
    const columns = columnNames(kind).map((name) => `"${name}"`)
    const conditions = names.map((name) => `"${name}" = ?`)
    sql = `SELECT ${columns.join(', ')} FROM "${kind}" WHERE ${conditions.join(' AND ')}`
    pointSqls.set(key, sql)
  }
  return sql
}
