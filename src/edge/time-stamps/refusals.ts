// SPDX-License-Identifier: Apache-2.0
import type { StampRefusal } from '#core/time-stamps/refusals.ts'
import type { StampFailure } from '#format/time-stamp/response.ts'

/**
 * What a client is told for each "no", beside the words.
 *
 * @see RFC 3161 section 2.4.2, PKIFailureInfo
 */
export const stampFailureFor = {
  'clock-ahead': 'timeNotAvailable',
  'clock-behind': 'timeNotAvailable',
  'rate-limited': 'systemFailure',
  'request-malformed': 'badDataFormat',
  'stamp-digest-unknown': 'badAlg',
  'stamp-extension-unknown': 'unacceptedExtension',
  'stamp-policy-unknown': 'unacceptedPolicy',
  'stamper-missing': 'systemFailure',
} as const satisfies Record<StampRefusal, StampFailure>
