// SPDX-License-Identifier: Apache-2.0
/** How a list of any length is taken in: in batches, in memory that does not grow with it, and told as it goes. */
import { refuse } from '#trust/refusal.ts'
import type { Refused } from './refusal.ts'

/** A row of which nothing can be made. */
export type WrongRow =
  | { readonly kind: 'wrong'; readonly row: number; readonly refused: Refused }
  /** Neither this row nor any after it can be read. */
  | { readonly kind: 'unreadable'; readonly row: number; readonly refused: Refused }

/** How far an import has come. */
export interface ImportCount {
  readonly rows: number
  readonly added: number
  readonly unchanged: number
  readonly refused: number
}

export type ImportNews =
  | { readonly kind: 'refused'; readonly row: number; readonly refused: Refused }
  /** Everything up to here is durable. */
  | { readonly kind: 'progress'; readonly count: ImportCount }
  | { readonly kind: 'done'; readonly count: ImportCount }
  | {
      readonly kind: 'stopped'
      readonly row: number
      readonly refused: Refused
      readonly count: ImportCount
    }

/** A list with so many faults is the wrong list; it is better to hear it after 1000 rows. */
const mostRefusedRows = 1000

/** One import under way: what it has counted, and how it books. */
export abstract class Importing<Row> {
  protected added = 0
  protected unchanged = 0
  #refused = 0

  get count(): ImportCount {
    const { added, unchanged } = this
    return { rows: added + unchanged + this.#refused, added, unchanged, refused: this.#refused }
  }

  refuse(row: number, refused: Refused): ImportNews {
    this.#refused++
    return { kind: 'refused', row, refused }
  }

  /** Makes durable what is new among the rows, and counts each of them once. */
  abstract book(rows: readonly Row[]): AsyncGenerator<ImportNews>
}

interface Batches {
  /** Rows in one commit. */
  readonly batchSize: number
  /** What whoever sent too many bad rows is to do. */
  readonly remedy: string
}

/**
 * Takes in the rows of a list. Batches that were committed before a stop stay, so what `book` finds here already it must
 * leave: a list may be sent again after a fault or a broken connection.
 */
export async function* importInBatches<Row extends { readonly kind: string; readonly row: number }>(
  rows: AsyncIterable<Row | WrongRow>,
  importing: Importing<Row>,
  { batchSize, remedy }: Batches,
): AsyncGenerator<ImportNews> {
  let batch: Row[] = []
  for await (const row of rows) {
    if (isWrong(row)) {
      if (row.kind === 'unreadable') {
        yield* importing.book(batch)
        yield { kind: 'stopped', row: row.row, refused: row.refused, count: importing.count }
        return
      }
      yield importing.refuse(row.row, row.refused)
    } else batch.push(row)
    if (batch.length === batchSize) {
      yield* importing.book(batch)
      batch = []
      yield { kind: 'progress', count: importing.count }
    }
    if (importing.count.refused >= mostRefusedRows) {
      yield* importing.book(batch)
      const refused = refuse('input-wrong', `${mostRefusedRows} rows were refused; ${remedy}`)
      yield { kind: 'stopped', row: row.row, refused, count: importing.count }
      return
    }
  }
  yield* importing.book(batch)
  yield { kind: 'done', count: importing.count }
}

function isWrong(row: { readonly kind: string }): row is WrongRow {
  return row.kind === 'wrong' || row.kind === 'unreadable'
}
