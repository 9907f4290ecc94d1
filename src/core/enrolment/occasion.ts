// SPDX-License-Identifier: Apache-2.0
import type { Occasion } from '../authority/issue.ts'
import type { SaidMaking } from '../authority/key-making.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import type { Attestation, CertificateRecord, Key, PendingRequest } from '../ledger/tables.ts'
import type { Applicant } from './applicant.ts'
import type { Standing } from './approval/standing.ts'
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
  /** How it stands with the people who decide; `settled` never comes so far. */
  readonly standing: Exclude<Standing, { kind: 'settled' }>
}

/** What was found of the key, and of what it follows. */
export interface Found {
  readonly key: Key | undefined
  readonly attestation: Attestation | undefined
  readonly replaces: CertificateRecord | undefined
  /** What the request says of how its key was made. */
  readonly making?: SaidMaking | undefined
}

/** What the ledger has to book together with the certificate. */
export function occasionOf(asking: Asking, found: Found, ports: EnrolmentPorts): Occasion {
  const { applicant, door, request } = asking
  const { device } = applicant
  const now = ports.clock.now()
  const { key } = found
  const operation = operationOf(asking, found)
  const firstTime = device.state === 'expected'
  const uses = applicant.proof !== 'current-certificate' && device.enrolmentsLeft > 0
  return {
    actor: { kind: 'device', id: device.id },
    key,
    keyFacts: keyFactsOf(found),
    making: found.making,
    environment: ports.environment,
    enrolment: {
      protocol: request.protocol,
      operation,
      entrance: door.entrance.id,
      request: request.request,
      proof: applicant.proof,
      credential: applicant.credential,
      // Behind a proxy that ends TLS the credential's key was proved to that, by the channel.
      possession: request.proxy === undefined ? 'signature' : 'channel',
      sourceAddress: request.sourceAddress,
      approval: asking.standing.kind === 'approved' ? asking.standing.record.id : null,
      registrar: applicant.kind === 'spoken-for' ? applicant.registrar.id : null,
      proxy: request.proxy?.id ?? null,
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
          // Until it proves this one it may hang under what it had before.
          under:
            device.under ?? (door.profile.kind === 'working' ? door.issuer.authority.id : null),
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
                heldFor: null,
              },
            },
          ] as const)
        : []),
      ...answeredRequest(asking.standing.record, certificateId),
      ...foreignKey(applicant, now, ports),
    ],
  }
}

/**
 * A request of the list is answered in the commit that books its certificate: of two that fetch it at
 * once, on whichever nodes, one books.
 */
function answeredRequest(record: PendingRequest | undefined, certificate: string): readonly Put[] {
  if (record === undefined || record.state === 'expired') return []
  return [
    {
      kind: 'request',
      record: { ...record, version: record.version + 1, state: 'answered', certificate },
    },
  ]
}

/** The key of a foreign birth certificate becomes known with the first enrolment that it vouches for. */
function foreignKey(
  applicant: Applicant,
  now: Temporal.Instant,
  ports: EnrolmentPorts,
): readonly Put[] {
  if (applicant.kind !== 'identified' || applicant.newBirthKey === undefined) return []
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
        custody: null,
        activatedAt: now,
        deactivateAt: null,
      },
    },
  ]
}

/** What is known of a new key: nothing, unless its hardware proved where it lives. */
function keyFactsOf({ attestation }: Found): Occasion['keyFacts'] {
  return attestation === undefined
    ? { origin: 'device', protection: 'unknown', exportable: null }
    : { origin: 'device', protection: attestation.form, exportable: false, attested: true }
}

function operationOf({ applicant }: Asking, { key, replaces }: Found) {
  if (applicant.proof === 'current-certificate') {
    const same = applicant.kind === 'identified' && applicant.record?.key === key?.id
    return same ? 'renew' : 'rekey'
  }
  if (replaces !== undefined) return replaces.key === key?.id ? 'renew' : 'rekey'
  return applicant.device.state === 'expected' ? 'enrol' : 'recover'
}
