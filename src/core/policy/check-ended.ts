// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { CertificateRecord } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'

/**
 * Whether trust in a certificate of ours has ended, is suspended, or was given to another; that it ran out by
 * itself is not judged here.
 *
 * One that was replaced is good for a while after the new one proved itself, so that a device can fall back.
 */
export function checkEnded(
  { state, revokedAt, retiresAt }: CertificateRecord,
  now: Temporal.Instant,
): Refused | undefined {
  if (state === 'held')
    return refuse('certificate-held', `it is suspended since ${revokedAt}, until it is released`)
  if (revokedAt !== null) return refuse('certificate-revoked', `it was revoked at ${revokedAt}`)
  const isOver = retiresAt === null || Temporal.Instant.compare(retiresAt, now) <= 0
  return state === 'retired' && isOver
    ? refuse('certificate-retired', 'it was replaced by a newer one of the same owner')
    : undefined
}
