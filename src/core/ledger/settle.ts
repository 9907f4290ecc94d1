// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'
import type { Change, Ledger } from './ledger.ts'

/**
 * Commits a change for somebody who can look again and repeat.
 *
 * @returns nothing once the change is durable; else what stood against it, and nothing is written
 */
export async function settle(change: Change, ledger: Ledger): Promise<Refused | undefined> {
  const committed = await ledger.commit(change)
  if (committed.kind === 'committed') return undefined
  const { record, rule } = committed
  return rule === 'version'
    ? refuse(
        'conflict',
        `this ${record} was changed by somebody else at the same moment; look again`,
      )
    : refuse('exists-already', `another ${record} holds this ${rule}`)
}
