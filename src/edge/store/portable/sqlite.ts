// SPDX-License-Identifier: Apache-2.0
import { DatabaseSync } from 'node:sqlite'
import type { Row } from '../rows.ts'
import { migrate } from '../schema/migrate.ts'
import { isConstraint, sqliteFault } from '../sqlite-fault.ts'
import type { Load, PortableTable } from './portable.ts'
import { differs, sameRow } from './same-row.ts'

/**
 * Opens a database file to be filled, made if need be, with the schema of the rows to come: what it
 * becomes later is the matter of whoever opens it as a store.
 *
 * @throws Fault as `openStore` does
 */
export function openSqliteLoad(file: string, schema?: number): Load {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { timeout: 0 })
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA cache_size = -65536;
      PRAGMA trusted_schema = OFF;
    `)
    migrate(database, schema)
    return new SqliteLoad(database)
  } catch (error) {
    database?.close()
    throw sqliteFault(error, 'make the ledger')
  }
}

class SqliteLoad implements Load {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  async last({ name, columns, key }: PortableTable): Promise<Row | undefined> {
    const keys = columns.slice(0, key).map((column) => `"${column}"`)
    const descending = keys.map((column) => `${column} DESC`).join(', ')
    return this.#do(() => {
      const statement = this.#database.prepare(
        `SELECT ${keys.join(', ')} FROM "${name}" ORDER BY ${descending} LIMIT 1`,
      )
      statement.setReturnArrays(true)
      return statement.get() as unknown as Row | undefined
    })
  }

  async put(table: PortableTable, rows: readonly Row[]): Promise<void> {
    this.#do(() => {
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        this.#write(table, rows)
        this.#database.exec('COMMIT')
      } catch (error) {
        // A full disk makes SQLite take the transaction back by itself.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
        if (!isConstraint(error)) throw error
        throw differs(table, error)
      }
    })
  }

  #write(table: PortableTable, rows: readonly Row[]) {
    const { name, columns, key } = table
    const quoted = columns.map((column) => `"${column}"`)
    const keys = quoted.slice(0, key)
    const insert = this.#database.prepare(
      `INSERT INTO "${name}" (${quoted.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
       ON CONFLICT (${keys.join(', ')}) DO NOTHING`,
    )
    const select = this.#database.prepare(
      `SELECT ${quoted.join(', ')} FROM "${name}" WHERE ${keys.map((one) => `${one} = ?`).join(' AND ')}`,
    )
    select.setReturnArrays(true)
    for (const row of rows) {
      if (insert.run(...row).changes !== 0) continue
      const there = select.get(...row.slice(0, key)) as unknown as Row
      if (!sameRow(there, row)) throw differs(table)
    }
  }

  /** What was written is on the disk when this resolves. */
  async close(): Promise<void> {
    this.#do(() => {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      this.#database.close()
    })
  }

  #do<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw sqliteFault(error, 'load the ledger')
    }
  }
}
