// SPDX-License-Identifier: Apache-2.0
import { aloneUpTo, usualAlone } from '../revocation/acts/alone.ts'
import type { ActPorts } from '../revocation/acts/ask.ts'
import { allOf } from '../watch/pages.ts'
import { watcher } from './book-findings.ts'

/** In which the watch ends by itself no more than one person may alone. */
const window = Temporal.Duration.from({ hours: 24 })

/**
 * Whether the watch may end or suspend the trust in so many owners more by itself.
 *
 * What it did in the last day is counted, so that no fleet ends one by one: above what one person may do alone, two
 * people do it. Who lets one person end any number has not said it of a program: then the usual number holds.
 *
 * It holds for acts that come one after the other.
 */
export async function mayActAlone(
  owners: number,
  { ledger, clock, environment }: ActPorts,
): Promise<boolean> {
  const alone = (await aloneUpTo(environment, ledger)) ?? usualAlone(environment)
  if (alone === null) return true
  const since = clock.now().subtract(window)
  let done = owners
  if (done > alone) return false
  for await (const act of allOf('revocation', ledger, { by: 'requested', from: since })) {
    if (act.requestedBy !== watcher.id) continue
    done += Math.max(1, act.owners)
    if (done > alone) return false
  }
  return true
}
