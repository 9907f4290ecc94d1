// SPDX-License-Identifier: Apache-2.0
import type { PendingRequest } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'

/** Seconds that a device is asked to wait between two looks, from its first post to hours later. */
const bounds = { least: 30, most: 3_600 } as const

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
  { clock, random }: { readonly clock: Clock; readonly random: Randomness },
): number {
  const waited = Math.max(0, clock.now().since(askedAt).total('seconds'))
  const seconds = Math.min(Math.max(waited / 4, bounds.least), bounds.most)
  const [chance = 0] = random.bytes(1)
  return Math.round(seconds * (0.8 + (chance / 255) * 0.4))
}
