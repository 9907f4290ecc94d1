// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'
import type { LogAct } from '../book/log-acts.ts'
import { encodeArray } from './arrays.ts'
import type { Asked } from './connect.ts'
import { build, compiled } from './tables.ts'
import type { Transaction, Transactions } from './transactions.ts'

type Act<K extends LogAct['kind']> = Extract<LogAct, { kind: K }>
type Result = number | boolean | undefined

/**
 * Does one act of the log as one transaction, which holds the log's row from its first statement.
 *
 * @throws Fault 'ledger-damaged' as `LogStore.append` promises, or what PostgreSQL says
 */
export function doAct(transactions: Transactions, act: LogAct): Promise<Result> {
  return transactions.run(async (transaction) => {
    const head = await lockHead(transaction)
    const result = await decide(transaction, head, act)
    await transaction.commit()
    return result
  })
}

function decide(transaction: Transaction, head: Head, act: LogAct): Promise<Result> | Result {
  if (act.kind === 'lease') return lease(transaction, head, act)
  if (act.kind === 'append') return append(transaction, head, act)
  return publish(transaction, head, act)
}

function lease(
  transaction: Transaction,
  head: Head,
  { holder, now, until }: Act<'lease'>,
): number | undefined {
  if (head.holder !== holder && head.heldUntil > now) return undefined
  const fence = head.holder === holder ? head.fence : head.fence + 1
  void transaction.ask(compiled(build.updateTable('log').set({ fence, holder, heldUntil: until })))
  return fence
}

async function append(
  transaction: Transaction,
  head: Head,
  { fence, from, root, events, commitments, tiles }: Act<'append'>,
): Promise<boolean> {
  if (head.fence !== fence || head.size !== from) return false
  await checkNext(transaction, head.lastEvent, events)
  if (events.length > 0) void transaction.ask(addEntries(from, events, commitments))
  if (tiles.length > 0) void transaction.ask(putTiles(tiles))
  const size = from + events.length
  const lastEvent = events.at(-1) ?? head.lastEvent
  void transaction.ask(compiled(build.updateTable('log').set({ size, lastEvent, root })))
  return true
}

/** Events are numbered in the order of their commits, none twice and none left out. */
async function checkNext(transaction: Transaction, lastEvent: number, events: readonly number[]) {
  const { rows } = await transaction.ask(
    compiled(
      build
        .selectFrom('event')
        .select('sequence')
        .where('sequence', '>', lastEvent)
        .orderBy('sequence')
        .limit(events.length),
    ),
  )
  for (const [index, event] of events.entries())
    if (rows[index]?.[0] !== event)
      throw new Fault(
        'ledger-damaged',
        `event ${event} is not the next without position, which is ${rows[index]?.[0] ?? 'none'}`,
      )
}

function addEntries(from: number, events: readonly number[], commitments: Uint8Array): Asked {
  return {
    sql: `INSERT INTO "entry" ("position", "event", "commitment")
      SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])`,
    name: 'add_entries',
    values: [
      encodeArray(
        'bigint',
        events.map((_, index) => from + index),
      ),
      encodeArray('bigint', events),
      encodeArray(
        'bytea',
        events.map((_, index) => commitments.subarray(index * 32, index * 32 + 32)),
      ),
    ],
  }
}

function putTiles(tiles: Act<'append'>['tiles']): Asked {
  return {
    sql: `INSERT INTO "tile" ("level", "place", "hashes")
      SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])
      ON CONFLICT ("level", "place") DO UPDATE SET "hashes" = excluded."hashes"`,
    name: 'put_tiles',
    values: [
      encodeArray(
        'bigint',
        tiles.map(({ level }) => level),
      ),
      encodeArray(
        'bigint',
        tiles.map(({ index }) => index),
      ),
      encodeArray(
        'bytea',
        tiles.map(({ hashes }) => hashes),
      ),
    ],
  }
}

function publish(
  transaction: Transaction,
  head: Head,
  { fence, size, note }: Act<'publish'>,
): boolean {
  if (head.fence !== fence || head.checkpointSize >= size) return false
  void transaction.ask(
    compiled(build.updateTable('log').set({ checkpointSize: size, checkpoint: note })),
  )
  return true
}

interface Head {
  readonly size: number
  readonly lastEvent: number
  readonly fence: number
  readonly holder: string | null
  readonly heldUntil: number
  readonly checkpointSize: number
}

async function lockHead(transaction: Transaction): Promise<Head> {
  const columns = ['size', 'lastEvent', 'fence', 'holder', 'heldUntil', 'checkpointSize'] as const
  const { rows } = await transaction.ask(
    compiled(build.selectFrom('log').select(columns).forUpdate()),
  )
  const [row] = rows
  if (row === undefined) throw new Fault('ledger-damaged', 'the log has no head')
  const [size, lastEvent, fence, holder, heldUntil, checkpointSize] = row
  return {
    size: Number(size),
    lastEvent: Number(lastEvent),
    fence: Number(fence),
    holder: typeof holder === 'string' ? holder : null,
    heldUntil: Number(heldUntil),
    checkpointSize: Number(checkpointSize ?? -1),
  }
}
