// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '#core/ports.ts'

let last = Temporal.Instant.fromEpochMilliseconds(0)

/**
 * The machine's clock, to the millisecond: what is held is then what the ledger keeps.
 *
 * Within one millisecond everybody gets the same instant, since a new one costs twenty times the look.
 */
export const systemClock: Clock = {
  now: () => {
    const milliseconds = Date.now()
    if (milliseconds !== last.epochMilliseconds)
      last = Temporal.Instant.fromEpochMilliseconds(milliseconds)
    return last
  },
}
