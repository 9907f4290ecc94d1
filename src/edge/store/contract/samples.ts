// SPDX-License-Identifier: Apache-2.0
import type { Column, Table } from '#core/ledger/columns.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import { type Kind, tables } from '#core/ledger/tables.ts'
import type { TestPorts } from '../store-testing.ts'

type Plain = Record<string, unknown>

/** Texts whose order by code point is not their order by UTF-16 unit, and prefixes of each other. */
const words = ['a', 'ab', 'b', 'B', 'é', '\ufffd', '😀', 'a%', "a'"]

/**
 * Makes records of any kind out of its columns alone, so that no table is left out of a test.
 *
 * Columns of unique keys never repeat; the others often do, and nullable ones are often null.
 */
export class Samples {
  readonly #ports: TestPorts
  readonly #ids = new Map<string, readonly string[]>()
  #count = 0

  constructor(ports: TestPorts) {
    this.#ports = ports
  }

  record(kind: Kind): Plain {
    const table: Table = tables[kind]
    const single = new Set(Object.values(table.unique).flat())
    const record: Plain = { id: newId(kind, this.#ports), version: 1 }
    this.#count++
    for (const [name, column] of Object.entries(table.columns))
      record[name] = this.#value(column, single.has(name))
    return record
  }

  put(kind: Kind, columns: Plain = {}): Put {
    return asPut(kind, { ...this.record(kind), ...columns })
  }

  /** A number from 0 up to, not including, the bound. */
  number(bound: number): number {
    const [high = 0, low = 0] = this.#ports.random.bytes(2)
    return (high * 256 + low) % bound
  }

  pick<T>(from: readonly T[]): T {
    return from[this.number(from.length)]!
  }

  #value(column: Column, single: boolean): unknown {
    if (column.nullable && this.number(4) === 0) return null
    const count = single ? this.#count : this.number(3)
    switch (column.kind) {
      case 'id':
        return single ? this.#newId(column) : this.pick(this.#pool(column))
      case 'text':
        return column.words === undefined ? this.pick(words) + count : this.pick(column.words)
      case 'bytes':
        return new Uint8Array([...this.#ports.random.bytes(2), count >> 8, count & 0xff])
      case 'integer':
        return count - 1
      case 'boolean':
        return count % 2 === 0
      case 'instant':
        return Temporal.Instant.fromEpochMilliseconds(count - 1)
      case 'json':
        return { text: this.pick(words), list: [count, null, true] }
    }
  }

  /** A few ids of this prefix, so that they repeat. */
  #pool(column: Column): readonly string[] {
    const prefix = column.prefix ?? ''
    let pool = this.#ids.get(prefix)
    if (pool === undefined) {
      pool = [this.#newId(column), this.#newId(column)]
      this.#ids.set(prefix, pool)
    }
    return pool
  }

  #newId(column: Column): string {
    return `${column.prefix}_${this.#ports.random.bytes(16).toHex()}`
  }
}

/** The one place where a record made of columns becomes a put of its kind. */
export function asPut(kind: Kind, record: Plain): Put {
  return { kind, record } as unknown as Put
}

/** The sample with something in every column. */
export function presentSample(table: Table, record: Plain): Plain {
  const values = {
    text: 'x',
    bytes: new Uint8Array(1),
    integer: 1,
    boolean: true,
    json: {},
  } as const
  const result: Plain = { id: record.id, version: 1 }
  for (const [name, column] of Object.entries(table.columns)) {
    const fallback =
      column.kind === 'id'
        ? `${column.prefix}_${'0'.repeat(32)}`
        : column.kind === 'instant'
          ? Temporal.Instant.fromEpochMilliseconds(0)
          : values[column.kind]
    result[name] = record[name] ?? fallback
  }
  return result
}
