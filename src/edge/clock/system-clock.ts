// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '#core/ports.ts'

/** The machine's clock, to the millisecond: what is held is then what the ledger keeps. */
export const systemClock: Clock = {
  now: () => Temporal.Instant.fromEpochMilliseconds(Date.now()),
}
