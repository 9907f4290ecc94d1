// SPDX-License-Identifier: Apache-2.0
import type { CertificateRecord } from '../ledger/tables.ts'
import { mostLately } from '../policy/decide.ts'
import type { Profile } from '../policy/profile.ts'
import type { EnrolmentPorts } from './enrolment-ports.ts'

const pageSize = 100

/** Certificates are counted as lately made for so long. */
const latelyHours = 24

/**
 * How many identities of a profile's kind a device could use: the newest that it proved, and all that
 * came after, one that is being signed included. Those before are superseded and do not count, and each
 * chain counts for itself: with a twin, a device holds an identity of either.
 *
 * @param isOfChain whether the authority of this id is of the chain that would issue
 * @returns the number; no more than the profile allows is ever counted
 */
export async function identitiesHeld(
  device: string,
  { kind, identitiesAtMost }: Profile,
  isOfChain: (authority: string) => boolean,
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
      if (one.kind !== kind || !isUsable(one, now) || !isOfChain(one.authority)) continue
      held++
      if (one.usedAt !== null || held >= identitiesAtMost) return held
    }
    after = page.next
  } while (after !== null)
  return held
}

/**
 * How many certificates a device was given in the last 24 hours, whatever became of them.
 *
 * @returns the number; no more than `mostLately` is ever counted
 */
export async function identitiesLately(
  device: string,
  { ledger, clock }: Pick<EnrolmentPorts, 'ledger' | 'clock'>,
): Promise<number> {
  const since = clock.now().subtract({ hours: latelyHours })
  // By id, which is by time of making: the newest are enough to tell.
  const newest = await ledger.list('certificate', {
    ...{ by: 'owner', equal: [device], descending: true, limit: mostLately },
  })
  return newest.items.filter(({ reservedAt }) => Temporal.Instant.compare(reservedAt, since) > 0)
    .length
}

function isUsable({ state, notAfter }: CertificateRecord, now: Temporal.Instant): boolean {
  // One that is suspended may be believed again, and then there would be one too many.
  const isGood = state === 'issued' || state === 'reserved' || state === 'held'
  return isGood && Temporal.Instant.compare(notAfter, now) > 0
}
