// SPDX-License-Identifier: Apache-2.0
import { parseEvent } from '#core/audit/encode-event.ts'
import type { AuditEvent } from '#core/audit/event.ts'
import { FormatError } from '#format/format-error.ts'
import { type Elsewhere, hearingSeconds, type News } from '../store.ts'
import type { Connection } from './connect.ts'
import { Link, patienceMilliseconds } from './link.ts'
import { build, compiled } from './tables.ts'
import type { Target } from './target.ts'
import { eventChannel } from './transactions.ts'

const heartbeatMilliseconds = 5_000
/** A listening connection that is silent for longer is given up: it may have been cut unseen. */
const silenceMilliseconds = 10_000
/** Reading what is remembered anew is cheaper than hearing of more than this. */
const maxEventsAtOnce = 1_000

/**
 * Hears what other nodes committed, over a connection of its own.
 *
 * Each commit with events tells its first and last number, who booked them, and the kinds of the records
 * beside them; the events are then read from the table. A heartbeat finds a connection that was cut
 * without a word: its answer comes after all that was committed before it was asked.
 */
export class Listener implements Elsewhere {
  readonly #link: Link
  /** The writer of this node: what it commits is no news here. */
  readonly #own: string
  /** Milliseconds that nobody sets. */
  readonly #now: () => number
  readonly #followers = new Set<(news: News) => void>()
  #heartbeat: NodeJS.Timeout | undefined
  #heard = 0
  /** Everything that was committed before was told. */
  #toldUntil = Number.NEGATIVE_INFINITY
  #started = false
  #work = Promise.resolve()

  constructor(target: Target, own: string, now: () => number) {
    this.#own = own
    this.#now = now
    this.#link = new Link(target, (connection) => this.#listen(connection), silenceMilliseconds)
  }

  /** Resolves once it hears. @throws Fault if it does not in time */
  async open(): Promise<void> {
    await this.#link.connection(patienceMilliseconds)
    this.#heartbeat = setInterval(() => void this.#beat(), heartbeatMilliseconds).unref()
  }

  follow(listener: (news: News) => void): () => void {
    const follower = (news: News) => listener(news)
    this.#followers.add(follower)
    return () => this.#followers.delete(follower)
  }

  hears(): boolean {
    return this.#now() - this.#toldUntil < hearingSeconds * 1000
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat)
    await this.#link.close()
    await this.#work
  }

  async #listen(connection: Connection): Promise<void> {
    connection.hear((payload) => this.#queue(connection, payload))
    // Listening first, looking after: what is committed in between is told twice, and never not at all.
    const asked = this.#now()
    await connection.ask({ sql: `LISTEN ${eventChannel}` })
    const { rows } = await connection.ask({
      sql: 'SELECT coalesce(max("sequence"), 0) FROM "event"',
    })
    this.#heard = Number(rows[0]?.[0])
    if (this.#started) this.#tell({ kind: 'missed' })
    this.#started = true
    this.#toldUntil = asked
  }

  #queue(connection: Connection, payload: string) {
    this.#work = this.#work
      .then(() => this.#take(connection, payload))
      .catch(() => connection.cut()) // and hears anew: what was to be read then counts as missed
  }

  async #take(connection: Connection, payload: string): Promise<void> {
    const [first = '', last = '', writer, kinds = ''] = payload.split(' ')
    const [from, to] = [Number(first), Number(last)]
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || to <= this.#heard) return
    // Each commit tells its events in their order: what lies between was never told.
    if (from > this.#heard + 1) this.#tell({ kind: 'missed' })
    else if (writer !== this.#own)
      this.#tell(await this.#read(connection, to, new Set(kinds.split(','))))
    this.#heard = to
  }

  /** The events that were not heard, up to this number, if all can be told. */
  async #read(connection: Connection, upTo: number, kinds: ReadonlySet<string>): Promise<News> {
    const after = this.#heard
    if (upTo - after > maxEventsAtOnce) return { kind: 'missed' }
    const { rows } = await connection.ask(
      compiled(
        build
          .selectFrom('event')
          .select('bytes')
          .where('sequence', '>', after)
          .where('sequence', '<=', upTo)
          .orderBy('sequence'),
      ),
    )
    const events = rows.map(([bytes]) => readEvent(bytes))
    return events.every((event) => event !== undefined)
      ? { kind: 'events', events, kinds }
      : { kind: 'missed' }
  }

  async #beat(): Promise<void> {
    const connection = await this.#link.connection(0).catch(() => undefined)
    if (connection === undefined) return
    const asked = this.#now()
    await connection.ask({ sql: 'SELECT 1' }).catch(() => connection.cut())
    await this.#work
    if (connection.isOpen) this.#toldUntil = asked
  }

  #tell(news: News) {
    for (const follower of this.#followers) follower(news)
  }
}

/** Undefined if it was erased, or is of a type that only a newer program knows. */
function readEvent(bytes: unknown): AuditEvent | undefined {
  if (!(bytes instanceof Uint8Array)) return undefined
  try {
    return parseEvent(bytes)
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}
