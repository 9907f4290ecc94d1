// SPDX-License-Identifier: Apache-2.0
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Fault } from '#core/fault.ts'
import { sha256 } from '#trust/digest.ts'

/** The writes of the log as they travel to the book thread. Instants are Unix milliseconds. */
export type LogAct =
  | {
      readonly kind: 'lease'
      readonly holder: string
      readonly now: number
      readonly until: number
    }
  | {
      readonly kind: 'append'
      readonly fence: number
      readonly from: number
      readonly root: Uint8Array
      /** Sequence numbers of the events, in the order of their positions. */
      readonly events: readonly number[]
      /** Their commitments, 32 bytes each, one after the other. */
      readonly commitments: Uint8Array
      readonly tiles: readonly { level: number; index: number; hashes: Uint8Array }[]
    }
  | {
      readonly kind: 'publish'
      readonly fence: number
      readonly size: number
      readonly note: string
    }

type Act<K extends LogAct['kind']> = Extract<LogAct, { kind: K }>

/** Does the acts of the log. Each is one transaction of the caller. */
export class LogWriter {
  readonly #head: StatementSync
  readonly #take: StatementSync
  readonly #move: StatementSync
  readonly #publish: StatementSync
  readonly #waiting: StatementSync
  readonly #entry: StatementSync
  readonly #tile: StatementSync

  constructor(database: DatabaseSync) {
    database
      .prepare(
        `INSERT INTO "log" ("only", "size", "lastEvent", "root", "fence") VALUES (1, 0, 0, ?, 0)
         ON CONFLICT DO NOTHING`,
      )
      .run(sha256(new Uint8Array()))
    this.#head = database.prepare(
      'SELECT "size", "lastEvent", "fence", "holder", "heldUntil", "checkpointSize" FROM "log"',
    )
    this.#take = database.prepare('UPDATE "log" SET "fence" = ?, "holder" = ?, "heldUntil" = ?')
    this.#move = database.prepare('UPDATE "log" SET "size" = ?, "lastEvent" = ?, "root" = ?')
    this.#publish = database.prepare('UPDATE "log" SET "checkpointSize" = ?, "checkpoint" = ?')
    this.#waiting = database.prepare(
      'SELECT "sequence" FROM "event" WHERE "sequence" > ? ORDER BY "sequence" LIMIT ?',
    )
    this.#waiting.setReturnArrays(true)
    this.#entry = database.prepare(
      'INSERT INTO "entry" ("position", "event", "commitment") VALUES (?, ?, ?)',
    )
    this.#tile = database.prepare(
      `INSERT INTO "tile" ("level", "place", "hashes") VALUES (?, ?, ?)
       ON CONFLICT ("level", "place") DO UPDATE SET "hashes" = excluded."hashes"`,
    )
  }

  /** @throws Fault 'ledger-damaged' as `LogStore.append` promises */
  do(act: LogAct): number | boolean | undefined {
    if (act.kind === 'lease') return this.#lease(act)
    return act.kind === 'append' ? this.#append(act) : this.#checkpoint(act)
  }

  #lease({ holder, now, until }: Act<'lease'>): number | undefined {
    const head = this.#readHead()
    if (head.holder !== holder && head.heldUntil > now) return undefined
    const fence = head.holder === holder ? head.fence : head.fence + 1
    this.#take.run(fence, holder, until)
    return fence
  }

  #append({ fence, from, root, events, commitments, tiles }: Act<'append'>): boolean {
    const head = this.#readHead()
    if (head.fence !== fence || head.size !== from) return false
    this.#checkNext(head.lastEvent, events)
    for (const [index, event] of events.entries())
      this.#entry.run(from + index, event, commitments.subarray(index * 32, index * 32 + 32))
    for (const { level, index, hashes } of tiles) this.#tile.run(level, index, hashes)
    this.#move.run(from + events.length, events.at(-1) ?? head.lastEvent, root)
    return true
  }

  /** Events are numbered in the order of their commits, none twice and none left out. */
  #checkNext(lastEvent: number, events: readonly number[]) {
    const waiting = this.#waiting.all(lastEvent, events.length) as unknown as [number][]
    for (const [index, event] of events.entries()) {
      if (waiting[index]?.[0] !== event)
        throw new Fault(
          'ledger-damaged',
          `event ${event} is not the next without position, which is ${waiting[index]?.[0] ?? 'none'}`,
        )
    }
  }

  #checkpoint({ fence, size, note }: Act<'publish'>): boolean {
    const head = this.#readHead()
    if (head.fence !== fence || head.checkpointSize >= size) return false
    this.#publish.run(size, note)
    return true
  }

  #readHead() {
    const head = this.#head.get()
    if (head === undefined) throw new Fault('ledger-damaged', 'the log has no head')
    return {
      size: Number(head.size),
      lastEvent: Number(head.lastEvent),
      fence: Number(head.fence),
      holder: head.holder,
      heldUntil: Number(head.heldUntil),
      checkpointSize: Number(head.checkpointSize ?? -1),
    }
  }
}
