// SPDX-License-Identifier: Apache-2.0

/** In an hour, on one node: pairs of holder and stranger that are told of, with the key proved live and without. */
const most = { live: 1_000, old: 60 } as const
const windowMilliseconds = 3_600_000

/**
 * Which pairs are told of: each once an hour, and no more of them than people could look at.
 *
 * Whoever has old requests of others, and may ask for a device of its own, floods nobody; the log has what it has
 * within its own bounds (core/audit/refusal-meter.ts).
 */
export class SecondOwnerPace {
  readonly #told = { live: new Set<string>(), old: new Set<string>() }
  #windowStart = 0

  /** Whether this pair is to be told of; it is counted then. */
  take(pair: string, isLive: boolean, now: Temporal.Instant): boolean {
    const at = now.epochMilliseconds
    if (at < this.#windowStart || at - this.#windowStart >= windowMilliseconds) {
      this.#windowStart = at
      this.#told.live.clear()
      this.#told.old.clear()
    }
    const lane = isLive ? 'live' : 'old'
    const told = this.#told[lane]
    if (told.has(pair) || told.size >= most[lane]) return false
    told.add(pair)
    return true
  }
}
