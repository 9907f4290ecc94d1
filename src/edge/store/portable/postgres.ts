// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'
import { type Kind, tables } from '#core/ledger/tables.ts'
import { type ElementType, encodeArray } from '../postgres/arrays.ts'
import { type Connection, connect } from '../postgres/connect.ts'
import { newMark } from '../postgres/epochs.ts'
import { migrate } from '../postgres/migrate.ts'
import { postgresFault } from '../postgres/postgres-fault.ts'
import { numbered } from '../postgres/reads.ts'
import { type PostgresSettings, parseTarget } from '../postgres/target.ts'
import type { Row } from '../rows.ts'
import { postgres } from '../schema/dialect.ts'
import { columnOf, kinds } from '../schema/schema.ts'
import { type Load, type PortableTable, portableTables } from './portable.ts'
import { differs, sameRow } from './same-row.ts'

/** In a database that is being filled; what is being done, as JSON, so that only that goes on. */
const markTable = 'unfinished'

/**
 * Opens a database to be filled: an empty one, or one that was begun for the same purpose.
 *
 * @param purpose what is being loaded; a database that was begun for another is refused
 * @throws Fault `store-not-empty`, `store-differs`, or as `openPostgresStore` does
 */
export async function openPostgresLoad(settings: PostgresSettings, purpose: string): Promise<Load> {
  const connection = await connect(parseTarget(settings), 0)
  try {
    await migrate(connection)
    await connection.ask({ sql: 'SET statement_timeout = 0; SET lock_timeout = 0' })
    await begin(connection, purpose)
    return new Loading(connection)
  } catch (error) {
    await connection.close()
    throw postgresFault(error, 'fill the database')
  }
}

/** Takes the mark away: from now on the database may be opened as a store. */
export async function finishPostgresLoad(settings: PostgresSettings): Promise<void> {
  const connection = await connect(parseTarget(settings), 0)
  try {
    await connection.ask({ sql: 'SET statement_timeout = 0' })
    await connection.ask({ sql: 'ANALYZE' })
    // Whoever numbered the log where it came from does so no more.
    await connection.ask({ sql: 'UPDATE "log" SET "holder" = NULL, "heldUntil" = NULL' })
    // A server that knew another database under this address has kept nothing of this one.
    await connection.ask(newMark)
    await connection.ask({ sql: `DROP TABLE "${markTable}"` })
  } catch (error) {
    throw postgresFault(error, 'finish the database')
  } finally {
    await connection.close()
  }
}

/** Whether the mark stands. */
export async function isUnfinished(settings: PostgresSettings): Promise<boolean> {
  const connection = await connect(parseTarget(settings))
  try {
    return (await readMark(connection)) !== undefined
  } finally {
    await connection.close()
  }
}

/** @throws Fault `restore-unfinished` if the database is being filled, or its filling was cut off */
export async function refuseUnfinished(connection: Connection): Promise<void> {
  const purpose = await readMark(connection)
  if (purpose === undefined) return
  const detail = `the database is only half filled (${purpose}): finish what was begun, or drop it`
  throw new Fault('restore-unfinished', detail)
}

async function begin(connection: Connection, purpose: string): Promise<void> {
  const begun = await readMark(connection)
  if (begun === purpose) return
  if (begun !== undefined) {
    const detail = `the database was begun for something else (${begun}), not for ${purpose}`
    throw new Fault('store-differs', detail)
  }
  await demandEmpty(connection)
  await connection.ask({
    sql: `BEGIN; CREATE TABLE "${markTable}" ("purpose" text NOT NULL)`,
  })
  await connection.ask({ sql: `INSERT INTO "${markTable}" VALUES ($1)`, values: [purpose] })
  await connection.ask({ sql: 'COMMIT' })
}

async function readMark(connection: Connection): Promise<string | undefined> {
  const { rows: there } = await connection.ask({
    sql: `SELECT 1 FROM pg_class WHERE "relname" = '${markTable}'
      AND "relnamespace" = current_schema()::regnamespace`,
  })
  if (there.length === 0) return undefined
  const { rows } = await connection.ask({ sql: `SELECT "purpose" FROM "${markTable}"` })
  return String(rows[0]?.[0])
}

async function demandEmpty(connection: Connection): Promise<void> {
  for (const { name } of portableTables) {
    const where = name === 'log' ? ' WHERE "size" > 0' : ''
    const { rows } = await connection.ask({ sql: `SELECT 1 FROM "${name}"${where} LIMIT 1` })
    if (rows.length > 0)
      throw new Fault('store-not-empty', `the database is not empty: there are rows in ${name}`)
  }
}

class Loading implements Load {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async last({ name, columns, key }: PortableTable): Promise<Row | undefined> {
    // A fresh database has a head of an empty log.
    if (name === 'log') return undefined
    const keys = columns.slice(0, key).map((column) => `"${column}"`)
    const descending = keys.map((column) => `${column} DESC`).join(', ')
    const sql = `SELECT ${keys.join(', ')} FROM "${name}" ORDER BY ${descending} LIMIT 1`
    return (await this.#ask(sql))[0]
  }

  async put(table: PortableTable, rows: readonly Row[]): Promise<void> {
    const { name, columns } = table
    if (name === 'log') await this.#ask('DELETE FROM "log" WHERE "size" = 0')
    const quoted = columns.map((column) => `"${column}"`).join(', ')
    const types = columns.map((column) => elementType(name, column))
    const arrays = types.map((type) => `?::${type}[]`).join(', ')
    const written = await this.#ask(
      `INSERT INTO "${name}" (${quoted}) SELECT * FROM unnest(${arrays})
       ON CONFLICT DO NOTHING RETURNING 1`,
      types.map((type, place) =>
        encodeArray(
          type,
          rows.map((row) => row[place]!),
        ),
      ),
    )
    if (written.length < rows.length) await this.#compare(table, rows)
  }

  /** Whether these very rows are there. */
  async #compare(table: PortableTable, rows: readonly Row[]): Promise<void> {
    const { name, columns, key } = table
    const quoted = columns.map((column) => `"${column}"`).join(', ')
    const where = columns.slice(0, key).map((column) => `"${column}" = ?`)
    const sql = `SELECT ${quoted} FROM "${name}" WHERE ${where.join(' AND ')}`
    for (const row of rows) {
      const [there] = await this.#ask(sql, row.slice(0, key))
      if (there === undefined || !sameRow(there, row)) throw differs(table)
    }
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #ask(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    try {
      return (await this.#connection.ask({ sql: numbered(sql), values })).rows
    } catch (error) {
      throw postgresFault(error, 'fill the database')
    }
  }
}

const logTypes: Readonly<Record<string, ElementType>> = {
  ...{ bytes: 'bytea', salt: 'bytea', commitment: 'bytea', hashes: 'bytea', root: 'bytea' },
  ...{ holder: 'text', checkpoint: 'text' },
}

function elementType(name: string, column: string): ElementType {
  const kind = kinds.find((one): one is Kind => one === name)
  if (kind === undefined) return logTypes[column] ?? 'bigint'
  if (column === 'id') return 'bytea'
  if (column === 'version') return 'bigint'
  const type = postgres.types[columnOf(tables[kind], column).kind]
  return type === 'bytea' || type === 'bigint' ? type : 'text'
}
