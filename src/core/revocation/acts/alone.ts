// SPDX-License-Identifier: Apache-2.0
/** How much of trust one person may end or suspend alone. */
import { newId } from '#core/ledger/ids.ts'
import type { Ledger, Put } from '#core/ledger/ledger.ts'
import type { Key } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'

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

export interface LimitPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly environment: Key['environment']
}

/** The limit as it is kept; whoever writes it down has asked who has to agree. */
export async function limitPut(
  owners: number | null,
  at: Temporal.Instant,
  ports: LimitPorts,
): Promise<Put & { readonly kind: 'setting' }> {
  const before = await ports.ledger.find('setting', 'name', [settingName])
  return {
    kind: 'setting',
    record: {
      id: before?.id ?? newId('setting', ports),
      version: (before?.version ?? 0) + 1,
      ...{ name: settingName, value: { owners }, changedAt: at },
    },
  }
}
