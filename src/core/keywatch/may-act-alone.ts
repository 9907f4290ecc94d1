// SPDX-License-Identifier: Apache-2.0
import { aloneUpTo } from '../revocation/acts/alone.ts'
import type { ActPorts } from '../revocation/acts/ask.ts'
import { allOf } from '../watch/pages.ts'
import { watcher } from './book-findings.ts'

/** In which the watch ends by itself no more than one person may alone. */
const window = Temporal.Duration.from({ hours: 24 })

/**
 * Whether the watch may end or suspend trust once more by itself.
 *
 * What it did in the last day is counted, so that no fleet ends one by one: above what one person may do alone, two
 * people do it.
 */
export async function mayActAlone({ ledger, clock, environment }: ActPorts): Promise<boolean> {
  const alone = await aloneUpTo(environment, ledger)
  if (alone === null) return true
  const since = clock.now().subtract(window)
  let done = 0
  for await (const act of allOf('revocation', ledger, { by: 'requested', from: since })) {
    if (act.requestedBy !== watcher.id) continue
    done += Math.max(1, act.owners)
    if (done >= alone) return false
  }
  return alone > 0
}
