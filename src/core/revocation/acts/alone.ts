// SPDX-License-Identifier: Apache-2.0
/** How much of trust one person may end or suspend alone. */
import type { Actor } from '#core/audit/event.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Ledger, Put } from '#core/ledger/ledger.ts'
import { settle } from '#core/ledger/settle.ts'
import type { Key } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import type { Refused } from '#core/refusal.ts'

const settingName = 'revocation-alone'

/**
 * So many owners of certificates until somebody says otherwise: about what a person can have looked at one by
 * one, a carton or a ward. In a trial there may be one person only, and nothing real is lost: null, no limit.
 */
export function usualAlone(environment: Key['environment']): number | null {
  return environment === 'trial' ? null : 20
}

/** The limit that stands; null: one person suffices for any number. */
export async function aloneUpTo(
  environment: Key['environment'],
  ledger: Ledger,
): Promise<number | null> {
  const { value } = (await ledger.find('setting', 'name', [settingName])) ?? {}
  if (typeof value !== 'object' || value === null || !('owners' in value))
    return usualAlone(environment)
  return typeof value.owners === 'number' ? value.owners : null
}

interface LimitPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly environment: Key['environment']
}

/** Sets the limit; who did it and why stands in the log. */
export async function setAlone(
  owners: number | null,
  because: string,
  actor: Actor,
  ports: LimitPorts,
): Promise<Refused | undefined> {
  const { ledger, clock } = ports
  const before = await ledger.find('setting', 'name', [settingName])
  const was = await aloneUpTo(ports.environment, ledger)
  const now = clock.now()
  const put: Put = {
    kind: 'setting',
    record: {
      id: before?.id ?? newId('setting', ports),
      version: (before?.version ?? 0) + 1,
      ...{ name: settingName, value: { owners }, changedAt: now },
    },
  }
  const facts = { owners, was, because }
  return settle(
    {
      puts: [put],
      events: [
        {
          ...{ type: 'revocation-limit-changed', at: now, actor, subjects: [put.record.id] },
          facts,
        },
      ],
    },
    ledger,
  )
}
