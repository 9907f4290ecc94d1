// SPDX-License-Identifier: Apache-2.0
import type { AuditEvent } from '../audit/event.ts'
import type { Kind, LedgerRecord, tables } from './tables.ts'

/** A record to be written: version 1 is new, version n replaces exactly version n-1. */
export type Put = {
  readonly [K in Kind]: { readonly kind: K; readonly record: LedgerRecord<K> }
}[Kind]

/**
 * What a verb of core wants to be true, whole or not at all.
 *
 * Expectations are not a list of their own: each put expects the version before its own, and the
 * unique keys of the tables hold.
 */
export interface Change {
  readonly puts: readonly Put[]
  readonly events: readonly AuditEvent[]
}

/** Whether the change is now durable, or what stood against it. */
export type Committed =
  | { readonly kind: 'committed' }
  | {
      readonly kind: 'conflict'
      /** Which record could not be written. */
      readonly record: Kind
      readonly id: string
      /** `version`: someone else changed it first; else the name of the unique key that is taken. */
      readonly rule: string
    }

export type UniqueKey<K extends Kind> = keyof (typeof tables)[K]['unique'] & string
export type ListName<K extends Kind> = keyof (typeof tables)[K]['lists'] & string

/**
 * One page of a list, in the order of the named list, ties by id.
 *
 * A record with a null in one of the list's columns is not on that list.
 */
export interface ListQuery<K extends Kind> {
  /** The index to walk; absent: by id, which is by time of making. */
  readonly by?: ListName<K>
  /** Values for the leading columns of that list, in order. */
  readonly equal?: readonly unknown[]
  /** For the column after those: a prefix (text), or bounds (instant, integer): `from` included, `below` not. */
  readonly prefix?: string
  /**
   * For the column after those, if it is text: only what comes after this one, by code point. Of the walk by id an
   * id, whether there is such a record or not: what stands in it is when the records wanted were made.
   */
  readonly beyond?: string
  readonly from?: Temporal.Instant | number
  readonly below?: Temporal.Instant | number
  /** Further conditions, tested row by row within the walk: column = value. */
  readonly where?: Partial<LedgerRecord<K>>
  /** Newest, or highest, first. */
  readonly descending?: boolean
  /** At most this many, 1 to 1,000; of some columns alone, to 10,000. */
  readonly limit: number
  /** Only these columns are read, which is many times faster; to be asked through `glance`. */
  readonly only?: readonly (keyof LedgerRecord<K> & string)[]
  /** No record is made of them; to be asked through `glanceColumns`. */
  readonly packed?: boolean
  /** The `next` of the page before. */
  readonly after?: string
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Opaque cursor of the next page; null at the end. */
  readonly next: string | null
  /** In the place of items, of a query that asked for them `packed`. */
  readonly columns?: Columns
}

/**
 * Rows column by column and as they are kept, in the order of the list: of what is read by the million an
 * object for each costs more than all that is done with it.
 */
export interface Columns<C extends string = string> {
  /** How many rows; a column may hold more, which are of the next page. */
  readonly length: number
  /** A column of whole numbers or of instants, these in Unix milliseconds. */
  numbers(name: C): readonly (number | null)[]
  texts(name: C): readonly (string | null)[]
  bytes(name: C): PackedBytes
}

/** Octets of all rows, one after the other, and how many each has; null: it holds nothing. */
export interface PackedBytes {
  readonly octets: Uint8Array
  readonly lengths: readonly (number | null)[]
}

/** One page of a list, of each record some columns alone: for walks over a million. */
export async function glance<K extends Kind, const C extends keyof LedgerRecord<K> & string>(
  kind: K,
  columns: readonly C[],
  query: Omit<ListQuery<K>, 'only' | 'packed'>,
  ledger: Pick<Ledger, 'list'>,
): Promise<Page<Pick<LedgerRecord<K>, C>>> {
  return ledger.list(kind, { ...query, only: columns })
}

/** The same page with no record made of it. */
export async function glanceColumns<K extends Kind, const C extends keyof LedgerRecord<K> & string>(
  kind: K,
  names: readonly C[],
  query: Omit<ListQuery<K>, 'only' | 'packed'>,
  ledger: Pick<Ledger, 'list'>,
): Promise<{ readonly columns: Columns<C>; readonly next: string | null }> {
  const { columns, next } = await ledger.list(kind, { ...query, only: names, packed: true })
  if (columns === undefined) throw new TypeError(`a list of ${kind} came with no columns`)
  return { columns, next }
}

/** `after` was no cursor that a page of the same list, in the same direction, gave. */
export class CursorError extends Error {
  override readonly name = 'CursorError'
}

/**
 * The shared truth.
 *
 * `commit` MUST write all of a change or nothing, and MUST resolve to `committed` only when the
 * change survives a crash of the process and of the machine. Its order is the order of resolution.
 * A change that cannot be written for want of space rejects with `Fault('store-full')`; other
 * breaks reject with `Fault('store-unreachable')`. After a rejection nothing of it is written.
 * Reads MUST see every change whose commit resolved before the read began.
 */
export interface Ledger {
  commit(change: Change): Promise<Committed>
  /** The record with this id. */
  read<K extends Kind>(kind: K, id: string): Promise<LedgerRecord<K> | undefined>
  /** The record that holds this unique key. */
  find<K extends Kind>(
    kind: K,
    key: UniqueKey<K>,
    values: readonly unknown[],
  ): Promise<LedgerRecord<K> | undefined>
  /** Rejects with `CursorError` if `after` is not a cursor of this list. */
  list<K extends Kind>(kind: K, query: ListQuery<K>): Promise<Page<LedgerRecord<K>>>
  /** How many records match; exact, and therefore never on a hot path. */
  count<K extends Kind>(kind: K, query: Omit<ListQuery<K>, 'limit' | 'after'>): Promise<number>
}
