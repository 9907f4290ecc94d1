// SPDX-License-Identifier: Apache-2.0
import type { Names } from './names.ts'
import { type Shape, shapes } from './shapes.ts'
import { Table, type TableOptions } from './table.ts'
import { label, valueText } from './value.ts'

export type Row = Readonly<Record<string, unknown>>

/**
 * Things of one kind as a table, page by page. What none of the first page has, not even as null, is no
 * column: it is told of some installations only.
 */
export class Rows {
  readonly #shape: Shape
  readonly #names: Names
  readonly #options: TableOptions
  #table: { readonly columns: readonly string[]; readonly lines: Table } | undefined

  constructor(shape: Shape, names: Names, options: TableOptions) {
    this.#shape = shape
    this.#names = names
    this.#options = options
  }

  lines(rows: readonly Row[]): readonly string[] {
    this.#table ??= this.#tableFor(rows)
    const { columns, lines } = this.#table
    return lines.lines(
      rows.map((row) => columns.map((name) => valueText(this.#names.in(name, row[name])))),
    )
  }

  #tableFor(rows: readonly Row[]) {
    const columns = shapes[this.#shape].filter((name) =>
      rows.some((row) => row[name] !== undefined),
    )
    return { columns, lines: new Table(columns.map(label), this.#options) }
  }
}

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
