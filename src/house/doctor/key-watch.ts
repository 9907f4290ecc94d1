// SPDX-License-Identifier: Apache-2.0
import { openByKind } from '#core/keywatch/open-findings.ts'
import { watchState } from '#core/keywatch/state.ts'
import type { Core } from '../core.ts'
import type { Examined } from '../doctor.ts'

/** A run comes every hour. */
const longestStillHours = 24

/** Whether the keys of the fleet are tested, and whether somebody has to decide what was found. */
export async function checkKeyWatch({
  ledger,
  clock,
}: Pick<Core, 'ledger' | 'clock'>): Promise<Omit<Examined, 'check'>> {
  const { paused, keys, primes, lastRunAt } = await watchState(ledger)
  const open = Object.entries(await openByKind(ledger))
  if (open.length > 0) {
    const found = open.map(([kind, count]) => `${count} ${kind}`).join(', ')
    const remedy = 'look: "vitalsign finding list --state proposed", and end trust or dismiss'
    return { verdict: 'bad', found: `weak keys that nobody decided about: ${found}`, remedy }
  }
  if (paused !== null) {
    const found = `the watch over all keys is paused since ${paused.at}: ${paused.because}`
    return { verdict: 'warning', found, remedy: 'run "vitalsign keywatch resume"' }
  }
  if (lastRunAt === null)
    return { verdict: 'good', found: 'the first test of all keys is still to come', remedy: null }
  const found = `${keys?.keys ?? 0} keys tested, ${primes?.moduli ?? 0} RSA keys compared with one another, last run ${lastRunAt}`
  const hours = Temporal.Instant.from(lastRunAt).until(clock.now()).total('hours')
  if (hours <= longestStillHours) return { verdict: 'good', found, remedy: null }
  const remedy = 'run "vitalsign keywatch run"; if the job fails, the log of the server says why'
  return { verdict: 'warning', found, remedy }
}
