// SPDX-License-Identifier: Apache-2.0
import type {
  Appended,
  LoggedEvent,
  LogHead,
  LogSnapshot,
  LogStore,
  SnapshotRecord,
  WaitingEvent,
} from '#core/audit/log-store.ts'
import { Fault } from '#core/fault.ts'
import type { Kind } from '#core/ledger/tables.ts'
import type { LogAct } from './book/log-acts.ts'
import type { ListReads, PointReads } from './reading/reads.ts'
import { columnNames, decodeRecord, type Row } from './rows.ts'
import { kinds } from './schema/schema.ts'

/** Where a log's work is done. */
export interface LogPlaces {
  readonly book: { act(act: LogAct): Promise<number | boolean | undefined> }
  readonly points: PointReads
  readonly lists: ListReads
  /** Reads of one moment: all that is asked of it sees the database as it was at the first. */
  moment(): Promise<Moment>
}

/** Reads that hold a resource of their own until they are closed. */
export interface Moment extends ListReads {
  close(): Promise<void>
}

/** Rows in one answer. */
const snapshotPage = 500

/**
 * The log in the database of the ledger.
 *
 * The book makes the order of commits the order of the events' sequence numbers, so that whoever
 * sees an event sees all before it; an event's handle is its sequence number.
 */
export class SqlLogStore implements LogStore {
  readonly #places: LogPlaces

  constructor(places: LogPlaces) {
    this.#places = places
  }

  async lease(
    holder: string,
    now: Temporal.Instant,
    until: Temporal.Instant,
  ): Promise<number | undefined> {
    const fence = await this.#places.book.act({
      kind: 'lease',
      holder,
      now: now.epochMilliseconds,
      until: until.epochMilliseconds,
    })
    return typeof fence === 'number' ? fence : undefined
  }

  async head(): Promise<LogHead> {
    const row = await this.#places.points.first(
      'SELECT "size", "root", "checkpointSize", "checkpoint" FROM "log"',
    )
    if (row === undefined) throw new Fault('ledger-damaged', 'the log has no head')
    const [size, root, checkpointSize, note] = row
    return {
      size: Number(size),
      root: asBytes(root),
      checkpoint:
        checkpointSize === null ? null : { size: Number(checkpointSize), note: String(note) },
    }
  }

  async waiting(limit: number): Promise<readonly WaitingEvent[]> {
    const rows = await this.#places.lists.all(
      `SELECT "sequence", "bytes", "salt" FROM "event"
       WHERE "sequence" > (SELECT "lastEvent" FROM "log") ORDER BY "sequence" LIMIT ?`,
      [limit],
    )
    return rows.map(([sequence, bytes, salt]) => ({
      id: eventHandle(Number(sequence)),
      bytes: asBytes(bytes),
      salt: asBytes(salt),
    }))
  }

  async append(fence: number, { from, events, tiles, root }: Appended): Promise<boolean> {
    const commitments = new Uint8Array(events.length * 32)
    for (const [index, { commitment }] of events.entries()) commitments.set(commitment, index * 32)
    const appended = await this.#places.book.act({
      kind: 'append',
      fence,
      from,
      root,
      events: events.map(({ id }) => sequenceOf(id)),
      commitments,
      tiles,
    })
    return appended === true
  }

  async publish(
    fence: number,
    { size, note }: { readonly size: number; readonly note: string },
  ): Promise<boolean> {
    return (await this.#places.book.act({ kind: 'publish', fence, size, note })) === true
  }

  async tile(level: number, index: number): Promise<Uint8Array | undefined> {
    const row = await this.#places.points.first(
      'SELECT "hashes" FROM "tile" WHERE "level" = ? AND "place" = ?',
      [level, index],
    )
    return row === undefined ? undefined : asBytes(row[0])
  }

  async events(from: number, count: number): Promise<readonly LoggedEvent[]> {
    const rows = await this.#places.lists.all(
      `SELECT "position", "commitment", "bytes", "salt"
       FROM "entry" LEFT JOIN "event" ON "event"."sequence" = "entry"."event"
       WHERE "position" >= ? ORDER BY "position" LIMIT ?`,
      [from, count],
    )
    return rows.map(([position, commitment, bytes, salt]) => ({
      position: Number(position),
      commitment: asBytes(commitment),
      body: bytes && salt ? { bytes: asBytes(bytes), salt: asBytes(salt) } : null,
    }))
  }

  async snapshot(): Promise<LogSnapshot> {
    const moment = await this.#places.moment()
    try {
      const [row] = await moment.all('SELECT coalesce(max("sequence"), 0) FROM "event"', [])
      return {
        events: Number(row?.[0]),
        records: (kind) => records(moment, kind),
        close: () => moment.close(),
      }
    } catch (error) {
      await moment.close()
      throw error
    }
  }
}

async function* records(moment: Moment, name: string): AsyncIterable<SnapshotRecord> {
  const kind = kinds.find((known): known is Kind => known === name)
  if (kind === undefined) throw new RangeError(`no kind of record is called ${name}`)
  const columns = columnNames(kind).map((column) => `"${column}"`)
  const sql = `SELECT ${columns.join(', ')} FROM "${kind}" WHERE "id" > ? ORDER BY "id" LIMIT ?`
  let rows: readonly Row[]
  let after: Uint8Array = new Uint8Array()
  do {
    rows = await moment.all(sql, [after, snapshotPage])
    for (const row of rows) yield decodeRecord(kind, row)
    after = asBytes(rows.at(-1)?.[0] ?? after)
  } while (rows.length === snapshotPage)
}

function eventHandle(sequence: number): string {
  return `evt_${sequence.toString(16).padStart(32, '0')}`
}

/** Not a handle of ours: 0, which no event has. */
function sequenceOf(handle: string): number {
  return /^evt_[0-9a-f]{32}$/.test(handle) ? Number.parseInt(handle.slice(4), 16) : 0
}

function asBytes(cell: unknown): Uint8Array {
  if (cell instanceof Uint8Array) return cell
  throw new Fault('ledger-damaged', `the log holds a ${typeof cell} where bytes belong`)
}
