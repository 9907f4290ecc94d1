// SPDX-License-Identifier: Apache-2.0
import type { Refused, TrustRefusal } from '../refusal.ts'

/**
 * How much each failure tells whoever has to mend it: of several paths that fail, the most telling one is reported.
 * A wrong signature is often but a stranger of the same name; an expired certificate had all else right.
 */
const telling = {
  'key-algorithm-unknown': 1,
  'key-known-weak': 1,
  'key-malformed': 1,
  'key-too-weak': 1,
  'possession-not-proved': 0,
  'signature-algorithm-unknown': 1,
  'signature-wrong': 0,
  'path-too-long': 2,
  'certificate-not-trusted': 3,
  'name-not-permitted': 4,
  'certificate-wrong-purpose': 5,
  'certificate-not-yet-valid': 6,
  'certificate-expired': 7,
  'path-budget-spent': 8,
} as const satisfies Record<TrustRefusal, number>

/** The more telling of two failures; the earlier one if they tell the same. */
export function moreTelling(earlier: Refused | undefined, later: Refused): Refused {
  if (earlier === undefined) return later
  return telling[later.reason] > telling[earlier.reason] ? later : earlier
}
