// SPDX-License-Identifier: Apache-2.0

import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'

/** A line makes a unit in seconds; this is a whole factory's, and stops a stolen key from taking all. */
const mostAMinute = 600
const windowMilliseconds = 60_000

/** How many requests each registrar made in this minute, on this node; a restart forgets. */
export class RegistrarPace {
  readonly #taken = new Map<string, number>()
  #windowStart = 0

  /** Counts one request, or says that there were too many; the registrars are few and known. */
  take(registrar: string, now: Temporal.Instant): Refused | undefined {
    const at = now.epochMilliseconds
    if (at < this.#windowStart || at - this.#windowStart >= windowMilliseconds) {
      this.#windowStart = at
      this.#taken.clear()
    }
    const taken = (this.#taken.get(registrar) ?? 0) + 1
    if (taken > mostAMinute)
      return refuse('rate-limited', `a registrar may ask ${mostAMinute} times a minute; wait one`)
    this.#taken.set(registrar, taken)
    return undefined
  }
}
