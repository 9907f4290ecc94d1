// SPDX-License-Identifier: Apache-2.0
import type { Paint } from '../terminal/paint.ts'

export interface TableOptions {
  readonly paint: Paint
  /** Lines are cut to this; undefined: not cut. */
  readonly columns: number | undefined
  readonly indent?: string
}

/**
 * Rows under aligned heads, all to the left, a page at a time: a later page keeps the widths of those
 * before, or widens them.
 */
export class Table {
  readonly #heads: readonly string[]
  readonly #options: TableOptions
  #widths: readonly number[]
  #hasHead = false

  constructor(heads: readonly string[], options: TableOptions) {
    this.#heads = heads
    this.#options = options
    this.#widths = heads.map(widthOf)
  }

  /** The lines of further rows; before the first ones stand the heads. */
  lines(rows: readonly (readonly string[])[]): readonly string[] {
    this.#widths = this.#widths.map((width, index) =>
      Math.max(width, ...rows.map((cells) => widthOf(cells[index] ?? ''))),
    )
    const lines = rows.map((cells) => this.#line(cells))
    if (this.#hasHead) return lines
    this.#hasHead = true
    return [this.#options.paint('bold', this.#line(this.#heads)), ...lines]
  }

  #line(cells: readonly string[]): string {
    const padded = cells.map((cell, index) =>
      index === cells.length - 1
        ? cell
        : cell + ' '.repeat((this.#widths[index] ?? 0) - widthOf(cell)),
    )
    const line = `${this.#options.indent ?? ''}${padded.join('  ')}`.trimEnd()
    return cut(line, this.#options.columns)
  }
}

/** Text in at most so many columns. */
export function cut(text: string, columns: number | undefined): string {
  if (columns === undefined || widthOf(text) <= columns) return text
  return `${[...text].slice(0, columns - 1).join('')}…`
}

/** Columns of a terminal, as far as letters that are one column wide go. */
function widthOf(text: string): number {
  return [...text].length
}
