// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClockGuard } from '#core/authority/clock-guard.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Clock } from '#core/ports.ts'
import type { Readiness } from '#edge/status/routes.ts'
import type { DoorKeeper } from './nodes/door-keeper.ts'

export interface ReadinessParts {
  /** Whether every door is open, and none is closing. */
  readonly doors: () => 'opening' | 'open' | 'closing'
  readonly clock: Clock
  readonly ledger: Pick<Ledger, 'find'>
  /** Undefined until the keys are unlocked and core is open. */
  readonly core: () =>
    | { readonly guard: ClockGuard; readonly keeper: Pick<DoorKeeper, 'isCurrent'> }
    | undefined
  /** Of this node's backends of keys each that is not up; absent: all are. */
  readonly keysAway?: () => readonly string[]
  /** How long the store may take; absent: as long as a balancer waits. */
  readonly patienceMilliseconds?: number
}

/** A balancer asks every few seconds and waits about as long. */
const storeMilliseconds = 2_000

/**
 * What stands between this node and serving, each by name.
 *
 * Asked anew each time: a database that is back makes it ready by itself.
 */
export async function readinessOf(parts: ReadinessParts): Promise<readonly Readiness[]> {
  const core = parts.core()
  return [
    { name: 'keys', ready: core !== undefined },
    { name: 'doors', ready: parts.doors() !== 'opening' },
    { name: 'running', ready: parts.doors() !== 'closing' },
    { name: 'clock', ready: core?.guard.check(parts.clock.now()) === undefined },
    { name: 'store', ready: await answers(parts.ledger, parts.patienceMilliseconds) },
    { name: 'nodes', ready: core?.keeper.isCurrent !== false },
    { name: 'signing', ready: (parts.keysAway?.() ?? []).length === 0 },
  ]
}

/** Whether the store answers a small question in time. */
async function answers(
  ledger: Pick<Ledger, 'find'>,
  milliseconds = storeMilliseconds,
): Promise<boolean> {
  const over = new AbortController()
  const late = sleep(milliseconds, false, { ref: false, signal: over.signal }).catch(() => false)
  // What it broke on is told by those whose work needs it.
  const read = ledger.find('setting', 'name', ['installation']).then(
    () => true,
    () => false,
  )
  const inTime = await Promise.race([read, late])
  over.abort()
  return inTime
}
