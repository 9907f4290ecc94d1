// SPDX-License-Identifier: Apache-2.0
import type { PublicKey } from '../public-key.ts'
import type { KeyWeakness } from './weaknesses.ts'

/** Lists of keys that are known to be weak, too long to stand in memory: they are looked up, never walked. */
export interface KeyLists {
  /** What the lists say of a key; empty: it stands in none. Synchronous, since the gate stands on every way in. */
  find(key: PublicKey): readonly KeyWeakness[]
  /**
   * Names what all lists consist of, in hex: another one whenever a list came, went or grew, so that keys which
   * passed before are looked up again.
   */
  readonly digest: string
}

/** Where no lists are: what is known of the key alone still counts. */
export const noLists: KeyLists = { find: () => [], digest: '' }
