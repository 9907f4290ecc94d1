// SPDX-License-Identifier: Apache-2.0
/**
 * The vocabulary in which the tables are written.
 *
 * A column says what a value is in core and how every database keeps it; the TypeScript record type
 * is derived from it, so that a field, its type and its column are one fact.
 */

/** What a value of each column kind is in core. */
export interface ColumnTypes {
  /** An id such as `dev_0197…`: kept as its 16 bytes. */
  id: string
  /** Any well-formed text. */
  text: string
  /** Opaque bytes. */
  bytes: Uint8Array
  /** A whole number within ±2^53. */
  integer: number
  boolean: boolean
  /** An instant, kept as integer Unix milliseconds. */
  instant: Temporal.Instant
  /** A JSON document, kept as its text. */
  json: unknown
}

export interface Column<T = unknown> {
  readonly kind: keyof ColumnTypes
  readonly nullable: boolean
  /** For ids: the prefix of the kind referred to; undefined where several kinds may stand. */
  readonly prefix?: string
  /** For closed word lists: the words. */
  readonly words?: readonly string[]
  /** Carries the type only; never present at run time. */
  readonly type?: T
}

type Optional<T> = Column<T | null>

/** A word of a closed list, e.g. a state. */
export function word<const W extends readonly string[]>(...words: W): Column<W[number]> {
  return { kind: 'text', nullable: false, words }
}

/** The id of a record of the kind with this prefix. */
export function id(prefix: string): Column<string> {
  return { kind: 'id', nullable: false, prefix }
}

export const text: Column<string> = { kind: 'text', nullable: false }
export const bytes: Column<Uint8Array> = { kind: 'bytes', nullable: false }
export const integer: Column<number> = { kind: 'integer', nullable: false }
export const boolean: Column<boolean> = { kind: 'boolean', nullable: false }
export const instant: Column<Temporal.Instant> = { kind: 'instant', nullable: false }

/** A JSON document of a shape that the owning room parses. */
export function json<T>(): Column<T> {
  return { kind: 'json', nullable: false }
}

/** The same column, which may also hold nothing (`null`). */
export function optional<T>(column: Column<T>): Optional<T> {
  const { type: _, ...rest } = column
  return { ...rest, nullable: true }
}

/**
 * A kind of record.
 *
 * Every record has an `id` of the table's prefix and a `version`, counted from 1.
 */
export interface Table<C extends Record<string, Column> = Record<string, Column>> {
  /** The prefix of the record's own id, three letters. */
  readonly prefix: string
  readonly columns: C
  /** Named unique keys besides the id; a row with a null in a key's column claims nothing. */
  readonly unique: Readonly<Record<string, readonly (keyof C & string)[]>>
  /**
   * Named lists: equality columns first, then one ordering column (or none: by id, which is by time).
   * Each becomes an index; a query names the list it walks.
   */
  readonly lists: Readonly<Record<string, readonly (keyof C & string)[]>>
  /** What the index of a list holds besides: a glance at these columns alone reads no row. */
  readonly covers?: Readonly<Record<string, readonly (keyof C & string)[]>>
  /** True if a row, once written, is never changed. */
  readonly appendOnly: boolean
}

type Value<C> = C extends Column<infer T> ? T : never

/** The record that a table keeps. */
export type RecordOf<T extends Table> = {
  readonly id: string
  readonly version: number
} & { readonly [K in keyof T['columns']]: Value<T['columns'][K]> }
