// SPDX-License-Identifier: Apache-2.0

import type { EnrolmentPorts } from '#core/enrolment/enrolment-ports.ts'
import type { Asking } from '#core/enrolment/occasion.ts'
import type { Outcome } from '#core/enrolment/request.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import type { PendingRequest } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { pending } from './standing.ts'

/**
 * Puts a request, which policy found good, on the list of those that wait for a person.
 *
 * A code that came with it is held: good for this very request only, for as long as that waits. Of two
 * posts at once one makes the row, whichever node they reach; the other finds it.
 */
export async function putOnList(asking: Asking, ports: EnrolmentPorts): Promise<Outcome> {
  const { device } = asking.applicant
  const full = await checkRoom(device.id, ports)
  if (full !== undefined) return full
  const record = recordOf(asking, ports)
  const committed = await ports.ledger.commit({
    puts: [
      { kind: 'request', record },
      // Two requests of one device are counted one after the other.
      { kind: 'device', record: { ...device, version: device.version + 1 } },
      ...held(asking, record),
    ],
    events: [
      {
        type: 'request-waiting',
        at: record.askedAt,
        actor: { kind: 'device', id: device.id },
        subjects: [record.id, device.id],
        facts: {
          requestSha256: record.requestSha256.toHex(),
          proof: record.proof,
          profile: `${record.profile} ${record.profileVersion}`,
          source: record.sourceAddress,
          until: record.expiresAt.toString(),
        },
      },
    ],
  })
  if (committed.kind === 'committed') return pending(record, ports)
  const other = await ports.ledger.find('request', 'requestKey', [record.requestKey])
  return other?.state === 'waiting'
    ? pending(other, ports)
    : refuse('busy', 'something else happened to this device at the same moment; try again')
}

async function checkRoom(
  device: string,
  { ledger, waiting }: EnrolmentPorts,
): Promise<Refused | undefined> {
  const its = await ledger.count('request', { by: 'device', equal: [device, 'waiting'] })
  if (its >= waiting.mostOfOneDevice)
    return refuse('waiting-list-full', `${its} requests of this device wait for a person already`)
  const all = await ledger.count('request', { by: 'state', equal: ['waiting'] })
  return all >= waiting.mostInAll
    ? refuse('waiting-list-full', `${all} requests wait for a person; come back later`)
    : undefined
}

/** A row that is over is taken over, so that one wish has one row. */
function recordOf(asking: Asking, ports: EnrolmentPorts): PendingRequest {
  const { applicant, door, request, requestKey, standing } = asking
  const before = standing.record
  const askedAt = ports.clock.now()
  return {
    id: before?.id ?? newId('request', ports),
    version: (before?.version ?? 0) + 1,
    requestKey,
    state: 'waiting',
    device: applicant.device.id,
    product: door.product.id,
    entrance: door.entrance.id,
    operation: request.operation,
    request: request.request,
    requestSha256: sha256(request.request),
    proof: applicant.proof,
    credential: applicant.credential,
    registrar: applicant.kind === 'spoken-for' ? applicant.registrar.id : null,
    proxy: request.proxy?.id ?? null,
    sourceAddress: request.sourceAddress,
    profile: door.profile.name,
    profileVersion: door.profile.version,
    askedAt,
    expiresAt: door.profile.approval ? askedAt.add(door.profile.approval.span) : askedAt,
    codeExpiresAt: applicant.kind === 'admitted' ? codeEnd(asking) : null,
    ...{ decidedAt: null, decidedBy: null, reason: null, certificate: null },
  }
}

/** A code that is held already keeps the end that it was made with. */
function codeEnd({ applicant, standing: { record } }: Asking): Temporal.Instant | null {
  if (applicant.kind !== 'admitted') return null
  const isHeldAlready = record !== undefined && applicant.code.heldFor === record.id
  return isHeldAlready ? record.codeExpiresAt : applicant.code.expiresAt
}

function held({ applicant }: Asking, { id, expiresAt }: PendingRequest): readonly Put[] {
  if (applicant.kind !== 'admitted') return []
  const { code } = applicant
  return [{ kind: 'code', record: { ...code, version: code.version + 1, heldFor: id, expiresAt } }]
}
