// SPDX-License-Identifier: Apache-2.0
import type { Clock, Randomness } from '#core/ports.ts'
import { SqlCertificateRows } from '../certificate-rows.ts'
import { SqlLedger } from '../ledger.ts'
import { type Moment, SqlLogStore } from '../log-store.ts'
import { beginDump } from '../portable/dump.ts'
import { refuseUnfinished } from '../portable/postgres.ts'
import { postgres } from '../schema/dialect.ts'
import type { Store } from '../store.ts'
import { PostgresBook } from './book.ts'
import { type Connection, connect } from './connect.ts'
import { Listener } from './elsewhere.ts'
import { SharedEpochs } from './epochs.ts'
import { Link, patienceMilliseconds } from './link.ts'
import { migrate } from './migrate.ts'
import { postgresFault } from './postgres-fault.ts'
import { numbered, PostgresLists, PostgresPoints, preferIndexes } from './reads.ts'
import { PostgresShared } from './shared.ts'
import { type PostgresSettings, parseTarget, type Target } from './target.ts'
import { Transactions } from './transactions.ts'

/** Lists may take long, and one is not to hold up all the others. */
const listLinks = 2

/**
 * Opens the store that is kept in a PostgreSQL database, made or brought up to date if need be.
 *
 * A node holds six connections: one writes, since groups are committed one after the other; one reads
 * single rows, all that is asked in a turn in one message; two read lists and one counts, so that none
 * of them holds up the others; one hears what other nodes commit. An export takes one more for its time.
 *
 * @throws Fault 'schema-newer', 'ledger-damaged', 'configuration-wrong' or 'store-unreachable'
 */
export async function openPostgresStore(
  settings: PostgresSettings,
  ports: {
    readonly clock: Clock
    readonly random: Randomness
    /** Milliseconds that nobody sets; absent: those of the clock. */
    readonly now?: () => number
  },
  /** Opens also what is being filled; for who fills it alone. */
  { unfinished = false }: { readonly unfinished?: boolean } = {},
): Promise<Store> {
  const target = parseTarget(settings)
  await bringUp(target, unfinished)
  const writing = new Link(target, prepareWriting)
  const pointing = new Link(target)
  const listing = Array.from({ length: listLinks }, () => new Link(target, preferIndexes))
  const counting = new Link(target, preferIndexes)
  const transactions = new Transactions(writing, ports)
  const book = new PostgresBook(transactions)
  const points = new PostgresPoints(pointing)
  const lists = new PostgresLists(listing)
  const counts = new PostgresLists([counting])
  const listener = new Listener(
    target,
    transactions.name,
    ports.now ?? (() => ports.clock.now().epochMilliseconds),
  )
  const readers = [pointing, ...listing, counting]
  const closeLinks = () =>
    Promise.all([listener, writing, ...readers].map((one) => one.close())).then(() => {})
  const close = async () => {
    await book.close()
    await transactions.forget().catch(() => {}) // who comes next forgets it
    await closeLinks()
  }
  try {
    const first = [writing, pointing].map((link) => link.connection(patienceMilliseconds))
    await Promise.all([...first, listener.open()])
  } catch (error) {
    await closeLinks()
    throw error
  }
  let closing: Promise<void> | undefined
  return {
    ledger: new SqlLedger({ dialect: postgres, book, points, lists, counts, random: ports.random }),
    rows: new SqlCertificateRows({ lists, counts }, postgres),
    log: new SqlLogStore({ book, points, lists, moment: () => momentOf(target) }),
    elsewhere: listener,
    epochs: new SharedEpochs(pointing, readers),
    shared: new PostgresShared(pointing),
    dump: async () => beginDump(await momentOf(target)),
    broken: new Promise(() => {}), // whatever breaks, the connections are made again
    hasten: () => transactions.close(),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

async function bringUp(target: Target, unfinished: boolean): Promise<void> {
  const connection = await connect(target)
  try {
    await migrate(connection)
    if (!unfinished) await refuseUnfinished(connection)
  } catch (error) {
    throw postgresFault(error, 'bring the database up to date')
  } finally {
    await connection.close()
  }
}

/** All its statements walk to their rows by key; a plan that was made of an empty table may not. */
async function prepareWriting(connection: Connection): Promise<void> {
  await connection.ask({
    sql: `SET plan_cache_mode = force_generic_plan; SET jit = off;
      SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off`,
  })
}

/** A connection of its own, whose one transaction is the moment. */
async function momentOf(target: Target): Promise<Moment> {
  try {
    const connection = await connect(target)
    await connection.ask({
      sql: `SET idle_in_transaction_session_timeout = 0; SET enable_seqscan = off;
        BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`,
    })
    return {
      all: async (sql, values) => {
        try {
          return (await connection.ask({ sql: numbered(sql), values })).rows
        } catch (error) {
          throw postgresFault(error, 'read the ledger')
        }
      },
      close: () => connection.close(),
    }
  } catch (error) {
    throw postgresFault(error, 'read the ledger')
  }
}
