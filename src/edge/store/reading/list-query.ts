// SPDX-License-Identifier: Apache-2.0
import type { ListQuery } from '#core/ledger/ledger.ts'
import { type Kind, tables } from '#core/ledger/tables.ts'
import { type Cell, columnNames, encodeSought, type Row } from '../rows.ts'
import type { Dialect } from '../schema/dialect.ts'
import { columnOf, listIndex, nullables } from '../schema/schema.ts'
import { encodeCursor, parseCursor } from './cursor.ts'

/** A statement with its values. */
export interface Statement {
  readonly sql: string
  readonly values: readonly Cell[]
}

/** The page's statement; it asks for one row more than the page, to know whether another follows. */
export function listStatement<K extends Kind>(
  kind: K,
  query: ListQuery<K>,
  dialect: Dialect,
): Statement {
  const most = query.only === undefined ? 1_000 : 10_000
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > most)
    throw new RangeError(`limit is ${query.limit}, allowed 1 to ${most}`)
  const walk = walkOf(kind, query)
  const [conditions, values] = filters(kind, query, walk)
  if (query.after !== undefined) {
    conditions.push(
      `(${walk.order.map(quoted).join(', ')}) ${query.descending ? '<' : '>'} (${walk.order.map(() => '?').join(', ')})`,
    )
    values.push(
      ...parseCursor(
        query.after,
        walk.name,
        walk.order.map((name) => cursorType(kind, name)),
      ),
    )
  }
  const direction = query.descending ? ' DESC' : ''
  return {
    sql: `SELECT ${selected(kind, query).map(quoted).join(', ')}${source(kind, walk, dialect)}${where(
      conditions,
    )} ORDER BY ${walk.order.map((name) => quoted(name) + direction).join(', ')} LIMIT ?`,
    values: [...values, query.limit + 1],
  }
}

/** The statement that counts what a list would give without its limit. */
export function countStatement<K extends Kind>(
  kind: K,
  query: Omit<ListQuery<K>, 'limit' | 'after'>,
  dialect: Dialect,
): Statement {
  const walk = walkOf(kind, query)
  const [conditions, values] = filters(kind, query, walk)
  return { sql: `SELECT count(*)${source(kind, walk, dialect)}${where(conditions)}`, values }
}

/** The cursor that continues after this row. */
export function cursorAfter<K extends Kind>(
  kind: K,
  query: Omit<ListQuery<K>, 'limit'>,
  row: Row,
): string {
  const walk = walkOf(kind, query)
  const names = selected(kind, query)
  return encodeCursor({
    walk: walk.name,
    cells: walk.order.map((name) => row[names.indexOf(name)]!),
  })
}

/** The columns that are read, in their order: all, or those that are wanted and those that a cursor needs. */
export function selected<K extends Kind>(
  kind: K,
  query: Omit<ListQuery<K>, 'limit'>,
): readonly string[] {
  if (query.only === undefined) return columnNames(kind)
  return [...new Set([...walkOf(kind, query).order, ...query.only])]
}

interface Walk {
  /** Which walk a cursor belongs to. */
  readonly name: string
  /** The columns of the list; empty for the walk by id. */
  readonly columns: readonly string[]
  /** What varies along the walk: the columns after the equal ones, then the id. */
  readonly order: readonly string[]
  readonly index: string | undefined
}

type Filters<K extends Kind> = Omit<ListQuery<K>, 'limit' | 'after'>

function walkOf<K extends Kind>(kind: K, query: Filters<K>): Walk {
  const lists: Readonly<Record<string, readonly string[]>> = tables[kind].lists
  const columns = query.by === undefined ? [] : lists[query.by]
  if (columns === undefined) throw new RangeError(`${kind} has no list ${query.by}`)
  const equal = query.equal?.length ?? 0
  if (equal > columns.length)
    throw new RangeError(`list ${query.by} has ${columns.length} columns, asked with ${equal}`)
  return {
    name: `${kind}.${query.by ?? 'id'}.${equal}.${query.descending ? 'down' : 'up'}`,
    columns,
    order: [...columns.slice(equal), 'id'],
    index: query.by === undefined ? undefined : listIndex(kind, query.by),
  }
}

function filters<K extends Kind>(kind: K, query: Filters<K>, walk: Walk): [string[], Cell[]] {
  const conditions = nullables(tables[kind], walk.columns).map(
    (name) => `${quoted(name)} IS NOT NULL`,
  )
  const values: Cell[] = []
  const add = (name: string, sign: '=' | '<' | '>' | '>=', value: unknown) => {
    const cell = encodeSought(kind, name, value)
    conditions.push(cell === undefined ? 'FALSE' : `${quoted(name)} ${sign} ?`)
    if (cell !== undefined) values.push(cell)
  }
  for (const [index, value] of (query.equal ?? []).entries()) add(walk.columns[index]!, '=', value)
  const { prefix, beyond, from, below } = query
  const next = walk.columns[query.equal?.length ?? 0] ?? (isOfIds(query) ? 'id' : undefined)
  if ([prefix, beyond, from, below].some((bound) => bound !== undefined)) {
    if (next === undefined) throw new RangeError('a prefix or bound needs a column of the list')
    if (beyond !== undefined) add(next, '>', beyond)
    if (from !== undefined) add(next, '>=', from)
    if (below !== undefined) add(next, '<', below)
    if (prefix !== undefined) {
      add(next, '>=', prefix)
      const end = afterPrefix(prefix)
      if (end !== undefined) add(next, '<', end)
    }
  }
  for (const [name, value] of Object.entries(query.where ?? {})) {
    if (value === null) conditions.push(`${quoted(name)} IS NULL`)
    else if (value !== undefined) add(name, '=', value)
  }
  return [conditions, values]
}

/** The first text, by code point, after all that begin with the prefix; undefined if there is none. */
export function afterPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0)!)
  while (points.at(-1) === 0x10_ffff) points.pop()
  const last = points.pop()
  if (last === undefined) return undefined
  const next = last === 0xd7ff ? 0xe000 : last + 1 // over the surrogates, which no text holds
  return String.fromCodePoint(...points, next)
}

/** By id there is one bound: an id tells when its record was made, and nothing else that could be asked for. */
function isOfIds<K extends Kind>({ by, prefix, beyond, from, below }: Filters<K>): boolean {
  const others = [prefix, from, below].some((bound) => bound !== undefined)
  return by === undefined && beyond !== undefined && !others
}

function cursorType(kind: Kind, name: string): string {
  if (name === 'id') return 'bytes'
  const column = columnOf(tables[kind], name)
  if (column.kind === 'text' || column.kind === 'json') return 'string'
  return column.kind === 'id' || column.kind === 'bytes' ? 'bytes' : 'number'
}

function source(kind: Kind, walk: Walk, dialect: Dialect): string {
  return ` FROM ${quoted(kind)}${walk.index === undefined ? '' : dialect.walk(walk.index)}`
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
}

function quoted(name: string): string {
  return `"${name}"`
}
