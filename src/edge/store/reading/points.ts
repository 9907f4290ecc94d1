// SPDX-License-Identifier: Apache-2.0
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Cell, Row } from '../rows.ts'
import { sqliteFault } from '../sqlite-fault.ts'
import { Statements } from './open-reading.ts'

/**
 * Point reads on the caller's own thread, microseconds each.
 *
 * All reads of one turn of the event loop share a snapshot, unless the book answers in between: each
 * snapshot of its own would take SQLite four system calls, and its page cache with it.
 */
export class Points {
  readonly #database: DatabaseSync
  readonly #statements: Statements
  readonly #start: StatementSync
  readonly #end: StatementSync
  #reading = false

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#statements = new Statements(database)
    this.#start = database.prepare('BEGIN')
    this.#end = database.prepare('COMMIT')
  }

  /** One row, at once. @throws Fault as `sqliteFault` tells */
  first(sql: string, values: readonly Cell[] = []): Row | undefined {
    try {
      this.#begin()
      return this.#statements.first(sql, values)
    } catch (error) {
      throw sqliteFault(error, 'read the ledger')
    }
  }

  /** What is read from now on is as new as the last commit; MUST be called before a commit is told. */
  refresh(): void {
    if (!this.#reading) return
    this.#reading = false
    this.#end.run()
  }

  close(): void {
    this.refresh()
    this.#database.close()
  }

  #begin() {
    if (this.#reading) return
    this.#start.run()
    this.#reading = true
    setImmediate(() => this.refresh())
  }
}
