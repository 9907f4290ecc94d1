// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import { type AlarmPorts, clear, raise } from '../watch/alarm.ts'
import { type WatchState, watchState } from './state.ts'

/** A run comes every hour; after a day something is wrong, or was forgotten. */
const longestStill = Temporal.Duration.from({ hours: 24 })

const subject = 'keywatch'

/** Why the keys of the fleet are not tested, in words; undefined: they are. */
export async function stillBecause(
  since: Temporal.Instant,
  now: Temporal.Instant,
  ledger: Ledger,
): Promise<string | undefined> {
  const state = await watchState(ledger)
  const { paused } = state
  if (paused !== null) {
    return isOver(Temporal.Instant.from(paused.at), now)
      ? `the watch over all keys is paused since ${paused.at}: ${paused.because}`
      : undefined
  }
  const last = lastRunOf(state, since)
  return isOver(last, now)
    ? `the watch over all keys reached its end last at ${last.round('second')}`
    : undefined
}

/** An installation that was made just now, or updated to a program that watches, is given its day. */
function lastRunOf({ lastRunAt }: WatchState, since: Temporal.Instant): Temporal.Instant {
  if (lastRunAt === null) return since
  return Temporal.Instant.from(lastRunAt)
}

/**
 * Raises an alarm while the watch stands still, and clears it when it goes on.
 *
 * @param since when whoever looks began: before it, nobody could have run it
 */
export async function tellStill(since: Temporal.Instant, ports: AlarmPorts): Promise<void> {
  const because = await stillBecause(since, ports.clock.now(), ports.ledger)
  if (because === undefined) return clear('key-watch-stopped', subject, ports)
  const { paused, lastRunAt } = await watchState(ports.ledger)
  await raise(
    {
      ...{ kind: 'key-watch-stopped', subject, severity: 'warning', text: because },
      facts: { paused: paused !== null, lastRunAt },
    },
    ports,
  )
}

function isOver(since: Temporal.Instant, now: Temporal.Instant): boolean {
  return Temporal.Instant.compare(since.add(longestStill), now) <= 0
}
