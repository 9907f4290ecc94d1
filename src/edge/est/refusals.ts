// SPDX-License-Identifier: Apache-2.0
import type { Refusal } from '#core/refusal.ts'

type Status = 400 | 401 | 403 | 404 | 413 | 415 | 429 | 501 | 503

/**
 * RFC 7030 section 4.2.3 asks for some 4xx or 5xx; which one, stands here.
 *
 * 401 (RFC 9110 section 15.5.2): another enrolment code may help. 403: no other code will. 400: the
 * request must change. 429 and 503: nothing but time must pass.
 */
export const statuses = {
  'attribute-beyond-profile': 400,
  busy: 503,
  'certificate-expired': 403,
  'certificate-not-trusted': 403,
  'certificate-not-yet-valid': 403,
  'certificate-retired': 403,
  'certificate-revoked': 403,
  'certificate-unknown': 403,
  'certificate-wrong-purpose': 403,
  'claim-wrong': 403,
  'claimed-already': 403,
  'clock-behind': 503,
  'code-expired': 401,
  'code-used': 401,
  'code-wrong': 401,
  conflict: 503,
  'credential-missing': 401,
  'device-already-enrolled': 403,
  'device-quarantined': 403,
  'device-retired': 403,
  'device-unknown': 403,
  'entrance-unknown': 404,
  'entrance-wrong': 403,
  'exists-already': 400,
  'input-wrong': 400,
  'issuing-stopped': 503,
  'key-algorithm-not-admitted': 400,
  'key-algorithm-unknown': 400,
  'key-has-another-owner': 403,
  'key-known-weak': 400,
  'key-malformed': 400,
  'key-retired': 403,
  'key-too-old': 400,
  'key-too-weak': 400,
  'last-administrator': 403,
  'lint-failed': 400,
  'media-type-wrong': 415,
  'name-not-permitted': 403,
  'not-found': 404,
  'not-implemented': 501,
  'not-permitted': 403,
  'operation-unknown': 404,
  'origin-wrong': 403,
  'passphrase-too-weak': 400,
  'path-budget-spent': 403,
  'path-too-long': 403,
  'possession-not-proved': 400,
  'profile-wrong': 400,
  'proof-not-admitted': 403,
  'rate-limited': 429,
  'renewal-after-expiry': 403,
  'renewal-too-early': 403,
  'request-malformed': 400,
  'request-too-large': 413,
  'sign-in-wrong': 403,
  'signature-algorithm-unknown': 400,
  'signature-wrong': 403,
  'store-full': 503,
  'subject-alternative-name-beyond-profile': 400,
  'subject-beyond-profile': 400,
  'subject-differs': 400,
  'too-many-identities': 403,
  'version-differs': 503,
} as const satisfies Record<Refusal, Status>

/** How long to wait, in seconds, where waiting may help; RFC 9110 section 10.2.3. */
export const retryAfterSeconds: Partial<Record<Refusal, number>> = {
  busy: 2,
  'clock-behind': 60,
  conflict: 2,
  'issuing-stopped': 3600,
  'rate-limited': 60,
  'store-full': 60,
  'version-differs': 2,
}
