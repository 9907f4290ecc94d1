// SPDX-License-Identifier: Apache-2.0
import { type Column, type ColumnTypes, id, integer, type Table } from '#core/ledger/columns.ts'
import { type Kind, type LedgerRecord, tables } from '#core/ledger/tables.ts'
import { columnOf, kinds } from './schema/schema.ts'

/** A value as the database keeps it. */
export type Cell = null | number | string | Uint8Array
/** A record as the database keeps it: id, version, then the columns in the order of the table. */
export type Row = readonly Cell[]

/** The names of a kind's columns in the order of its rows. */
export function columnNames(kind: Kind): readonly string[] {
  return ['id', 'version', ...Object.keys(tables[kind].columns)]
}

/** @throws TypeError if a value is not what its column says: a mistake of core, not of its input */
export function encodeRecord(kind: Kind, record: Readonly<Record<string, unknown>>): Row {
  return codecs[kind].encode(record)
}

/** The record that a row keeps. The row is one that `encodeRecord` made. */
export function decodeRecord<K extends Kind>(kind: K, row: Row): LedgerRecord<K> {
  return codecs[kind].decode(row) as unknown as LedgerRecord<K>
}

/** Whether a column's cells are bytes. */
export function keepsBytes(kind: Kind, name: string): boolean {
  const column = soughtColumn(kind, name)
  return column.kind === 'bytes' || column.kind === 'id'
}

/** What a cell of this column is in core. The cell is one that `encodeRecord` made. */
export function decodeCell(kind: Kind, name: string, cell: Cell): unknown {
  if (cell === null) return null
  const column = soughtColumn(kind, name)
  return decoders[column.kind](cell, column)
}

/**
 * The cell to compare a column with, or undefined for a text that no record can hold there: such
 * texts come from outside, and match nothing.
 *
 * @throws TypeError if the value is of another type than its column
 */
export function encodeSought(kind: Kind, name: string, value: unknown): Cell | undefined {
  const column = soughtColumn(kind, name)
  if (value === null) return null
  if (typeof value === 'string') {
    if (column.kind === 'id') return parseId(column.prefix ?? '', value)
    if (column.kind === 'text' && !isKeepable(value)) return undefined
  }
  return encoders[column.kind](value, column)
}

export function soughtColumn(kind: Kind, name: string): Column {
  if (name === 'id') return id(tables[kind].prefix)
  return name === 'version' ? integer : columnOf(tables[kind], name)
}

/** What each character code is worth as a hexadecimal digit; 255 if it is none (capitals are none). */
const digits = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(code))
  return digit < 0 ? 255 : digit
})

/**
 * The 16 bytes of an id, or undefined if this is no id of that kind.
 *
 * Ten or so in each change: by hand this takes a fifth of `Uint8Array.fromHex` with its checks.
 */
export function parseId(prefix: string, text: string): Uint8Array | undefined {
  if (text.length !== 36 || text[3] !== '_' || !text.startsWith(prefix)) return undefined
  const bytes = new Uint8Array(16)
  let worst = 0
  for (let index = 0; index < 16; index++) {
    const high = digits[text.charCodeAt(4 + 2 * index)] ?? 255
    const low = digits[text.charCodeAt(5 + 2 * index)] ?? 255
    worst |= high | low
    bytes[index] = (high << 4) | low
  }
  return worst > 15 ? undefined : bytes
}

const encoders = {
  id: (value, column) => encodeId(column.prefix ?? '', value),
  text: (value) => encodeText(value),
  bytes: (value) => (value instanceof Uint8Array ? value : wrong('bytes', value)),
  integer: (value) => (isInteger(value) ? value : wrong('a whole number', value)),
  boolean: (value) => (typeof value === 'boolean' ? Number(value) : wrong('a boolean', value)),
  instant: (value) =>
    value instanceof Temporal.Instant ? value.epochMilliseconds : wrong('an instant', value),
  json: (value) => encodeText(JSON.stringify(value)),
} satisfies Record<keyof ColumnTypes, (value: unknown, column: Column) => Cell>

const decoders = {
  id: (cell, column) => `${column.prefix}_${asBytes(cell).toHex()}`,
  text: (cell) => cell,
  bytes: (cell) => cell,
  integer: (cell) => cell,
  boolean: (cell) => cell === 1,
  instant: (cell) => Temporal.Instant.fromEpochMilliseconds(Number(cell)),
  json: (cell) => JSON.parse(String(cell)),
} satisfies Record<keyof ColumnTypes, (cell: Cell, column: Column) => unknown>

const codecs = Object.fromEntries(kinds.map((kind) => [kind, codec(kind)])) as Record<
  Kind,
  ReturnType<typeof codec>
>

function codec(kind: Kind) {
  const { prefix, columns }: Table = tables[kind]
  const fields = Object.entries(columns)
  const cells = fields.map(([name, column]) => {
    return { name, column, nullable: column.nullable, encode: encoders[column.kind] }
  })
  return {
    encode(record: Readonly<Record<string, unknown>>): Row {
      const { version } = record
      if (!isInteger(version) || version < 1) wrong('a version from 1', version)
      const row: Cell[] = [encodeId(prefix, record.id), version]
      let at = ''
      try {
        for (const { name, column, nullable, encode } of cells) {
          at = name
          const value = record[name]
          row.push(value === null && nullable ? null : encode(value, column))
        }
      } catch (cause) {
        throw new TypeError(`${kind}.${at} cannot be kept`, { cause })
      }
      return row
    },
    decode(row: Row): Record<string, unknown> {
      const record: Record<string, unknown> = {
        id: `${prefix}_${asBytes(row[0]).toHex()}`,
        version: row[1],
      }
      for (let index = 0; index < fields.length; index++) {
        const [name, column] = fields[index]!
        const cell = row[index + 2]!
        record[name] = cell === null ? null : decoders[column.kind](cell, column)
      }
      return record
    },
  }
}

function encodeId(prefix: string, value: unknown): Uint8Array {
  const bytes = typeof value === 'string' ? parseId(prefix, value) : undefined
  return bytes ?? wrong(`an id that starts with ${prefix}_`, value)
}

function encodeText(value: unknown): string {
  return typeof value === 'string' && isKeepable(value) ? value : wrong('well-formed text', value)
}

/** Whether every database keeps the text unchanged: no lone surrogate, no NUL. */
function isKeepable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function asBytes(cell: Cell | undefined): Uint8Array {
  return cell instanceof Uint8Array ? cell : wrong('bytes', cell)
}

function wrong(wanted: string, value: unknown): never {
  throw new TypeError(`wanted ${wanted}, was given a ${value === null ? 'null' : typeof value}`)
}
