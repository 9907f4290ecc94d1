// SPDX-License-Identifier: Apache-2.0
import type { Occasion } from '../authority/issue.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import type { Key } from '../ledger/tables.ts'
import type { Applicant } from './applicant.ts'
import type { Door } from './doors.ts'
import type { EnrolmentPorts } from './enrolment-ports.ts'
import { type Repeated, repetitionPut } from './repetition.ts'
import type { EnrolmentRequest } from './request.ts'

/** What is known of one request on its way. */
export interface Asking {
  readonly request: EnrolmentRequest
  readonly applicant: Applicant
  readonly door: Door
  readonly requestKey: Uint8Array
  readonly before: Repeated
}

/** What the ledger has to book together with the certificate. */
export function occasionOf(asking: Asking, key: Key | undefined, ports: EnrolmentPorts): Occasion {
  const { applicant, door, request } = asking
  const { device } = applicant
  const now = ports.clock.now()
  const operation = operationOf(asking, key)
  const firstTime = device.state === 'expected'
  const uses = applicant.proof !== 'current-certificate' && device.enrolmentsLeft > 0
  return {
    actor: { kind: 'device', id: device.id },
    key,
    keyFacts: { origin: 'device', protection: 'unknown', exportable: null },
    environment: ports.environment,
    enrolment: {
      protocol: request.protocol,
      operation,
      entrance: door.entrance.id,
      request: request.request,
      proof: applicant.proof,
      credential: applicant.credential,
      possession: 'signature',
      sourceAddress: request.sourceAddress,
    },
    reserveWith: (certificateId: string) => [
      repetitionPut(asking.requestKey, certificateId, asking.before, ports),
      // Written even if nothing in it changes but its version: two requests of one device are decided
      // one after the other, each on the record that the other left.
      {
        kind: 'device',
        record: {
          ...device,
          version: device.version + 1,
          state: firstTime ? 'provisioned' : device.state,
          enrolmentsLeft: device.enrolmentsLeft - (uses ? 1 : 0),
          seenAt: now,
          missedSince: null,
        },
      },
      ...(applicant.kind === 'admitted'
        ? ([
            {
              kind: 'code',
              record: {
                ...applicant.code,
                version: applicant.code.version + 1,
                usedAt: now,
                usedFor: certificateId,
              },
            },
          ] as const)
        : []),
      ...foreignKey(applicant, now, ports),
    ],
  }
}

/** The key of a foreign birth certificate becomes known with the first enrolment that it vouches for. */
function foreignKey(
  applicant: Applicant,
  now: Temporal.Instant,
  ports: EnrolmentPorts,
): readonly Put[] {
  if (applicant.kind === 'admitted' || applicant.newBirthKey === undefined) return []
  const { fingerprint, algorithm, bits, spki } = applicant.newBirthKey
  return [
    {
      kind: 'key',
      record: {
        ...{ id: newId('key', ports), version: 1, fingerprint, algorithm, bits, spki },
        ...{ origin: 'device', protection: 'unknown', attested: false, exportable: null },
        purpose: 'birth',
        environment: ports.environment,
        owner: applicant.device.id,
        state: 'active',
        moduleCertificate: null,
        activatedAt: now,
        deactivateAt: null,
      },
    },
  ]
}

function operationOf({ applicant }: Asking, key: Key | undefined) {
  if (applicant.proof === 'current-certificate') {
    const same = applicant.kind === 'identified' && applicant.record?.key === key?.id
    return same ? 'renew' : 'rekey'
  }
  return applicant.device.state === 'expected' ? 'enrol' : 'recover'
}
