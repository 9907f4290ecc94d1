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

/**
 * Whether it certifies signers of artefacts alone. No device is told of it, and nobody else is certified by it: a
 * birth identity says no purpose, and RAUC as delivered takes a signer that says none under a root that it believes.
 */
export function isForSigners({ origin }: Pick<Authority, 'origin'>): boolean {
  return origin === 'signers'
}
