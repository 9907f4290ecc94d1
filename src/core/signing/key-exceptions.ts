// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { UsableKey } from './usable-keys.ts'

/** More than a key was ever let off from. */
const mostExceptions = 100

/**
 * What keys were let off from when they were made, and why: `boot: key-too-weak, the boot ROM knows no other`. It is
 * told with whatever they sign, so that nobody who reads the story of a release has to know its keys.
 */
export async function exceptionsOf(
  keys: readonly UsableKey[],
  ledger: Ledger,
): Promise<readonly string[]> {
  const told: string[] = []
  for (const { key } of keys) {
    const { items } = await ledger.list('exception', {
      ...{ by: 'subject', equal: [key.id], limit: mostExceptions },
    })
    told.push(...items.map(({ rule, reason }) => `${key.name}: ${rule}, ${reason}`))
  }
  return told
}
