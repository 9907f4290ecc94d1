// SPDX-License-Identifier: Apache-2.0
import type { AuditEvent } from '#core/audit/event.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Job as JobRecord } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'

export interface HoldPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  /** On which all nodes agree, by which times are booked that others go by; absent: `clock`. */
  readonly sharedClock?: Clock
  readonly random: Randomness
  /** This node's own name, new with each start. */
  readonly node: string
}

/** A node that died is taken over after this; a run that takes longer renews its hold. */
const holdMilliseconds = 60_000
/** How often it does so. */
export const renewMilliseconds = holdMilliseconds / 3

/** What is booked of a run that did not fail. */
export const goodResult = 'done'

/**
 * One node's hold on one job.
 *
 * Taking, renewing and giving back each replace one version of the job's record, so that of two nodes
 * one always loses; the fence tells later holders from earlier ones.
 */
export class Hold {
  readonly #ports: HoldPorts
  readonly #lost = new AbortController()
  #record: JobRecord

  private constructor(record: JobRecord, ports: HoldPorts) {
    this.#record = record
    this.#ports = ports
  }

  /** Takes the job as it was read; undefined if another node was first. */
  static async take(
    name: string,
    found: JobRecord | undefined,
    ports: HoldPorts,
  ): Promise<Hold | undefined> {
    const record = found === undefined ? firstTaken(name, ports) : taken(found, ports)
    return (await write(record, [], ports)) ? new Hold(record, ports) : undefined
  }

  get fence(): number {
    return this.#record.fence
  }

  /** Aborts when another node has the job, or when that can no longer be ruled out. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** Never rejects: a ledger that does not answer cannot vouch for the hold, so it counts as lost. */
  async renew(): Promise<void> {
    const next = renewed(this.#record, this.#ports)
    const kept = await write(next, [], this.#ports).catch(() => false)
    if (kept) this.#record = next
    else this.#lost.abort()
  }

  /** Lets others have the job from `dueAt` on; does nothing if it was lost. */
  async giveBack(dueAt: Temporal.Instant, lastResult: string, events: readonly AuditEvent[]) {
    const lastRunAt = sharedNow(this.#ports)
    const isGood = lastResult === goodResult
    const lastGoodAt = isGood ? lastRunAt : this.#record.lastGoodAt
    const given = { dueAt, holder: null, heldUntil: null, lastRunAt, lastGoodAt }
    const version = this.#record.version + 1
    await write({ ...this.#record, ...given, lastResult, version }, events, this.#ports)
  }

  /** The id of the job's record. */
  get job(): string {
    return this.#record.id
  }
}

/** When a job may next be taken: when it is due and nobody has it. */
export function freeAt({ dueAt, heldUntil }: JobRecord): Temporal.Instant {
  return heldUntil !== null && Temporal.Instant.compare(heldUntil, dueAt) > 0 ? heldUntil : dueAt
}

/** The present on the clock that all nodes go by. */
export function sharedNow({ clock, sharedClock = clock }: HoldPorts): Temporal.Instant {
  return sharedClock.now()
}

function firstTaken(name: string, ports: HoldPorts): JobRecord {
  const id = newId('job', ports)
  const dueAt = sharedNow(ports)
  const fresh = { id, version: 0, name, dueAt, holder: null, heldUntil: null }
  return taken({ ...fresh, fence: 0, lastRunAt: null, lastResult: null, lastGoodAt: null }, ports)
}

function taken(record: JobRecord, ports: HoldPorts): JobRecord {
  return { ...renewed(record, ports), holder: ports.node, fence: record.fence + 1 }
}

function renewed(record: JobRecord, ports: HoldPorts): JobRecord {
  const heldUntil = sharedNow(ports).add({ milliseconds: holdMilliseconds })
  return { ...record, version: record.version + 1, heldUntil }
}

async function write(
  record: JobRecord,
  events: readonly AuditEvent[],
  { ledger }: HoldPorts,
): Promise<boolean> {
  const { kind } = await ledger.commit({ puts: [{ kind: 'job', record }], events })
  return kind === 'committed'
}
