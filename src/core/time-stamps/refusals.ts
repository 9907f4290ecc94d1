// SPDX-License-Identifier: Apache-2.0
import type { Refused } from '#trust/refusal.ts'

/** Why there is no time-stamp. */
export type StampRefusal =
  | 'clock-ahead'
  | 'clock-behind'
  | 'rate-limited'
  | 'request-malformed'
  | 'stamp-digest-unknown'
  | 'stamp-extension-unknown'
  | 'stamp-policy-unknown'
  | 'stamper-missing'

export type StampRefused = Refused<StampRefusal>
