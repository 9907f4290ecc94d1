// SPDX-License-Identifier: Apache-2.0
/** One person's approval that had to do: an exception with its own evidence, reviewed afterwards by others. */

import type { EmergencyStatement } from '#format/release/approval-statement.ts'
import { refuse } from '#trust/refusal.ts'
import type { AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { Approval, Emergency, Release } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { Demand } from './policy/rules.ts'
import type { ApprovalPorts } from './ports.ts'

/** The rule that is relaxed, as exceptions name it. */
export const approvedByOne = 'release-approved-by-one'

/** The emergency of a release as it is submitted now, whatever became of it. */
export async function openEmergency(
  release: Release,
  ledger: Ledger,
): Promise<Emergency | undefined> {
  const { items } = await ledger.list('emergency', {
    ...{ by: 'release', equal: [release.id], descending: true, limit: 10 },
  })
  const manifest = release.manifestSha256?.toHex()
  return items.find(
    ({ manifestSha256, state }) => state !== 'lapsed' && manifestSha256.toHex() === manifest,
  )
}

/** Emergencies that wait for a review at once; more are no emergencies. */
const mostOpen = 1_000

/**
 * Why a release may not go out on one approval again, if so: an earlier one of its product waits for a review that is
 * overdue. Else whoever is never reviewed would have found a way around everybody.
 */
export async function refuseUnreviewed(
  { product }: Release,
  { ledger, clock }: Pick<ApprovalPorts, 'clock' | 'ledger'>,
): Promise<Refused | undefined> {
  const { items } = await ledger.list('emergency', {
    ...{ by: 'state', equal: ['open'], limit: mostOpen },
  })
  for (const { release, reviewBy } of items) {
    if (Temporal.Instant.compare(reviewBy, clock.now()) > 0) continue
    if ((await ledger.read('release', release))?.product === product)
      return refuse(
        'emergency-not-allowed',
        `the emergency of ${release} was to be reviewed by ${reviewBy.toString({ smallestUnit: 'second' })}: review that one first, or withdraw it if it was never signed`,
      )
  }
  return undefined
}

export interface BegunEmergency {
  readonly kind: 'begun'
  readonly emergency: Emergency
  readonly puts: readonly Put[]
  readonly event: AuditEvent
}

/** What books an emergency, to stand in the commit of the approval that declares it. */
export function beginEmergency(
  release: Release,
  approval: Approval,
  said: EmergencyStatement,
  { emergency: allowed }: Demand,
  ports: ApprovalPorts,
): BegunEmergency | Refused {
  const now = approval.takenAt
  const until = Temporal.Instant.from(said.until)
  if (allowed === undefined)
    return refuse(
      'emergency-not-allowed',
      `the signing policy opens no way for emergencies to ${release.kind} releases in ${release.environment}`,
    )
  if (Temporal.Instant.compare(until, now) <= 0)
    return refuse(
      'emergency-not-allowed',
      `the emergency is to end at ${said.until}, which is over`,
    )
  if (Temporal.Instant.compare(until, now.add({ hours: allowed.longestHours })) > 0)
    return refuse(
      'emergency-not-allowed',
      `the emergency is to last until ${said.until}, at most ${allowed.longestHours} hours from now are allowed`,
    )
  const { incident, because } = said
  const exception = newId('exception', ports)
  const emergency: Emergency = {
    ...{ id: newId('emergency', ports), version: 1, release: release.id, approval: approval.id },
    ...{ manifestSha256: approval.manifestSha256, exception, incident, because, until },
    reviewBy: now.add({ hours: allowed.reviewHours }),
    ...{ state: 'open', beganAt: now, endedAt: null },
  }
  return {
    ...{ kind: 'begun', emergency },
    puts: [
      { kind: 'emergency', record: emergency },
      {
        kind: 'exception',
        record: {
          ...{ id: exception, version: 1, rule: approvedByOne, subject: release.id },
          ...{ grantedBy: approval.person, reason: `${incident}: ${because}`, until },
          createdAt: now,
        },
      },
    ],
    event: {
      ...{ type: 'emergency-release-declared', at: now },
      actor: { kind: 'person', id: approval.person },
      subjects: [release.id, emergency.id, exception],
      facts: { incident, because, until: until.toString(), reviewBy: `${emergency.reviewBy}` },
    },
  }
}

/** What ends an emergency once others have looked, to stand in the commit of the last review. */
export function endEmergency(
  before: Emergency,
  state: 'confirmed' | 'disputed' | 'lapsed',
  by: AuditEvent['actor'],
  at: Temporal.Instant,
): { readonly put: Put; readonly event: AuditEvent } {
  const record: Emergency = { ...before, version: before.version + 1, state, endedAt: at }
  return {
    put: { kind: 'emergency', record },
    event: {
      ...{ type: 'emergency-release-reviewed', at, actor: by },
      subjects: [before.release, before.id, before.exception],
      facts: { outcome: state, incident: before.incident },
    },
  }
}
