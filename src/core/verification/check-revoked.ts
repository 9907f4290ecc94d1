// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { CertificateRecord } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'

/** Whether a certificate was ended, by the ledger itself: revoked, on hold, abandoned, or replaced for long enough. */
export function checkRevoked(
  { state, revokedAt, retiresAt }: CertificateRecord,
  now: Temporal.Instant,
): Refused | undefined {
  if (state === 'held')
    return refuse('certificate-held', `it is suspended since ${revokedAt}, until it is released`)
  if (revokedAt !== null) return refuse('certificate-revoked', `it was revoked at ${revokedAt}`)
  if (state === 'reserved')
    return refuse('certificate-unknown', 'its signing is under way, or was cut off')
  const isOver = retiresAt === null || Temporal.Instant.compare(retiresAt, now) <= 0
  return state === 'retired' && isOver
    ? refuse('certificate-retired', 'it was replaced by a newer one of the same device')
    : undefined
}
