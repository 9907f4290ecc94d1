// SPDX-License-Identifier: Apache-2.0
import type { Names } from './names.ts'
import { type Shape, shapes } from './shapes.ts'
import { Table, type TableOptions } from './table.ts'
import { label, valueText } from './value.ts'

export type Row = Readonly<Record<string, unknown>>

/** Things of one kind as a table, page by page. */
export class Rows {
  readonly #shape: Shape
  readonly #names: Names
  readonly #table: Table

  constructor(shape: Shape, names: Names, options: TableOptions) {
    this.#shape = shape
    this.#names = names
    this.#table = new Table(shapes[shape].map(label), options)
  }

  lines(rows: readonly Row[]): readonly string[] {
    return this.#table.lines(
      rows.map((row) =>
        shapes[this.#shape].map((name) => valueText(this.#names.in(name, row[name]))),
      ),
    )
  }
}

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
