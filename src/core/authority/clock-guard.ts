// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'

/** A step back that time services make in passing; more than this is a wrong clock. */
const toleranceMilliseconds = 5_000

/** Remembers the latest event, so that nothing is signed while the clock stands behind it. */
export class ClockGuard {
  #latest: Temporal.Instant

  constructor(latest: Temporal.Instant) {
    this.#latest = latest
  }

  /** Takes note of an event that became durable. */
  observe(at: Temporal.Instant): void {
    if (at.epochMilliseconds > this.#latest.epochMilliseconds) this.#latest = at
  }

  check(now: Temporal.Instant): Refused | undefined {
    const behind = this.#latest.epochMilliseconds - now.epochMilliseconds
    if (behind <= toleranceMilliseconds) return undefined
    return refuse('clock-behind', `the clock says ${now}, the last event was at ${this.#latest}`)
  }
}
