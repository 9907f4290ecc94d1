// SPDX-License-Identifier: Apache-2.0
/** The journey of docs/journeys/issue-a-certificate.md, from a door's request to an outcome. */
import type { CertificationRequest } from '#format/x509/certification-request.ts'
import { type ProvedRequest, provePossession } from '#trust/possession.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { type Carried, takeUp } from '../authority/upstream/ask-upstream.ts'
import { keyConflict, type SecondOwner } from '../devices/second-owner.ts'
import type { Key } from '../ledger/tables.ts'
import { checkDevice } from '../policy/check-device.ts'
import type { Refused } from '../refusal.ts'
import { type Applicant, admit, checkCode, checkTicket } from './applicant.ts'
import { putOnList } from './approval/put-on-list.ts'
import { standingOf, waitsForPerson } from './approval/standing.ts'
import { bindAtFirstContact } from './by-element.ts'
import { certify } from './certify.ts'
import { checkChannel } from './channel.ts'
import type { EnrolmentPorts } from './enrolment-ports.ts'
import type { KeyConflict } from './identify.ts'
import { judge } from './judge.ts'
import { liveProofOf } from './live-proof.ts'
import { type Asking, occasionOf } from './occasion.ts'
import { readRequest } from './read.ts'
import { repeated, requestKeyOf } from './repetition.ts'
import type { EnrolmentRequest, Outcome } from './request.ts'
import { saidMaking } from './said-making.ts'

/** Gives a device its certificate, or says why not. Every refusal is an event. */
export async function enrol(request: EnrolmentRequest, ports: EnrolmentPorts): Promise<Outcome> {
  const about: About = { subjects: claimed(request) }
  const outcome = await enrolOrRefuse(request, about, ports)
  const {
    proved,
    subjects: [device],
  } = about
  // Whatever is issued is kept with its request.
  if (outcome.kind !== 'issued' && proved !== undefined && device !== undefined)
    ports.signatures.note(proved, device)
  if (outcome.kind === 'refused') {
    const { reason, detail } = outcome
    const { subjects } = about
    const alarms = about.second ? [keyConflict(about.second, ports.clock.now())] : []
    const { sourceAddress: source, requestId } = request
    await ports.refusals.note({ reason, detail, source, subjects, alarms, requestId })
    if (about.second !== undefined) await ports.secondOwners.tell(about.second)
  }
  return outcome
}

/** What the event of a refusal will tell besides its reason; it grows with what becomes known. */
interface About {
  subjects: readonly string[]
  /** Whose key was shown for somebody else. */
  second?: SecondOwner | undefined
  /** The request, once it has proved its possession. */
  proved?: CertificationRequest
}

/** A birth certificate of another PKI over a key that somebody has here: the connection proved the key. */
function bornWithKeyOf(
  { conflict }: KeyConflict | (Refused & { readonly conflict?: undefined }),
  { sourceAddress: source, proxy }: EnrolmentRequest,
): SecondOwner | undefined {
  if (conflict === undefined) return undefined
  const live = proxy === undefined ? 'connection' : undefined
  return { ...conflict, proof: 'birth-certificate', live, source }
}

function claimed({ credential }: EnrolmentRequest): readonly string[] {
  return credential.kind === 'code' ? [credential.user.slice(0, 64)] : []
}

async function enrolOrRefuse(
  request: EnrolmentRequest,
  about: About,
  ports: EnrolmentPorts,
): Promise<Outcome> {
  const read = readRequest(request.request)
  if (read.kind === 'refused') return read
  const applicant = await admit(read.request, request, ports)
  if (applicant.kind === 'refused') {
    about.second = bornWithKeyOf(applicant, request)
    return applicant
  }
  about.subjects = [applicant.device.id]
  const cutOff = checkDevice(applicant.device)
  if (cutOff !== undefined) return cutOff
  const door = ports.doors.for(applicant.device.product, request.label)
  if ('kind' in door) return door
  const unbound = checkChannel(read.request, request, applicant, door.profile)
  if (unbound !== undefined) return unbound
  const requestKey = requestKeyOf(applicant.credential, request)
  const before = await repeated(requestKey, ports)
  if (before.kind === 'under-way') return carriedOn(await takeUp(before.order, ports))
  if (before.kind !== 'new') return before
  const standing = await standingOf(requestKey, applicant, door, ports)
  if (standing.kind === 'settled') return standing.outcome
  const spent = checkCode(applicant, standing.record)
  if (spent !== undefined) return (await isGivenBack(applicant, ports)) ? comeAgain() : spent
  const asking = { request, applicant, door, requestKey, before, standing }
  return prove(read.request, asking, about, ports)
}

/** Whether a code that was read as used is good again: what it was spent for was abandoned meanwhile. */
async function isGivenBack(applicant: Applicant, { ledger }: EnrolmentPorts): Promise<boolean> {
  if (applicant.kind !== 'admitted' || applicant.code.usedAt === null) return false
  const now = await ledger.read('code', applicant.code.id)
  return now?.usedAt === null
}

function comeAgain(): Refused {
  return refuse('busy', 'something else happened to this device at the same moment; try again')
}

async function prove(
  pkcs10: CertificationRequest,
  asking: Asking,
  about: About,
  ports: EnrolmentPorts,
): Promise<Outcome> {
  const possession = await provePossession(pkcs10)
  if (possession.kind === 'refused') return possession
  const { proved } = possession
  about.proved = proved.request
  const { applicant, door, request, standing } = asking
  const { device, proof } = applicant
  const said = saidMaking(pkcs10)
  if (said.kind === 'refused') return said
  const strange = checkTicket(applicant, proved.publicKey)
  if (strange !== undefined) return strange
  const current = currentOf(applicant)
  const { operation } = request
  const asked = { device, proof, operation, current, door, mayRenew: mayRenewFor(applicant) }
  const judged = await judge(proved, asked, ports)
  const { verdict, key, host } = judged
  if (verdict.kind === 'refused') {
    if (key !== undefined) about.second = secondOwnerOf(key, proved.publicKey, pkcs10, asking)
    return verdict
  }
  const { replaces } = verdict.approved.terms
  const isRenewal = proof === 'current-certificate' || replaces !== undefined
  if (waitsForPerson(door.profile, isRenewal) && standing.kind !== 'approved')
    return putOnList(asking, ports)
  const strangeElement = await bindAtFirstContact(judged.unboundElement, device, ports)
  if (strangeElement !== undefined) return strangeElement
  const found = { ...judged, replaces, making: said.making }
  const occasion = occasionOf(asking, found, ports)
  const issued = await certify(verdict.approved, host, occasion, ports)
  return issued.kind === 'conflict' ? afterConflict(proved, asking, about, ports) : issued
}

function currentOf(applicant: Applicant) {
  if (applicant.kind !== 'identified' || applicant.record === undefined) return undefined
  return { record: applicant.record, certificate: applicant.certificate }
}

function mayRenewFor(applicant: Applicant): boolean {
  return applicant.kind === 'spoken-for' && applicant.registrar.renews === true
}

/** Who lost a race with an order comes again, and finds what became of it. */
function carriedOn(carried: Carried): Outcome {
  return carried.kind === 'conflict' ? comeAgain() : carried
}

/** Somebody booked first. If it was this very request, its answer serves both; else the reason is told. */
async function afterConflict(
  { publicKey, request: pkcs10 }: ProvedRequest,
  asking: Asking,
  about: About,
  ports: EnrolmentPorts,
): Promise<Outcome> {
  const again = await repeated(asking.requestKey, ports)
  if (again.kind === 'under-way') return carriedOn(await takeUp(again.order, ports))
  if (again.kind !== 'new') return again
  const key = await ports.ledger.find('key', 'fingerprint', [publicKey.fingerprint])
  if (key !== undefined && key.owner !== asking.applicant.device.id) {
    about.second = secondOwnerOf(key, publicKey, pkcs10, asking)
    return refuse('key-has-another-owner', 'this key cannot be certified; make a new one')
  }
  return comeAgain()
}

/** A key that belongs to somebody else; undefined: it is the applicant's own. */
function secondOwnerOf(
  key: Key,
  publicKey: PublicKey,
  pkcs10: CertificationRequest,
  { applicant, request }: Asking,
): SecondOwner | undefined {
  const { device, proof } = applicant
  if (key.owner === device.id) return undefined
  const ticket = applicant.kind === 'admitted' ? applicant.attestation : undefined
  const live =
    applicant.kind === 'spoken-for' ? undefined : liveProofOf(publicKey, pkcs10, request, ticket)
  return { key, stranger: device.id, proof, live, source: request.sourceAddress }
}
