// SPDX-License-Identifier: Apache-2.0
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { Setting } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'

/** What every verb about makers' authorities needs. */
export interface VendorPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

const settingName = 'vendor-roots'

/** How often the makers' authorities have changed: 0 where none was ever imported. */
export async function generationOf(ledger: Ledger): Promise<Setting | undefined> {
  return ledger.find('setting', 'name', [settingName])
}

/**
 * Counts one change more. Every change of a maker's authority puts this, so that of two at the same moment one is
 * refused, and every node sees with one read whether what it remembers still holds.
 */
export function nextGeneration(current: Setting | undefined, ports: VendorPorts): Put {
  const record: Setting = {
    id: current?.id ?? newId('setting', ports),
    version: (current?.version ?? 0) + 1,
    name: settingName,
    value: {},
    changedAt: ports.clock.now(),
  }
  return { kind: 'setting', record }
}
