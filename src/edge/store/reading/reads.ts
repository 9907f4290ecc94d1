// SPDX-License-Identifier: Apache-2.0
import type { Cell, Row } from '../rows.ts'

/** Reads of at most one row, many at a time. Values stand for the `?` of the statement, in order. */
export interface PointReads {
  /** @throws Fault 'store-unreachable' or 'ledger-damaged' */
  first(sql: string, values?: readonly Cell[]): Promise<Row | undefined> | Row | undefined
}

/** Reads of many rows, each of which may take long. */
export interface ListReads {
  /** @throws Fault 'store-unreachable' or 'ledger-damaged' */
  all(sql: string, values: readonly Cell[]): Promise<readonly Row[]>
}
