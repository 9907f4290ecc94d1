// SPDX-License-Identifier: Apache-2.0
import { type Refused as RefusedFor, trustRefusals } from '#trust/refusal.ts'

/**
 * Every "no" of the house, sorted. A protocol answers each of them by one table
 * (`satisfies Record<Refusal, …>`), and `docs/words.md` explains each to a person.
 */
export const refusals = [
  ...trustRefusals,
  'attribute-beyond-profile',
  'busy',
  'certificate-retired',
  'certificate-revoked',
  'certificate-unknown',
  'claim-wrong',
  'claimed-already',
  'clock-behind',
  'code-expired',
  'code-used',
  'code-wrong',
  'conflict',
  'credential-missing',
  'device-already-enrolled',
  'device-quarantined',
  'device-retired',
  'device-unknown',
  'entrance-unknown',
  'entrance-wrong',
  'exists-already',
  'input-wrong',
  'issuing-stopped',
  'key-algorithm-not-admitted',
  'key-has-another-owner',
  'key-retired',
  'key-too-old',
  'last-administrator',
  'lint-failed',
  'media-type-wrong',
  'not-found',
  'not-implemented',
  'not-permitted',
  'operation-unknown',
  'origin-wrong',
  'passphrase-too-weak',
  'profile-wrong',
  'proof-not-admitted',
  'rate-limited',
  'renewal-after-expiry',
  'renewal-too-early',
  'request-malformed',
  'request-too-large',
  'sign-in-wrong',
  'store-full',
  'subject-alternative-name-beyond-profile',
  'subject-beyond-profile',
  'subject-differs',
  'too-many-identities',
  'version-differs',
] as const

export type Refusal = (typeof refusals)[number]
export type Refused = RefusedFor<Refusal>
