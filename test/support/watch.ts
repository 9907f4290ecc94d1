// SPDX-License-Identifier: Apache-2.0
/** Looking at what comes to its end, on a core of a test. */
import type { Alarm, Authority } from '#core/ledger/tables.ts'
import { watchOnce } from '#core/watch/watch.ts'
import { certificateOf, type TestCore } from './core.ts'

export const look = (core: TestCore) => watchOnce(core, new AbortController().signal)

export async function openAlarms(core: TestCore): Promise<readonly Alarm[]> {
  const walk = { by: 'state', equal: ['open'], limit: 1000 } as const
  return (await core.ledger.list('alarm', walk)).items
}

/** What stands open, kind and severity. */
export async function kindsOf(core: TestCore): Promise<readonly string[]> {
  return (await openAlarms(core)).map(({ kind, severity }) => `${kind} ${severity}`).toSorted()
}

/** The life of a certificate, in hours. */
export async function lifeOf(core: TestCore, id: string): Promise<number> {
  const { notBefore, notAfter } = await certificateOf(core, id)
  return notAfter.since(notBefore).total('hours')
}

/** Puts the end of every authority far off, so that only what a test does raises alarms. */
export async function quiet(core: TestCore): Promise<void> {
  const { items } = await core.ledger.list('authority', { limit: 100 })
  for (const one of items) {
    const far = core.clock.now().add({ hours: 24 * 365 * 40 })
    const record: Authority = { ...one, version: one.version + 1, notAfter: far, issueUntil: far }
    await core.ledger.commit({ puts: [{ kind: 'authority', record }], events: [] })
  }
}
