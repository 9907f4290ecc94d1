// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { AttestationSession } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'

/**
 * Exchanges begun within a minute, on this node. One costs some milliseconds and a row: an address may be a
 * whole factory's, a device needs one, and tries again when its network fails.
 */
const most = {
  ofAddress: 600,
  ofDevice: 12,
  /** Names remembered within a minute; beyond it the oldest goes, so that a flood of addresses stops nobody else. */
  remembered: 20_000,
} as const
const windowMilliseconds = 60_000

/** How many exchanges each address and each device began in this minute; a restart forgets. */
export class AttestationPace {
  readonly #taken = new Map<string, number>()
  #windowStart = 0

  takeAddress(address: string, now: Temporal.Instant): Refused | undefined {
    return this.#take(`address ${address}`, most.ofAddress, now)
  }

  /** Those who come with a key that the device proved are counted apart: no stranger uses up their number. */
  takeDevice(
    device: string,
    lane: AttestationSession['lane'],
    now: Temporal.Instant,
  ): Refused | undefined {
    return this.#take(`device ${lane} ${device}`, most.ofDevice, now)
  }

  #take(name: string, limit: number, now: Temporal.Instant): Refused | undefined {
    const at = now.epochMilliseconds
    if (at < this.#windowStart || at - this.#windowStart >= windowMilliseconds) {
      this.#windowStart = at
      this.#taken.clear()
    }
    const taken = (this.#taken.get(name) ?? 0) + 1
    if (taken > limit)
      return refuse('rate-limited', `at most ${limit} attestations a minute are begun; wait one`)
    this.#taken.set(name, taken)
    const [oldest] = this.#taken.keys()
    if (this.#taken.size > most.remembered && oldest !== undefined) this.#taken.delete(oldest)
    return undefined
  }
}
