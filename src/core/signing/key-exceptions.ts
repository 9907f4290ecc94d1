// SPDX-License-Identifier: Apache-2.0
import { keyAlgorithms } from '#trust/algorithms.ts'
import { refuse } from '#trust/refusal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ArtefactKey, Key } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { UsableKey } from './usable-keys.ts'

/** The least that a key of artefacts has, in bits, unless it is an exception with a reason. */
export const leastStrength = 128

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

/** Why a weak key signs nothing, if so: nobody said why it has to be, so nobody who reads what it signed is told. */
export async function refuseUnexcused(
  { id, name }: ArtefactKey,
  { algorithm }: Pick<Key, 'algorithm'>,
  ledger: Ledger,
): Promise<Refused | undefined> {
  const row = Object.entries(keyAlgorithms).find(([known]) => known === algorithm)?.[1]
  if (row === undefined || row.strength >= leastStrength) return undefined
  const { items } = await ledger.list('exception', {
    ...{ by: 'subject', equal: [id], limit: mostExceptions },
  })
  if (items.some(({ rule }) => rule === 'key-too-weak')) return undefined
  return refuse(
    'key-too-weak',
    `signing key ${name} is ${algorithm}, of ${row.strength} bits of strength, and no exception says why it has to be`,
  )
}
