// SPDX-License-Identifier: Apache-2.0
/** The gate as others ask it: yes, or why not. */
import type { PublicKey } from '../public-key.ts'
import { type Refused, refuse } from '../refusal.ts'
import { checkKey } from './check-key.ts'
import type { KeyLists } from './key-lists.ts'

/**
 * Refuses a well-formed key whose private half is public or easily found; undefined: nothing found.
 *
 * @param lists undefined: only what the key itself shows counts
 */
export function refuseWeakKey(key: PublicKey, lists?: KeyLists): Refused | undefined {
  const [found] = checkKey(key, lists)
  return found && refuse('key-known-weak', found.detail)
}
