// SPDX-License-Identifier: Apache-2.0
import type { Columns, PackedBytes } from '#core/ledger/ledger.ts'
import type { Kind, LedgerRecord } from '#core/ledger/tables.ts'
import { type Cell, decodeCell, keepsBytes, type Row, soughtColumn } from '../rows.ts'

type Plain = readonly (null | number | string)[]

/** A page of some columns, as `Dialect.gather` has it. */
export class Gathered implements Columns {
  readonly length: number
  /** Whether a row of the next page came with it. */
  readonly hasMore: boolean
  readonly #kind: Kind
  readonly #names: readonly string[]
  readonly #plain = new Map<string, Plain>()
  readonly #bytes = new Map<string, PackedBytes>()

  /** @param names all columns that were gathered, in their order */
  constructor(kind: Kind, names: readonly string[], row: Row, limit: number) {
    this.#kind = kind
    this.#names = names
    let count = 0
    let place = 0
    for (const name of names) {
      const values = JSON.parse(String(row[place++])) as Plain
      count = values.length
      if (!keepsBytes(kind, name)) this.#plain.set(name, values)
      else {
        const octets = Uint8Array.fromHex(String(row[place++] ?? ''))
        this.#bytes.set(name, { octets, lengths: values as readonly (number | null)[] })
      }
    }
    this.length = Math.min(count, limit)
    this.hasMore = count > limit
  }

  numbers(name: string): readonly (number | null)[] {
    return this.#of(name, ['integer', 'instant']) as readonly (number | null)[]
  }

  texts(name: string): readonly (string | null)[] {
    return this.#of(name, ['text']) as readonly (string | null)[]
  }

  bytes(name: string): PackedBytes {
    return this.#bytes.get(name) ?? this.#missing(name)
  }

  /**
   * A record of each row.
   *
   * It lacks the columns that are not `wanted`, whatever its type says: `glance` (core/ledger) tells its callers so.
   */
  records<K extends Kind>(wanted: readonly string[]): readonly LedgerRecord<K>[] {
    const records = Array.from({ length: this.length }, (): Record<string, unknown> => ({}))
    for (const name of wanted) {
      let at = 0
      for (const [row, record] of records.entries()) {
        const cell = this.#cell(name, row, at)
        if (cell instanceof Uint8Array) at += cell.length
        record[name] = decodeCell(this.#kind, name, cell)
      }
    }
    return records as unknown as readonly LedgerRecord<K>[]
  }

  /** The last row as it would have come by itself. */
  last(): Row {
    const row = this.length - 1
    return this.#names.map((name) => {
      const lengths = this.#bytes.get(name)?.lengths ?? []
      let at = 0
      for (let before = 0; before < row; before++) at += lengths[before] ?? 0
      return this.#cell(name, row, at)
    })
  }

  /** @param at where its bytes begin, of a column of bytes */
  #cell(name: string, row: number, at: number): Cell {
    const packed = this.#bytes.get(name)
    if (packed === undefined) return this.#plain.get(name)?.[row] ?? null
    const length = packed.lengths[row] ?? null
    return length === null ? null : packed.octets.slice(at, at + length)
  }

  #of(name: string, kinds: readonly string[]): Plain {
    const plain = this.#plain.get(name)
    if (plain === undefined || !kinds.includes(soughtColumn(this.#kind, name).kind))
      this.#missing(name)
    return plain
  }

  #missing(name: string): never {
    throw new TypeError(`column ${name} of ${this.#kind} was not asked for, or is of another type`)
  }
}
