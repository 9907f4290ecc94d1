// SPDX-License-Identifier: Apache-2.0

import type { Applicant } from '#core/enrolment/applicant.ts'
import type { Door } from '#core/enrolment/doors.ts'
import type { EnrolmentPorts } from '#core/enrolment/enrolment-ports.ts'
import type { Outcome } from '#core/enrolment/request.ts'
import type { PendingRequest } from '#core/ledger/tables.ts'
import type { Profile } from '#core/policy/profile.ts'
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import { retryAfterSeconds } from './patience.ts'

/** How a request stands with the people who decide. */
export type Standing =
  /** It has its answer already, whatever that is. */
  | { readonly kind: 'settled'; readonly outcome: Outcome }
  /** A person said yes to these very bytes. */
  | { readonly kind: 'approved'; readonly record: PendingRequest }
  /** Nobody said anything that still holds; `record` is the row that it would take over. */
  | { readonly kind: 'open'; readonly record: PendingRequest | undefined }

/** Whether a person has to decide: on the next certificate of a device that has one, or on its first. */
export function waitsForPerson({ approval }: Profile, isRenewal: boolean): boolean {
  return approval?.operations.includes(isRenewal ? 'renew' : 'enrol') ?? false
}

/** The same of a request that is not judged yet: whether a TPM renews is known only then. */
function mayWait(profile: Profile, { proof }: Applicant): boolean {
  const asRenewal = proof === 'current-certificate' || proof === 'tpm'
  const asFirst = proof !== 'current-certificate'
  return (asRenewal && waitsForPerson(profile, true)) || (asFirst && waitsForPerson(profile, false))
}

/**
 * Looks how the same request, of the same credential, stands on the waiting list.
 *
 * A row is found by its unique key, so that all nodes see one. Where the profile asks for no person
 * and no code is held, nothing is read.
 */
export async function standingOf(
  requestKey: Uint8Array,
  applicant: Applicant,
  door: Door,
  ports: EnrolmentPorts,
): Promise<Standing> {
  const isHeld = applicant.kind === 'admitted' && applicant.code.heldFor !== null
  if (door.profile.approval === undefined && !isHeld) return { kind: 'open', record: undefined }
  const record = await ports.ledger.find('request', 'requestKey', [requestKey])
  return record === undefined ? { kind: 'open', record } : standing(record, applicant, door, ports)
}

async function standing(
  record: PendingRequest,
  applicant: Applicant,
  { profile }: Door,
  ports: EnrolmentPorts,
): Promise<Standing> {
  const isOver = Temporal.Instant.compare(record.expiresAt, ports.clock.now()) <= 0
  switch (record.state) {
    case 'refused':
      return { kind: 'settled', outcome: turnedDown(record) }
    case 'answered':
      return answered(record, profile, ports)
    case 'expired':
      return { kind: 'open', record }
    case 'waiting':
      // The profile may have changed its mind meanwhile; then policy alone decides, now.
      return isOver || !mayWait(profile, applicant)
        ? { kind: 'open', record }
        : { kind: 'settled', outcome: pending(record, ports) }
    case 'approved':
      return isOver || !isStillTrue(record, profile)
        ? { kind: 'open', record }
        : { kind: 'approved', record }
  }
}

/** What was approved is what the profile gave then; another version asks anew. */
function isStillTrue(record: PendingRequest, { name, version }: Profile): boolean {
  return record.profile === name && record.profileVersion === version
}

/**
 * Its certificate, for as long as it was not seen in use; so a lost answer is repeated, however late.
 * One whose signing was cut off never existed, and the approval still stands.
 */
async function answered(
  record: PendingRequest,
  profile: Profile,
  { ledger, clock }: EnrolmentPorts,
): Promise<Standing> {
  const certificate = record.certificate && (await ledger.read('certificate', record.certificate))
  if (!certificate) return { kind: 'open', record }
  if (certificate.state === 'abandoned' && isStillTrue(record, profile))
    return { kind: 'approved', record }
  const isGood =
    certificate.state === 'issued' &&
    certificate.usedAt === null &&
    Temporal.Instant.compare(certificate.notAfter, clock.now()) > 0
  const encoding = isGood ? await ledger.read('encoding', certificate.id) : undefined
  if (encoding === undefined) return { kind: 'open', record }
  const outcome = { kind: 'issued', id: certificate.id, certificate: encoding.der } as const
  return { kind: 'settled', outcome }
}

/** What a device hears whose request is on the list. */
export function pending(record: PendingRequest, ports: EnrolmentPorts): Outcome {
  return { kind: 'pending', retryAfterSeconds: retryAfterSeconds(record, ports) }
}

function turnedDown({ reason, decidedAt }: PendingRequest): Refused {
  const why = reason === null ? '' : `: ${reason}`
  return refuse('approval-refused', `turned down by a person at ${decidedAt}${why}`)
}
