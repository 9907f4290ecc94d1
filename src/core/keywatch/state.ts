// SPDX-License-Identifier: Apache-2.0
/** How far the watch has come: one setting of the installation, which whoever runs it next goes on from. */
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Setting } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'

/** A walk over all keys with one set of tests. */
export interface Round {
  /** What names the tests and lists (`KeyTester.tests`). */
  readonly tests: string
  readonly startedAt: string
  /** The newest key that was tested, or signature that was met; null: none yet. */
  readonly through: string | null
  /** When the walk began that met it. */
  readonly walkedAt: string
  /** Keys that were tested so far, but for those that were booked late. */
  readonly keys: number
  /** When it had met every key that there was; from then on it is about new ones. */
  readonly completedAt: string | null
}

export interface WatchState {
  readonly paused: {
    readonly by: string
    readonly at: string
    readonly because: string
  } | null
  readonly keys: Round | null
  readonly deep: Round | null
  /** The walk over all signatures, by their ids; `keys`: so many keys had enough of them, and were searched. */
  readonly nonces: Round | null
  /** The last time that every key had passed or failed the tests of a round. */
  readonly lastRound: { readonly tests: string; readonly at: string; readonly keys: number } | null
  /** The last whole comparison of all RSA keys. */
  readonly primes: {
    readonly node: string
    readonly at: string
    readonly moduli: number
  } | null
  /** The last run that reached its end. */
  readonly lastRunAt: string | null
}

const settingName = 'keywatch'

const atFirst: WatchState = {
  ...{ paused: null, keys: null, deep: null, nonces: null, lastRound: null, primes: null },
  lastRunAt: null,
}

interface Ports {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/** The state as it stands. */
export async function watchState(ledger: Ledger): Promise<WatchState> {
  return stateIn(await ledger.find('setting', 'name', [settingName]))
}

function stateIn(setting: Setting | undefined): WatchState {
  const value = setting?.value
  return typeof value === 'object' && value !== null ? { ...atFirst, ...value } : atFirst
}

/** A person may pause it at the moment that a run books how far it is. */
const mostTries = 10

/**
 * Changes the state, from how it stands at that moment.
 *
 * @returns the state as it then is; unchanged if others were always first
 */
export async function changeState(
  change: (before: WatchState) => Partial<WatchState>,
  ports: Ports,
  events: readonly AuditEvent[] = [],
): Promise<WatchState> {
  const { ledger, clock } = ports
  for (let tries = 1; ; tries++) {
    const setting = await ledger.find('setting', 'name', [settingName])
    const before = stateIn(setting)
    const value: WatchState = { ...before, ...change(before) }
    const record: Setting = {
      ...{ id: setting?.id ?? newId('setting', ports), version: (setting?.version ?? 0) + 1 },
      ...{ name: settingName, value, changedAt: clock.now() },
    }
    const committed = await ledger.commit({ puts: [{ kind: 'setting', record }], events })
    if (committed.kind === 'committed') return value
    if (tries === mostTries) return before
  }
}

/** Stops testing until somebody resumes it; what runs ends at its next step. */
export async function pauseWatch(
  because: string,
  actor: Actor,
  ports: Ports,
): Promise<WatchState | Refused> {
  const { paused } = await watchState(ports.ledger)
  if (paused !== null)
    return refuse('conflict', `the watch was paused at ${paused.at}: ${paused.because}`)
  const at = ports.clock.now()
  return changeState(() => ({ paused: { by: actor.id, at: at.toString(), because } }), ports, [
    { type: 'keywatch-paused', at, actor, subjects: [], facts: { because } },
  ])
}

/** Has it go on where it was. */
export async function resumeWatch(actor: Actor, ports: Ports): Promise<WatchState | Refused> {
  const { paused } = await watchState(ports.ledger)
  if (paused === null) return refuse('conflict', 'the watch is not paused')
  const at = ports.clock.now()
  return changeState(() => ({ paused: null }), ports, [
    { type: 'keywatch-resumed', at, actor, subjects: [], facts: { pausedAt: paused.at } },
  ])
}
