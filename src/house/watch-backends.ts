// SPDX-License-Identifier: Apache-2.0
import { hostname } from 'node:os'
import { clear, raise } from '#core/watch/alarm.ts'
import type { AlarmKind } from '#core/watch/kinds.ts'
import type { Report } from './closers.ts'
import type { Core } from './core.ts'
import type { BackendState, KeyBackends } from './key-backends.ts'

/** A backend that is back before this was opened anew, which is told in the log and is no alarm. */
const graceMilliseconds = 3_000

/**
 * Tells when a backend of keys went away or waits for a person, and makes up for it when it is back: lists of
 * what was revoked meanwhile are signed at once.
 */
export function watchBackends(
  backends: Pick<KeyBackends, 'states' | 'onChange'>,
  core: Pick<Core, 'ledger' | 'clock' | 'random' | 'shelf' | 'doors' | 'thisNode'>,
  report: Report,
  graceful = graceMilliseconds,
): { close(): Promise<void> } {
  let telling: Promise<void> = Promise.resolve()
  const waiting = new Map<string, NodeJS.Timeout>()
  const tellLater = (name: string) => {
    telling = telling
      .then(() => tell(name))
      .catch((cause) => report('how a backend of keys is could not be told', cause))
  }
  const tell = async (name: string) => {
    const state = backends.states().find((one) => one.name === name)
    if (state === undefined || state.kind === 'file') return
    const subject = core.thisNode.isShared ? `${name} on ${hostname()}` : name
    for (const kind of ['key-backend-away', 'key-backend-stopped'] as const)
      if (alarmOf(state) !== kind) await clear(kind, subject, core)
    const kind = alarmOf(state)
    if (kind !== undefined) await raise(findingOf(kind, subject, state), core)
    else await core.shelf.refresh(core.doors.own)
  }
  const heard = (name: string) => {
    clearTimeout(waiting.get(name))
    const isAway = backends.states().some((one) => one.name === name && one.state === 'away')
    if (!isAway) return tellLater(name)
    const timer = setTimeout(() => tellLater(name), graceful)
    timer.unref()
    waiting.set(name, timer)
  }
  backends.onChange(heard)
  for (const { name } of backends.states()) heard(name)
  return {
    close: async () => {
      for (const timer of waiting.values()) clearTimeout(timer)
      await telling
    },
  }
}

function alarmOf({ state }: BackendState): AlarmKind | undefined {
  if (state === 'up') return undefined
  return state === 'away' ? 'key-backend-away' : 'key-backend-stopped'
}

function findingOf(kind: AlarmKind, subject: string, { because }: BackendState) {
  return {
    ...{ kind, subject, severity: 'critical' as const },
    text: `${subject}: ${because ?? 'it does not answer'}`,
    facts: { because: because ?? null },
  }
}
