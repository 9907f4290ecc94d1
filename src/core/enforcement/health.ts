// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { Integration } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'

interface HealthPorts {
  readonly ledger: Ledger
  readonly clock: Clock
}

/** That all is well is written so often, unless it was not. */
const seenAgainHours = 1

/** Notes of an integration that it answered (`undefined`), or why it did not; writes only what is new. */
export async function noteHealth(
  id: string,
  words: string | undefined,
  { ledger, clock }: HealthPorts,
): Promise<void> {
  const before = await ledger.read('integration', id)
  if (before === undefined || before.state === 'removed') return
  const now = clock.now()
  const record = words === undefined ? seenWell(before, now) : troubled(before, words, now)
  // Whoever wrote first at the same moment knows it as well.
  if (record !== undefined)
    await ledger.commit({ puts: [{ kind: 'integration', record }], events: [] })
}

function seenWell(before: Integration, now: Temporal.Instant): Integration | undefined {
  const isFresh = before.seenAt !== null && before.seenAt.until(now).total('hours') < seenAgainHours
  if (before.trouble === null && isFresh) return undefined
  const columns = { seenAt: now, trouble: null, troubledSince: null } as const
  return { ...before, ...columns, version: before.version + 1 }
}

function troubled(
  before: Integration,
  trouble: string,
  now: Temporal.Instant,
): Integration | undefined {
  if (before.trouble === trouble) return undefined
  const troubledSince = before.troubledSince ?? now
  return { ...before, trouble, troubledSince, version: before.version + 1 }
}
