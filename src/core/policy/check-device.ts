// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Device } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'

/** Whether a device is cut off: then it gets nothing, whatever it proves. */
export function checkDevice({ state, serial }: Device): Refused | undefined {
  if (state === 'retired') return refuse('device-retired', `device ${serial} was retired`)
  if (state === 'quarantined') {
    return refuse('device-quarantined', `device ${serial} is in quarantine`)
  }
  return undefined
}
