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

export interface Administrators {
  readonly count: number
  /**
   * The put that makes the number one more or one less, to stand in the same change as its reason. It
   * replaces exactly what was read: a change decided on an older number meets a conflict.
   */
  put(by: 1 | -1, ports: { readonly clock: Clock; readonly random: Randomness }): Put
}

/** Reads how many there are; to be asked once a change, so that what was judged is what is replaced. */
export async function readAdministrators(ledger: Ledger): Promise<Administrators> {
  const before = await ledger.find('setting', 'name', [settingName])
  const count = countIn(before)
  return {
    count,
    put: (by, ports) => ({
      kind: 'setting',
      record: {
        id: before?.id ?? newId('setting', ports),
        version: (before?.version ?? 0) + 1,
        name: settingName,
        value: { active: count + by },
        changedAt: ports.clock.now(),
      },
    }),
  }
}

function countIn(setting: Setting | undefined): number {
  const value = setting?.value
  return typeof value === 'object' && value !== null && 'active' in value ? Number(value.active) : 0
}
