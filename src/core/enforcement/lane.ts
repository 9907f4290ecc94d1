// SPDX-License-Identifier: Apache-2.0
import type { Enforcement, Integration } from '../ledger/tables.ts'
import { type Carried, carryOut, type EnforcementPorts } from './carry-out.ts'

/** Looked at together; those behind them come when these are done. */
const mostSeen = 200

/**
 * Carries out at one integration all whose time has come, one after the other, what is short before what is
 * long.
 *
 * Where one finds that it does not answer, the others stay as they are: they would fail alike. Where one is
 * confirmed after that, those that failed come at once.
 *
 * @returns when the next one is due; undefined: none is left
 */
export async function carryLane(
  integration: Integration,
  ports: EnforcementPorts,
  signal: AbortSignal,
): Promise<Temporal.Instant | undefined> {
  const tried = new Set<string>()
  let isUp = false
  let outcome: Carried | undefined
  while (!signal.aborted && outcome !== 'down') {
    const next = (await openOf(integration, ports)).find(
      (one) => !tried.has(one.id) && isDue(one, isUp, ports),
    )
    if (next === undefined) break
    outcome = await carryOut(next, integration, ports, signal)
    if (outcome !== 'more') tried.add(next.id)
    if (outcome === 'confirmed') isUp = true
  }
  return dueNext(await openOf(integration, ports), ports)
}

/** What was never begun comes first, then by age. */
async function openOf({ id }: Integration, { ledger }: Pick<EnforcementPorts, 'ledger'>) {
  const pages = await Promise.all(
    (['waiting', 'failed'] as const).map((state) =>
      ledger.list('enforcement', {
        ...{ by: 'integration', equal: [id, state], limit: mostSeen },
      }),
    ),
  )
  const open = pages.flatMap(({ items }) => items)
  return open.toSorted((left, right) => Number(left.after !== null) - Number(right.after !== null))
}

/** Nothing is put off for longer: what lies beyond was booked by a clock that has been put back since. */
const longestMinutes = 10

function isDue(
  { tries, state, nextAt }: Enforcement,
  isUp: boolean,
  { sharedClock }: EnforcementPorts,
): boolean {
  if (tries === 0 && state === 'waiting') return true
  const minutes = sharedClock.now().until(nextAt).total('minutes')
  return (isUp && state === 'failed') || minutes <= 0 || minutes > longestMinutes
}

function dueNext(open: readonly Enforcement[], { sharedClock }: EnforcementPorts) {
  // What was not begun because the integration is down waits with the one that found that out.
  const begun = open.filter(({ tries }) => tries > 0)
  if (open.length > 0 && begun.length === 0) return sharedClock.now()
  return begun
    .map(({ nextAt }) => nextAt)
    .reduce<Temporal.Instant | undefined>(
      (first, at) => (first && Temporal.Instant.compare(first, at) <= 0 ? first : at),
      undefined,
    )
}

/** Gives up what is left for an integration that was removed. */
export async function endLane(
  integration: Integration,
  { ledger, clock }: Pick<EnforcementPorts, 'ledger' | 'clock'>,
): Promise<void> {
  for (const state of ['waiting', 'failed'] as const) {
    const walk = { by: 'integration', equal: [integration.id, state], limit: mostSeen } as const
    const { items } = await ledger.list('enforcement', walk)
    const ended = items.map(
      (one): Enforcement => ({
        ...{ ...one, version: one.version + 1, state: 'given-up', nextAt: clock.now() },
        lastError: 'its integration was removed',
      }),
    )
    // If another node is at one of them, the next look ends them.
    const puts = ended.map((record) => ({ kind: 'enforcement', record }) as const)
    if (puts.length > 0) await ledger.commit({ puts, events: [] })
  }
}
