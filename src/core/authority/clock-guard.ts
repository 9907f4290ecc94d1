// SPDX-License-Identifier: Apache-2.0
import { type Refused, refuse } from '#trust/refusal.ts'

/** A step back that time services make in passing; more than this is a wrong clock. */
const toleranceMilliseconds = 5_000

/** A clock so far ahead would write wrong times into certificates: no time service leaves it there. */
const mostAheadMilliseconds = 60_000

/**
 * Remembers the latest event, so that nothing is signed while the clock stands behind it, or far ahead
 * of the one that several nodes share.
 */
export class ClockGuard {
  #latest: Temporal.Instant
  readonly #ahead: () => number

  /** @param ahead milliseconds by which this clock is ahead of the shared one, as last measured */
  constructor(latest: Temporal.Instant, ahead: () => number = () => 0) {
    this.#latest = latest
    this.#ahead = ahead
  }

  /** Takes note of an event that became durable. */
  observe(at: Temporal.Instant): void {
    if (at.epochMilliseconds > this.#latest.epochMilliseconds) this.#latest = at
  }

  check(now: Temporal.Instant): Refused<'clock-ahead' | 'clock-behind'> | undefined {
    const ahead = this.#ahead()
    if (ahead > mostAheadMilliseconds) {
      const seconds = Math.round(ahead / 1_000)
      return refuse('clock-ahead', `the clock says ${now}, ${seconds} s ahead of the database's`)
    }
    const behind = this.#latest.epochMilliseconds - now.epochMilliseconds
    if (behind <= toleranceMilliseconds) return undefined
    return refuse('clock-behind', `the clock says ${now}, the last event was at ${this.#latest}`)
  }
}
