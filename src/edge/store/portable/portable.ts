// SPDX-License-Identifier: Apache-2.0
/**
 * A whole store on its way: read at one moment out of one database, loaded into another.
 *
 * Rows are the same cells on every database, tables go in one order and rows in the order of their
 * primary key; so a dump can be taken up anywhere, and two stores compared row by row.
 */
import { tables } from '#core/ledger/tables.ts'
import { columnNames, type Row } from '../rows.ts'
import { kinds } from '../schema/schema.ts'

export interface PortableTable {
  readonly name: string
  /** In the order of its rows. */
  readonly columns: readonly string[]
  /** How many of the first columns are the primary key. */
  readonly key: number
}

/** Every table in the order of a dump: the kinds, then the log. */
export const portableTables: readonly PortableTable[] = [
  ...kinds.map((kind) => ({ name: kind as string, columns: columnNames(kind), key: 1 })),
  { name: 'event', columns: ['sequence', 'bytes', 'salt'], key: 1 },
  { name: 'entry', columns: ['position', 'event', 'commitment'], key: 1 },
  { name: 'tile', columns: ['level', 'place', 'hashes'], key: 2 },
  {
    name: 'log',
    columns: [
      ...['only', 'size', 'lastEvent', 'root', 'fence', 'holder', 'heldUntil'],
      ...['checkpointSize', 'checkpoint'],
    ],
    key: 1,
  },
]

/** @throws RangeError if there is no such table */
export function portableTable(name: string): PortableTable {
  const table = portableTables.find((one) => one.name === name)
  if (table === undefined) throw new RangeError(`no table is called ${name}`)
  return table
}

/** Before every row of the table: no key is this small. */
export function beforeFirst({ name, key }: PortableTable): Row {
  if (Object.hasOwn(tables, name)) return [new Uint8Array()]
  return Array.from({ length: key }, () => -1)
}

/** A store as it was at one moment, for as long as it stays open. Breaks reject with a Fault. */
export interface Dump {
  count(table: PortableTable): Promise<number>
  /** The rows after a key, in the order of the key, some at a time. */
  rows(table: PortableTable, after?: Row): AsyncIterable<readonly Row[]>
  close(): Promise<void>
}

/**
 * A database that is being filled, by this process alone, before anybody serves from it.
 *
 * `put` MUST write all of its rows or none, write a row that is there already no second time, and reject
 * with `Fault('store-differs')` if another row stands under its key. All of it MUST be durable once `close`
 * resolves.
 */
export interface Load {
  /** The greatest key that is there; undefined for an empty table. */
  last(table: PortableTable): Promise<Row | undefined>
  put(table: PortableTable, rows: readonly Row[]): Promise<void>
  close(): Promise<void>
}
