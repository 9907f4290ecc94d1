// SPDX-License-Identifier: Apache-2.0
/** The journey of docs/journeys/issue-a-certificate.md, from a door's request to an outcome. */
import type { CertificationRequest } from '#format/x509/certification-request.ts'
import { sha256 } from '#trust/digest.ts'
import { provePossession } from '#trust/possession.ts'
import { refuse } from '#trust/refusal.ts'
import { issue } from '../authority/issue.ts'
import type { Device, Key } from '../ledger/tables.ts'
import { decide } from '../policy/decide.ts'
import { type Applicant, admit, checkCode } from './applicant.ts'
import type { Door } from './doors.ts'
import type { EnrolmentPorts } from './enrolment-ports.ts'
import { type Asking, occasionOf } from './occasion.ts'
import { readRequest } from './read.ts'
import { repeated, requestKeyOf } from './repetition.ts'
import type { EnrolmentRequest, Outcome } from './request.ts'

/** Gives a device its certificate, or says why not. Every refusal is an event. */
export async function enrol(request: EnrolmentRequest, ports: EnrolmentPorts): Promise<Outcome> {
  const outcome = await enrolOrRefuse(request, ports)
  if (outcome.kind === 'refused') {
    await ports.refusals.note({
      reason: outcome.reason,
      detail: outcome.detail,
      source: request.sourceAddress,
      subjects: request.credential.kind === 'code' ? [request.credential.user.slice(0, 64)] : [],
    })
  }
  return outcome
}

async function enrolOrRefuse(request: EnrolmentRequest, ports: EnrolmentPorts): Promise<Outcome> {
  const read = readRequest(request.request)
  if (read.kind === 'refused') return read
  const applicant = await admit(request, ports)
  if (applicant.kind === 'refused') return applicant
  const door = ports.doors.for(applicant.device.product, request.label)
  if ('kind' in door) return door
  const requestSha256 = sha256(request.request)
  const requestKey = requestKeyOf(applicant.credential, request, requestSha256)
  const before = await repeated(requestKey, ports)
  if (before.kind === 'issued') return before
  const spent = checkCode(applicant)
  if (spent !== undefined) return spent
  return prove(read.request, { request, applicant, door, requestSha256, requestKey, before }, ports)
}

async function prove(
  pkcs10: CertificationRequest,
  asking: Asking,
  ports: EnrolmentPorts,
): Promise<Outcome> {
  const possession = await provePossession(pkcs10)
  if (possession.kind === 'refused') return possession
  const { proved } = possession
  const { applicant, door, request } = asking
  const key = await ports.ledger.find('key', 'fingerprint', [proved.publicKey.fingerprint])
  const verdict = decide({
    operation: request.operation,
    proof: applicant.proof,
    device: applicant.device,
    profile: door.profile,
    facts: factsOf(door, applicant.device),
    proved,
    key,
    current: currentOf(applicant),
    identitiesHeld: applicant.proof === 'code' ? 0 : await identitiesHeld(asking, ports),
    now: ports.clock.now(),
    environment: door.issuer.authority.environment,
  })
  if (verdict.kind === 'refused') {
    if (verdict.reason === 'key-has-another-owner' && key !== undefined)
      await alarm(key, asking, ports)
    return verdict
  }
  const issued = await issue(
    verdict.approved,
    { kind: 'issuer', issuer: door.issuer },
    occasionOf(asking, key, ports),
    ports,
  )
  return issued.kind === 'conflict' ? afterConflict(issued, asking, ports) : issued
}

/** What templates may speak of: facts of the ledger, never of the request. */
function factsOf(door: Door, device: Device) {
  return {
    maker: door.party.name,
    product: door.product.name,
    serial: device.serial,
    ...(device.hardwareRevision !== null && { hardwareRevision: device.hardwareRevision }),
    ...(device.lot !== null && { lot: device.lot }),
  }
}

function currentOf(applicant: Applicant) {
  if (applicant.kind === 'admitted' || applicant.record === undefined) return undefined
  return { record: applicant.record, certificate: applicant.certificate }
}

/**
 * How many identities of the door's kind the device could use: the newest that it proved, and all that
 * came after. Those before it are superseded and do not count.
 */
async function identitiesHeld({ applicant, door }: Asking, ports: EnrolmentPorts): Promise<number> {
  const now = ports.clock.now()
  const { items } = await ports.ledger.list('certificate', {
    by: 'owner',
    equal: [applicant.device.id],
    descending: true,
    limit: 100,
  })
  const usable = items.filter(
    (one) =>
      one.kind === door.profile.kind &&
      one.state === 'issued' &&
      Temporal.Instant.compare(one.notAfter, now) > 0,
  )
  const proved = usable.findIndex((one) => one.usedAt !== null)
  return proved === -1 ? usable.length : proved + 1
}

/** Somebody booked first. If it was this very request, its answer serves both; else the reason is told. */
async function afterConflict(
  conflict: { readonly record: string; readonly rule: string },
  asking: Asking,
  ports: EnrolmentPorts,
): Promise<Outcome> {
  const now = await repeated(asking.requestKey, ports, { waitForSigning: true })
  if (now.kind === 'issued') return now
  if (conflict.record === 'key') {
    return refuse('key-has-another-owner', 'this key cannot be certified; make a new one')
  }
  if (conflict.record === 'code') {
    return refuse('code-used', 'this enrolment code was used already; ask the operator for another')
  }
  return refuse('busy', 'another request of this device is being answered; try again')
}

async function alarm(key: Key, { applicant, request }: Asking, ports: EnrolmentPorts) {
  await ports.ledger.commit({
    puts: [],
    events: [
      {
        type: 'key-conflict',
        at: ports.clock.now(),
        actor: { kind: 'device', id: applicant.device.id },
        subjects: [key.id, key.owner, applicant.device.id],
        facts: { source: request.sourceAddress, proof: applicant.proof },
      },
    ],
  })
}
