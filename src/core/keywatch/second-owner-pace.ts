// SPDX-License-Identifier: Apache-2.0

/** In an hour, on one node: pairs of key and stranger that are told of where it was proved live, and strangers else. */
const most = { live: 1_000, old: 60 } as const
const windowMilliseconds = 3_600_000

/**
 * Who is told of: each once an hour, and no more than people could look at.
 *
 * Whoever has old requests of others, and may ask for a device of its own, floods nobody, and hides nobody else who
 * does the same: without a live proof it is the stranger that is told of, whatever keys it shows. The log has what it
 * has within its own bounds (core/audit/refusal-meter.ts).
 */
export class SecondOwnerPace {
  readonly #told = { live: new Set<string>(), old: new Set<string>() }
  #windowStart = 0

  /** Whether this stranger with this key is to be told of; it is counted then. */
  take(key: string, stranger: string, isLive: boolean, now: Temporal.Instant): boolean {
    const at = now.epochMilliseconds
    if (at < this.#windowStart || at - this.#windowStart >= windowMilliseconds) {
      this.#windowStart = at
      this.#told.live.clear()
      this.#told.old.clear()
    }
    const lane = isLive ? 'live' : 'old'
    const told = this.#told[lane]
    const pair = isLive ? `${key} ${stranger}` : stranger
    if (told.has(pair) || told.size >= most[lane]) return false
    told.add(pair)
    return true
  }
}
