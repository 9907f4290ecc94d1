// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { CertificateRecord } from '../ledger/tables.ts'
import { checkEnded } from '../policy/check-ended.ts'
import type { Refused } from '../refusal.ts'

/** Whether a certificate was handed out, and is believed still, by the ledger itself. */
export function checkInForce(
  record: CertificateRecord,
  now: Temporal.Instant,
): Refused | undefined {
  if (record.state === 'reserved')
    return refuse('certificate-unknown', 'its signing is under way, or was cut off')
  return checkEnded(record, now)
}
