// SPDX-License-Identifier: Apache-2.0
import pg from 'pg'
import { Fault } from '#core/fault.ts'
import { callingOptions } from '#trust/tls-settings.ts'
import type { Cell, Row } from '../rows.ts'
import { postgresFault } from './postgres-fault.ts'
import type { Host, Target } from './target.ts'

/** What a statement gave. */
export interface Told {
  readonly rows: readonly Row[]
  /** What was done, as `COMMIT`: of an aborted transaction the database makes it a `ROLLBACK`. */
  readonly command: string
}

/** A statement for one connection; several, with `;` between them, if it has no values. */
export interface Asked {
  readonly sql: string
  readonly values?: readonly unknown[]
  /** Prepared once a connection under this name, which MUST always stand for the same statement. */
  readonly name?: string
}

/** One connection. What is asked of it at once travels at once, and is answered in that order. */
export interface Connection {
  ask(asked: Asked): Promise<Told>
  /** Hears of notifications. */
  hear(listener: (payload: string) => void): void
  /** Whether it may still be asked, as far as is known here. */
  readonly isOpen: boolean
  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<void>
  /** Ends it after what was asked, if it still answers. */
  close(): Promise<void>
  /** Ends it at once. */
  cut(): void
}

const connectMilliseconds = 5_000
/** No statement of ours is meant to take this long; a server that is silent for longer is given up. */
const statementMilliseconds = 30_000
const silenceMilliseconds = 40_000
/** What a farewell may take. */
const closingMilliseconds = 2_000
const lockMilliseconds = 10_000
/** The server takes back a transaction that its client left lying, and with it its locks. */
const idleInTransactionMilliseconds = 10_000

/**
 * Connects to the first of the hosts that can be written to.
 *
 * @param silence milliseconds after which a statement that is not answered ends the connection
 * @throws Fault 'store-unreachable', or 'configuration-wrong' if the server cannot keep its promises
 */
export async function connect(
  target: Target,
  silence: number = silenceMilliseconds,
): Promise<Connection> {
  const faults: Fault[] = []
  for (const host of target.hosts) {
    try {
      return await connectTo(target, host, silence)
    } catch (error) {
      faults.push(postgresFault(error, `connect to the database on ${host.host}:${host.port}`))
    }
  }
  throw faults.length === 1
    ? faults[0]!
    : new Fault('store-unreachable', faults.map(({ message }) => message).join('; '))
}

async function connectTo(
  target: Target,
  { host, port, tls }: Host,
  silence: number,
): Promise<Connection> {
  const client = new pg.Client({
    ...{ host, port, user: target.user, database: target.database, pipeline: true },
    password: () => target.password() ?? '', // a function, so that no environment is asked
    options: '-c bytea_output=hex',
    ssl: tls !== undefined && { ...callingOptions(), ...(tls.ca !== undefined && { ca: tls.ca }) },
    application_name: 'vitalsign',
    connectionTimeoutMillis: connectMilliseconds,
    query_timeout: silence,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser: parserOf },
  })
  const connection = new PgConnection(client)
  await client.connect()
  try {
    await prepareSession(connection)
    return connection
  } catch (error) {
    connection.cut()
    throw error
  }
}

/**
 * Makes the session's promises explicit, whatever the server's or the role's defaults are.
 *
 * @throws Fault 'configuration-wrong' or 'store-unreachable' if they cannot be kept here
 */
async function prepareSession(connection: Connection): Promise<void> {
  const { rows } = await connection.ask({
    sql: `SELECT pg_is_in_recovery()::text, current_setting('default_transaction_read_only'),
      current_setting('fsync'), current_setting('server_encoding'),
      set_config('synchronous_commit', 'on', false),
      set_config('standard_conforming_strings', 'on', false),
      set_config('client_encoding', 'UTF8', false),
      set_config('lock_timeout', '${lockMilliseconds}', false),
      set_config('statement_timeout', '${statementMilliseconds}', false),
      set_config('idle_in_transaction_session_timeout', '${idleInTransactionMilliseconds}', false)`,
  })
  const [inRecovery, readOnly, fsync, encoding] = rows[0] ?? []
  if (inRecovery === 'true')
    throw new Fault('store-unreachable', 'the server is a standby, which cannot be written to')
  if (readOnly === 'on')
    throw new Fault('store-unreachable', 'the database is read only: default_transaction_read_only')
  if (fsync !== 'on')
    throw new Fault(
      'configuration-wrong',
      'the server runs with fsync = off, so that what it acknowledged may be lost: turn it on',
    )
  if (encoding !== 'UTF8')
    throw new Fault('configuration-wrong', `the database is in ${encoding}, make one in UTF8`)
}

class PgConnection implements Connection {
  readonly ended: Promise<void>
  readonly #client: pg.Client
  readonly #end: () => void
  #isOpen = true
  #isCut = false

  constructor(client: pg.Client) {
    this.#client = client
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#end = () => {
      this.#isOpen = false
      resolve()
    }
    client.on('error', this.#end) // whoever waits for a statement hears of it there
    client.on('end', this.#end)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  async ask({ sql, values, name }: Asked): Promise<Told> {
    return lastOf(
      await this.#client.query({
        text: sql,
        rowMode: 'array',
        ...(values === undefined ? {} : { values: [...values] }),
        ...(name === undefined ? {} : { name }),
      }),
    )
  }

  hear(listener: (payload: string) => void) {
    this.#client.on('notification', ({ payload }) => listener(payload ?? ''))
  }

  async close() {
    if (!this.#isOpen) return
    const late = setTimeout(() => this.cut(), closingMilliseconds)
    await Promise.race([this.#client.end(), this.ended])
    clearTimeout(late)
  }

  cut() {
    if (this.#isCut) return
    this.#isCut = true
    this.#end()
    this.#client.end().catch(() => {})
    this.#client.connection.stream.destroy()
  }
}

/** Of several statements in one text, what the last one gave. */
function lastOf(answer: Told | readonly Told[]): Told {
  return 'rows' in answer ? answer : answer.at(-1)!
}

/** OIDs of types. @see https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat */
const types = { bytea: 17, int8: 20, int4: 23 } as const

/** How a column becomes a cell; all come as text. */
function parserOf(type: number): (text: string) => Cell {
  if (type === types.bytea) return parseBytes
  return type === types.int8 || type === types.int4 ? Number : (text) => text
}

/** `\x` and hexadecimal digits: bytea_output = hex. */
function parseBytes(text: string): Uint8Array {
  return Uint8Array.fromHex(text.slice(2))
}
