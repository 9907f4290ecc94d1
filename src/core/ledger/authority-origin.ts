// SPDX-License-Identifier: Apache-2.0
import type { Authority } from './tables.ts'

/**
 * Whether the key of an authority was ever on a server of ours: once it was, copies of it may be, whatever
 * was taken away since.
 *
 * Records of before the column say it by naming a key.
 */
export function keyWasHere({ key, keyEverHere }: Pick<Authority, 'key' | 'keyEverHere'>): boolean {
  return keyEverHere === true || key !== null
}

/** Whether an authority works for this house as one that was made here: one that was adopted does not. */
export function isOfThisHouse({ origin }: Pick<Authority, 'origin'>): boolean {
  return origin !== 'adopted'
}
