// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../fault.ts'
import type { Clock } from '../ports.ts'
import { type Refusal, refusals } from '../refusal.ts'
import type { AuditEvent } from './event.ts'

/** A request that was answered "no". */
export interface RefusedRequest {
  readonly reason: Refusal
  readonly detail: string
  /** The address it came from. */
  readonly source: string
  /** Whom it claimed to be about; not believed. */
  readonly subjects: readonly string[]
  /** The request's own id, by which its line in the log is found. */
  readonly requestId?: string | undefined
  /** Events that go with it where it is told in detail, under the same limits. */
  readonly alarms?: readonly AuditEvent[]
}

export interface RefusalMeterPorts {
  readonly clock: Clock
  /** Commits the events durably; rejects as `Ledger.commit` does. */
  write(events: readonly AuditEvent[]): Promise<unknown>
}

/** How much of one minute's refusals is told in detail; all of them are counted. */
export interface RefusalLimits {
  readonly perSourceAndReason: number
  readonly inAll: number
}

/** 60 events of half a kilobyte a minute: a flood costs the disk 45 MB a day at the most. */
const usualLimits: RefusalLimits = { perSourceAndReason: 3, inAll: 60 }
const windowMilliseconds = 60_000
/** A detail names a rule and two values; what a stranger sends is not kept at length. */
const maxDetailCharacters = 500

/**
 * Turns refusals into events: the first few of a source and reason each minute one by one, the rest
 * by number in a `requests-refused` event. No stranger can fill the disk, and none is uncounted.
 *
 * Its memory is bounded by the limits: a source is remembered only while it is told in detail. What
 * is counted and not yet flushed is lost by a crash, so `flush` belongs in a job of every minute and
 * in an orderly stop.
 */
export class RefusalMeter {
  readonly #ports: RefusalMeterPorts
  readonly #limits: RefusalLimits
  readonly #counts = new Map<Refusal, number>()
  readonly #told = new Map<string, number>()
  #toldInAll = 0
  #windowStart = 0
  #countedSince: Temporal.Instant | undefined

  constructor(ports: RefusalMeterPorts, limits = usualLimits) {
    this.#ports = ports
    this.#limits = limits
  }

  /**
   * Writes the refusal, or counts it. On a full disk it is counted, so that the "no" still goes out.
   *
   * @throws Fault as `write` does, but for `store-full`
   */
  async note(refused: RefusedRequest): Promise<void> {
    if (!this.#mayTell(refused)) return this.#count(refused.reason, 1)
    try {
      await this.#ports.write([this.#event(refused), ...(refused.alarms ?? [])])
    } catch (cause) {
      if (!(cause instanceof Fault) || cause.code !== 'store-full') throw cause
      this.#count(refused.reason, 1)
    }
  }

  /** Writes what was counted since the last time, if anything; if that fails it stays counted. */
  async flush(): Promise<void> {
    const since = this.#countedSince
    if (since === undefined) return
    const counted = new Map(this.#counts)
    this.#counts.clear()
    this.#countedSince = undefined
    try {
      await this.#ports.write([this.#summary(counted, since)])
    } catch (cause) {
      for (const [reason, count] of counted) this.#count(reason, count)
      this.#countedSince = since
      throw cause
    }
  }

  #mayTell({ source, reason }: RefusedRequest): boolean {
    const now = this.#ports.clock.now().epochMilliseconds
    // A clock set back opens a new window too, rather than none for hours.
    if (now < this.#windowStart || now - this.#windowStart >= windowMilliseconds) {
      this.#windowStart = now
      this.#toldInAll = 0
      this.#told.clear()
    }
    const bucket = `${reason} ${source}`
    const told = this.#told.get(bucket) ?? 0
    if (told >= this.#limits.perSourceAndReason || this.#toldInAll >= this.#limits.inAll) {
      return false
    }
    this.#told.set(bucket, told + 1)
    this.#toldInAll++
    return true
  }

  #count(reason: Refusal, count: number): void {
    this.#countedSince ??= this.#ports.clock.now()
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count)
  }

  #event({ reason, detail, source, subjects, requestId }: RefusedRequest): AuditEvent {
    return {
      type: 'request-refused',
      at: this.#ports.clock.now(),
      actor: { kind: 'stranger', id: source },
      subjects,
      facts: {
        ...{ reason, detail: detail.slice(0, maxDetailCharacters) },
        ...(requestId !== undefined && { requestId }),
      },
    }
  }

  #summary(counted: ReadonlyMap<Refusal, number>, since: Temporal.Instant): AuditEvent {
    const byReason = refusals.flatMap((reason) => {
      const count = counted.get(reason)
      return count === undefined ? [] : [[reason, count] as const]
    })
    return {
      type: 'requests-refused',
      at: this.#ports.clock.now(),
      actor: { kind: 'house', id: 'refusal-meter' },
      subjects: [],
      facts: { since: since.toString(), ...Object.fromEntries(byReason) },
    }
  }
}
