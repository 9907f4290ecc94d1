// SPDX-License-Identifier: Apache-2.0
import type { CertificateRecord } from '../ledger/tables.ts'
import type { Profile } from '../policy/profile.ts'
import type { EnrolmentPorts } from './enrolment-ports.ts'

const pageSize = 100

/**
 * How many identities of a profile's kind a device could use: the newest that it proved, and all that
 * came after, one that is being signed included. Those before are superseded and do not count.
 *
 * @returns the number; no more than the profile allows is ever counted
 */
export async function identitiesHeld(
  device: string,
  { kind, identitiesAtMost }: Profile,
  { ledger, clock }: Pick<EnrolmentPorts, 'ledger' | 'clock'>,
): Promise<number> {
  const now = clock.now()
  let held = 0
  let after: string | null | undefined
  do {
    const page = await ledger.list('certificate', {
      ...{ by: 'owner', equal: [device], descending: true, limit: pageSize },
      ...(after && { after }),
    })
    for (const one of page.items) {
      if (one.kind !== kind || !isUsable(one, now)) continue
      held++
      if (one.usedAt !== null || held >= identitiesAtMost) return held
    }
    after = page.next
  } while (after !== null)
  return held
}

function isUsable({ state, notAfter }: CertificateRecord, now: Temporal.Instant): boolean {
  const isGood = state === 'issued' || state === 'reserved'
  return isGood && Temporal.Instant.compare(notAfter, now) > 0
}
