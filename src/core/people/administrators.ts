// SPDX-License-Identifier: Apache-2.0

import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { Setting } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'

/**
 * How many active administrators there are: one setting, rewritten by everything that changes the
 * number. Its version is what keeps two administrators from removing each other at the same moment,
 * and two claims from both being the first.
 */
const settingName = 'administrators'

export async function administratorCount(ledger: Ledger): Promise<number> {
  return countIn(await ledger.find('setting', 'name', [settingName]))
}

/** The put that makes the number one more or one less, to stand in the same change as its reason. */
export async function administratorsPut(
  by: 1 | -1,
  ports: { readonly ledger: Ledger; readonly clock: Clock; readonly random: Randomness },
): Promise<Put> {
  const before = await ports.ledger.find('setting', 'name', [settingName])
  return {
    kind: 'setting',
    record: {
      id: before?.id ?? newId('setting', ports),
      version: (before?.version ?? 0) + 1,
      name: settingName,
      value: { active: countIn(before) + by },
      changedAt: ports.clock.now(),
    },
  }
}

function countIn(setting: Setting | undefined): number {
  const value = setting?.value
  return typeof value === 'object' && value !== null && 'active' in value ? Number(value.active) : 0
}
