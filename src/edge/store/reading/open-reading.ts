// SPDX-License-Identifier: Apache-2.0
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Cell, Row } from '../rows.ts'

/** A connection that can only read. The book must have been opened before. */
export function openReading(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 })
  database.exec('PRAGMA cache_size = -16384; PRAGMA trusted_schema = OFF')
  return database
}

/** Filters come in many shapes, few at a time. */
const maxKept = 200

/** Prepared statements of one connection, each kept by its text. */
export class Statements {
  readonly database: DatabaseSync
  readonly #kept = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.database = database
  }

  all(sql: string, values: readonly Cell[]): readonly Row[] {
    return this.#prepared(sql).all(...values) as unknown as Row[]
  }

  first(sql: string, values: readonly Cell[]): Row | undefined {
    return this.#prepared(sql).get(...values) as unknown as Row | undefined
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#kept.get(sql)
    if (statement === undefined) {
      if (this.#kept.size >= maxKept) this.#kept.clear()
      statement = this.database.prepare(sql)
      statement.setReturnArrays(true)
      this.#kept.set(sql, statement)
    }
    return statement
  }
}
