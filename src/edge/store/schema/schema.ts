// SPDX-License-Identifier: Apache-2.0
import type { Column, Table } from '#core/ledger/columns.ts'
import { type Kind, tables } from '#core/ledger/tables.ts'
import type { Dialect } from './dialect.ts'

/** The tables of the ledger in the order of their names in `tables`: a kind's number on the wire. */
export const kinds = Object.keys(tables).filter(isKind)

/** The statements that make an empty database ready, in order, one statement an item. */
export function schema(dialect: Dialect): readonly string[] {
  return [
    ...kinds.flatMap((kind) => tableStatements(kind, dialect)),
    ...logStatements(dialect),
    ...dialect.own,
  ]
}

/** The name of the index that guards a unique key. */
export function uniqueIndex(kind: Kind, key: string): string {
  return `${kind}_one_${key}`
}

/**
 * The name of the index that a list walks: its own, or that of a unique key over the same columns.
 *
 * A record with a null in one of the list's columns is not on that list.
 */
export function listIndex(kind: Kind, list: string): string {
  const twin = twinKey(tables[kind], list)
  return twin === undefined ? `${kind}_by_${list}` : uniqueIndex(kind, twin)
}

/** The columns among these that may be null. */
export function nullables(table: Table, columns: readonly string[]): readonly string[] {
  return columns.filter((name) => columnOf(table, name).nullable)
}

/** @throws Error if the table has no such column: a mistake of the caller, never of its input */
export function columnOf(table: Table, name: string): Column {
  const column = Object.hasOwn(table.columns, name) ? table.columns[name] : undefined
  if (column === undefined) throw new Error(`table ${table.prefix} has no column ${name}`)
  return column
}

function isKind(name: string): name is Kind {
  return Object.hasOwn(tables, name)
}

function tableStatements(kind: Kind, dialect: Dialect): string[] {
  const table: Table = tables[kind]
  const columns = Object.entries(table.columns).map(
    ([name, column]) =>
      `  "${name}" ${dialect.types[column.kind]}${column.nullable ? '' : ' NOT NULL'}`,
  )
  const own = [
    `  "id" ${dialect.types.id} NOT NULL PRIMARY KEY`,
    `  "version" ${dialect.types.integer} NOT NULL`,
  ]
  return [
    `CREATE TABLE "${kind}" (\n${[...own, ...columns].join(',\n')}\n)${dialect.byId}`,
    ...Object.entries(table.unique).map(([key, names]) =>
      index(`UNIQUE INDEX "${uniqueIndex(kind, key)}"`, kind, table, names, names),
    ),
    ...Object.entries(table.lists)
      .filter(([list]) => twinKey(table, list) === undefined)
      .map(([list, names]) =>
        index(`INDEX "${listIndex(kind, list)}"`, kind, table, names, [
          ...names,
          'id',
          ...(table.covers?.[list] ?? []),
        ]),
      ),
  ]
}

function index(
  what: string,
  kind: Kind,
  table: Table,
  names: readonly string[],
  over: readonly string[],
): string {
  const present = nullables(table, names).map((name) => `"${name}" IS NOT NULL`)
  const where = present.length === 0 ? '' : ` WHERE ${present.join(' AND ')}`
  return `CREATE ${what} ON "${kind}" (${over.map((name) => `"${name}"`).join(', ')})${where}`
}

function twinKey(table: Table, list: string): string | undefined {
  const columns = table.lists[list]?.join()
  return Object.entries(table.unique).find(([, names]) => names.join() === columns)?.[0]
}

/**
 * The log beside the ledger: events in the order of their commits, the places that the sequencer
 * gave them, the tiles of the tree, and one row that says how far the log has come.
 */
function logStatements({ types, plain }: Dialect): string[] {
  return [
    `CREATE TABLE "event" (
  "sequence" ${types.integer} NOT NULL PRIMARY KEY,
  "bytes" ${types.bytes},
  "salt" ${types.bytes}
)${plain}`,
    `CREATE TABLE "entry" (
  "position" ${types.integer} NOT NULL PRIMARY KEY,
  "event" ${types.integer} NOT NULL,
  "commitment" ${types.bytes} NOT NULL
)${plain}`,
    `CREATE TABLE "tile" (
  "level" ${types.integer} NOT NULL,
  "place" ${types.integer} NOT NULL,
  "hashes" ${types.bytes} NOT NULL,
  PRIMARY KEY ("level", "place")
)${plain}`,
    // Keys, encrypted under the passphrase, where several nodes share them; no part of the log.
    `CREATE TABLE "sealed" (
  "name" ${types.text} NOT NULL PRIMARY KEY,
  "content" ${types.text} NOT NULL
)${plain}`,
    // What several nodes agree on to know whether what they judged by is still so; no part of the log either.
    `CREATE TABLE "epoch" (
  "only" ${types.integer} NOT NULL PRIMARY KEY,
  "mark" ${types.bytes} NOT NULL
)${plain}`,
    `CREATE TABLE "log" (
  "only" ${types.integer} NOT NULL PRIMARY KEY,
  "size" ${types.integer} NOT NULL,
  "lastEvent" ${types.integer} NOT NULL,
  "root" ${types.bytes} NOT NULL,
  "fence" ${types.integer} NOT NULL,
  "holder" ${types.text},
  "heldUntil" ${types.instant},
  "checkpointSize" ${types.integer},
  "checkpoint" ${types.text}
)${plain}`,
  ]
}
