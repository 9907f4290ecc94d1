// SPDX-License-Identifier: Apache-2.0
/** The log's store as the tests have it: in memory, to the letter of the port. */
import { emptyTreeHash } from '#trust/tlog/merkle.ts'
import { Fault } from '../fault.ts'
import { encodeEvent } from './encode-event.ts'
import type { AuditEvent } from './event.ts'
import type {
  Appended,
  LoggedEvent,
  LogHead,
  LogSnapshot,
  LogStore,
  SnapshotRecord,
  WaitingEvent,
} from './log-store.ts'

interface Kept extends WaitingEvent {
  commitment: Uint8Array | undefined
  erased: boolean
}

export class MemoryLogStore implements LogStore {
  /** In the order of their commits; those with a commitment have their index as position. */
  readonly kept: Kept[] = []
  readonly recordsOf = new Map<string, SnapshotRecord[]>()
  readonly #tiles = new Map<string, Uint8Array>()
  #head: LogHead = { size: 0, root: emptyTreeHash, checkpoint: null }
  #lease = { holder: '', until: Temporal.Instant.fromEpochMilliseconds(0), fence: 0 }

  /** What `Ledger.commit` does with a change's events; the salt is the event's number. */
  commit(...events: readonly AuditEvent[]): void {
    for (const event of events) {
      const salt = new Uint8Array(32)
      new DataView(salt.buffer).setUint32(0, this.kept.length)
      const id = `evt_${String(this.kept.length).padStart(32, '0')}`
      this.kept.push({ id, bytes: encodeEvent(event), salt, commitment: undefined, erased: false })
    }
  }

  async lease(holder: string, now: Temporal.Instant, until: Temporal.Instant) {
    const isFree = Temporal.Instant.compare(this.#lease.until, now) <= 0
    if (holder !== this.#lease.holder && !isFree) return undefined
    const fence = this.#lease.fence + (holder === this.#lease.holder ? 0 : 1)
    this.#lease = { holder, until, fence }
    return fence
  }

  async head(): Promise<LogHead> {
    return this.#head
  }

  async waiting(limit: number): Promise<readonly WaitingEvent[]> {
    return this.kept.filter(({ commitment }) => commitment === undefined).slice(0, limit)
  }

  async append(fence: number, { from, events, tiles, root }: Appended): Promise<boolean> {
    if (fence !== this.#lease.fence || from !== this.#head.size) return false
    for (const [at, { id, commitment }] of events.entries()) {
      const kept = this.kept[from + at]
      if (kept?.id !== id) throw new Fault('ledger-damaged', `event ${id} is not next`)
      kept.commitment = commitment
    }
    for (const { level, index, hashes } of tiles) this.#tiles.set(`${level}/${index}`, hashes)
    this.#head = { ...this.#head, size: from + events.length, root }
    return true
  }

  async publish(fence: number, checkpoint: { size: number; note: string }): Promise<boolean> {
    const published = this.#head.checkpoint?.size ?? -1
    if (fence !== this.#lease.fence || checkpoint.size <= published) return false
    this.#head = { ...this.#head, checkpoint }
    return true
  }

  async tile(level: number, index: number): Promise<Uint8Array | undefined> {
    return this.#tiles.get(`${level}/${index}`)
  }

  /** As a broken disk does it. */
  damageTile(level: number, index: number, hashes: Uint8Array): void {
    this.#tiles.set(`${level}/${index}`, hashes)
  }

  async events(from: number, count: number): Promise<readonly LoggedEvent[]> {
    return this.kept
      .slice(from, from + count)
      .flatMap(({ commitment, erased, bytes, salt }, at) => {
        const body = erased ? null : { bytes, salt }
        return commitment === undefined ? [] : [{ position: from + at, commitment, body }]
      })
  }

  async snapshot(): Promise<LogSnapshot> {
    const records = structuredRecords(this.recordsOf)
    return {
      events: this.kept.length,
      async *records(kind) {
        yield* records.get(kind) ?? []
      },
      close: async () => undefined,
    }
  }
}

function structuredRecords(records: ReadonlyMap<string, readonly SnapshotRecord[]>) {
  return new Map([...records].map(([kind, some]) => [kind, some.map((one) => ({ ...one }))]))
}
