// SPDX-License-Identifier: Apache-2.0
import type { PendingRequest } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import type { WaitingLimits } from './waiting-limits.ts'

interface PatiencePorts {
  readonly clock: Clock
  readonly random: Randomness
  readonly waiting: WaitingLimits
}

/**
 * How long a device shall wait before it asks again: a quarter of the time that it has waited already,
 * and a fifth more or less by chance, so that those who came together do not come back together.
 *
 * Reckoned from the age, so that no look costs a write.
 *
 * @see RFC 7030 section 4.2.3
 */
export function retryAfterSeconds(
  { askedAt }: Pick<PendingRequest, 'askedAt'>,
  { clock, random, waiting }: PatiencePorts,
): number {
  const waited = Math.max(0, clock.now().since(askedAt).total('seconds'))
  const seconds = Math.min(Math.max(waited / 4, waiting.leastSeconds), waiting.mostSeconds)
  const [chance = 0] = random.bytes(1)
  return Math.round(seconds * (0.8 + (chance / 255) * 0.4))
}
