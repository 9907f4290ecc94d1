// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import { encodeArray } from './arrays.ts'
import type { Asked, Connection, Told } from './connect.ts'
import { type Link, patienceMilliseconds } from './link.ts'
import { isRefusedStatement, sqlState, sqlStateOf } from './postgres-fault.ts'
import { build, compiled } from './tables.ts'

/** An event as it is kept: its bytes and its salt. */
export type EventRow = readonly [bytes: Uint8Array, salt: Uint8Array]

/**
 * The channel on which a commit tells `FIRST LAST WRITER KIND,KIND...`: its events, who booked them, and
 * the kinds of the records beside them.
 */
export const eventChannel = 'vitalsign_events'

/** Held from the numbering of events to the end of their commit. Any number would do: ours says "VSGN". */
export const numberingLock = 0x5653_474e

/** The transaction met another one and was taken back: asking again helps. */
const passing: ReadonlySet<string | undefined> = new Set([
  sqlState.deadlock,
  sqlState.serialization,
])
const attempts = 5
/** Rows of this writer that are left to lie: each transaction adds one, none changes one. */
const numbersKept = 1_000
/** Of what is asked while the node stops, each waits so long for a database that is away. */
const closingMilliseconds = 1_000
const dayMilliseconds = 86_400_000

/** A transaction that can be finished once. */
export interface Transaction {
  /** Asks within the transaction; what is asked without waiting travels at once. */
  ask(asked: Asked): Promise<Told>
  /**
   * Numbers the events, tells other nodes of them and of the kinds of the records, and commits.
   *
   * @throws what broke it; then, for certain, nothing of it is written
   */
  commit(events?: readonly EventRow[], kinds?: ReadonlySet<string>): Promise<void>
}

/**
 * The transactions of the one writing connection of this node, one after the other.
 *
 * They are READ COMMITTED: no transaction decides by what it read before. Each expectation is a unique
 * index or the condition of the very statement that writes (`replace` waits for whoever holds the
 * row, then looks at its version again); acts on the log lock its row first.
 */
export class Transactions {
  /** How other nodes, and the table of writers, name this one. */
  readonly name: string
  readonly #id: Uint8Array
  readonly #link: Link
  readonly #clock: Clock
  #number = 0
  readonly #closing = Promise.withResolvers<void>()
  #patience = patienceMilliseconds

  constructor(link: Link, { clock, random }: { clock: Clock; random: Randomness }) {
    this.#link = link
    this.#clock = clock
    this.#id = random.bytes(16)
    this.name = this.#id.toHex()
  }

  /**
   * Runs it as one transaction; again, if it met another one or its connection broke, since what broke it
   * is told only once it is certain that nothing of it is written. It MUST end with `commit`.
   */
  async run<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const connection = await this.#link.connection(this.#patience)
      try {
        return await this.#once(connection, work)
      } catch (error) {
        if (sqlStateOf(error) === sqlState.readOnly) connection.cut() // it became a standby
        if (attempt === attempts || !helpsAgain(error)) throw error
      }
    }
  }

  /** From now on the database is waited for only shortly, also by a commit whose outcome is unknown. */
  close(): void {
    this.#patience = closingMilliseconds
    this.#closing.resolve()
  }

  /** Forgets this writer, and those that were not heard of for a week. */
  async forget(): Promise<void> {
    const connection = await this.#link.connection(0)
    const old = this.#clock.now().epochMilliseconds - 7 * dayMilliseconds
    await connection.ask(compiled(this.#forgetBefore(this.#number + 1)))
    await connection.ask(compiled(build.deleteFrom('writer').where('at', '<', old)))
  }

  async #once<T>(
    connection: Connection,
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<T> {
    const sent: Promise<Told>[] = []
    const ask = (asked: Asked) => {
      const told = connection.ask(asked)
      told.catch(() => {}) // whoever asked hears of it, and `commit` too
      sent.push(told)
      return told
    }
    void ask({ sql: 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE' })
    let finished = false
    try {
      return await work({
        ask,
        commit: (events = [], kinds = new Set()) => {
          finished = true
          return this.#commit(connection, ask, sent, events, kinds)
        },
      })
    } catch (error) {
      if (!finished) await connection.ask({ sql: 'ROLLBACK' }).catch(() => connection.cut())
      throw error
    }
  }

  async #commit(
    connection: Connection,
    ask: (asked: Asked) => Promise<Told>,
    sent: readonly Promise<Told>[],
    events: readonly EventRow[],
    kinds: ReadonlySet<string>,
  ): Promise<void> {
    const number = ++this.#number
    void ask(compiled(this.#mark(number)))
    if (number % numbersKept === 0) void ask(compiled(this.#forgetBefore(number)))
    if (events.length > 0) for (const asked of this.#numbering(events, kinds)) void ask(asked)
    // A COMMIT that waits for a standby is not to be cut off by the clock: it would be half true.
    void ask({ sql: 'SET LOCAL statement_timeout = 0' })
    const before = sent.slice()
    const [commit, ...others] = await Promise.allSettled([ask({ sql: 'COMMIT' }), ...before])
    if (commit.status === 'fulfilled' && commit.value.command === 'COMMIT') return
    if (commit.status === 'rejected') {
      connection.cut()
      if (await this.#isWritten(number)) return
    }
    throw firstCause([...others, commit])
  }

  /**
   * Whether the transaction with this number was committed.
   *
   * The answer to its COMMIT was lost, so the database is asked, for as long as it takes. Each transaction
   * adds a row with its number; adding that row once more waits for a transaction that is still under
   * way, and then either finds it, or stands in the way of one that did not come as far. (The number of the
   * transaction in PostgreSQL would not do: a standby that took over may have given it to another.)
   */
  async #isWritten(number: number): Promise<boolean> {
    const mark = this.#mark(number)
      .onConflict((conflict) => conflict.doNothing())
      .returning('number')
    for (;;) {
      const connection = await this.#connectionAtLast()
      try {
        const { rows } = await connection.ask(compiled(mark))
        return rows.length === 0
      } catch (error) {
        if (!isRefusedStatement(error)) connection.cut()
      }
    }
  }

  /** @throws Fault if the store is closed before the database is back: then nobody knows */
  async #connectionAtLast(): Promise<Connection> {
    const whenClosing = this.#closing.promise.then(() => this.#link.connection(closingMilliseconds))
    try {
      return await Promise.race([this.#link.connection(), whenClosing])
    } catch (cause) {
      const told = 'the database did not come back to say whether the last commit was written'
      throw new Fault('store-unreachable', told, { cause })
    }
  }

  #mark(number: number) {
    const at = this.#clock.now().epochMilliseconds
    return build.insertInto('writer').values({ id: this.#id, number, at })
  }

  #forgetBefore(number: number) {
    return build.deleteFrom('writer').where('id', '=', this.#id).where('number', '<', number)
  }

  /**
   * Numbers the events under a lock that ends with the commit, which becomes visible before: so that
   * whoever sees an event sees all before it, on every node. The lock is asked for last and in a
   * statement of its own, so that the next one sees the commit that held it before; it is held for an
   * insert and the wait for the disk, and commits without events go past it.
   */
  #numbering(events: readonly EventRow[], kinds: ReadonlySet<string>): readonly Asked[] {
    const columns = ([0, 1] as const).map((place) =>
      encodeArray(
        'bytea',
        events.map((row) => row[place]),
      ),
    )
    return [
      { sql: `SELECT pg_advisory_xact_lock(${numberingLock})` },
      {
        sql: numberEvents,
        name: 'number_events',
        values: [...columns, this.name, [...kinds].join()],
      },
    ]
  }
}

const numberEvents = `WITH "numbered" AS (
    INSERT INTO "event" ("sequence", "bytes", "salt")
    SELECT (SELECT coalesce(max("sequence"), 0) FROM "event") + "place", "bytes", "salt"
    FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS "new" ("bytes", "salt", "place")
    RETURNING "sequence"
  ) SELECT pg_notify('${eventChannel}', concat_ws(' ', min("sequence"), max("sequence"), $3::text, $4::text))
  FROM "numbered"`

function helpsAgain(error: unknown): boolean {
  if (error instanceof Fault) return false
  return !isRefusedStatement(error) || passing.has(error.code)
}

/** What broke the transaction first: those after it were refused because of it. */
function firstCause(results: readonly PromiseSettledResult<Told>[]): unknown {
  const causes = results.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  return (
    causes.find((cause) => sqlStateOf(cause) !== sqlState.abortedAlready) ??
    new Error('the transaction was rolled back')
  )
}
