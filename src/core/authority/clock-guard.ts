// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'

/** A step back that time services make in passing; more than this is a wrong clock. */
const tolerance = Temporal.Duration.from({ seconds: 5 })

/** Remembers the latest event, so that nothing is signed while the clock stands behind it. */
export class ClockGuard {
  #latest: Temporal.Instant

  constructor(latest: Temporal.Instant) {
    this.#latest = latest
  }

  /** Takes note of an event that became durable. */
  observe(at: Temporal.Instant): void {
    if (Temporal.Instant.compare(at, this.#latest) > 0) this.#latest = at
  }

  check(now: Temporal.Instant): Refused | undefined {
    if (Temporal.Instant.compare(now.add(tolerance), this.#latest) >= 0) return undefined
    return refuse('clock-behind', `the clock says ${now}, the last event was at ${this.#latest}`)
  }
}
