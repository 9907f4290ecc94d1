// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'

/**
 * What may be tried before waiting begins, and how long it grows. The wait doubles with each failure.
 *
 * An account waits a minute at most, so that a stranger cannot keep its owner out; a source waits longer.
 */
const limits = {
  account: { free: 5, longestSeconds: 60 },
  source: { free: 10, longestSeconds: 900 },
  /** Without a failure for so long, all is forgotten. */
  forgottenAfter: Temporal.Duration.from({ hours: 1 }),
  /** Names and sources remembered; beyond it the oldest goes. */
  remembered: 10_000,
} as const

interface Failures {
  count: number
  last: Temporal.Instant
}

/**
 * Slows guessing down, by the name that is guessed at and by the source that guesses.
 *
 * Kept in memory, bounded: a restart forgets, which gives a guesser a few more tries and costs no
 * write per guess. A name is counted whether or not anybody bears it.
 */
export class Attempts {
  readonly #failures = new Map<string, Failures>()

  /**
   * Lets one attempt begin, and counts it as failed until `succeeded` is called: attempts side by
   * side cannot slip past the count.
   */
  begin(name: string, source: string, now: Temporal.Instant): Refused | undefined {
    const wait = Math.max(
      this.#waitSeconds(`account ${name}`, limits.account, now),
      this.#waitSeconds(`source ${source}`, limits.source, now),
    )
    if (wait > 0) {
      return refuse(
        'rate-limited',
        `too many attempts; wait ${Math.ceil(wait)} seconds and try again`,
      )
    }
    for (const bucket of [`account ${name}`, `source ${source}`]) this.#count(bucket, now)
    return undefined
  }

  /** The attempt was a good one: the account starts anew, the source gets its attempt back. */
  succeeded(name: string, source: string): void {
    this.#failures.delete(`account ${name}`)
    const failures = this.#failures.get(`source ${source}`)
    if (failures !== undefined) failures.count--
  }

  #count(bucket: string, now: Temporal.Instant): void {
    const count = this.#failures.get(bucket)?.count ?? 0
    this.#failures.delete(bucket) // to the end: the map's order is that of the latest failure
    this.#failures.set(bucket, { count: count + 1, last: now })
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= limits.remembered) break
      this.#failures.delete(oldest)
    }
  }

  #waitSeconds(
    bucket: string,
    limit: { readonly free: number; readonly longestSeconds: number },
    now: Temporal.Instant,
  ): number {
    const failures = this.#failures.get(bucket)
    if (failures === undefined) return 0
    const passed = now.since(failures.last).total('seconds')
    if (passed >= limits.forgottenAfter.total('seconds')) {
      this.#failures.delete(bucket)
      return 0
    }
    const over = failures.count - limit.free
    return over < 0 ? 0 : Math.min(2 ** over, limit.longestSeconds) - passed
  }
}
