// SPDX-License-Identifier: Apache-2.0
/** The second half of a TPM's proof: the opened secret, and keys that the attestation key vouches for. */

import type { CertifyAnswer, CertifyRequest } from '#format/attestation/messages.ts'
import { sameBytes } from '#format/bytes.ts'
import { parsePublic, type TpmPublic } from '#format/tpm/structure/public.ts'
import { sameSecret, sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { verifyCertified } from '#trust/tpm/certified-key.ts'
import { attestationKeyOf } from '#trust/tpm/signed-attest.ts'
import { isVouchedFor, type SecondOwner } from '../devices/second-owner.ts'
import { Fault } from '../fault.ts'
import type { AttestationSession, Device, Key } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import {
  certifyAttestationKey,
  type Prepared,
  type ProvedAttestationKey,
  prepareAttestationKey,
} from './attestation-key.ts'
import { type About, deviceNow, noteRefused, tokenHash } from './begin.ts'
import { bookProof } from './book-proof.ts'
import type { Asked, AttestationDoor, AttestationPorts } from './ports.ts'
import { type Exchange, moduleOf, type Proof, type VouchedKey } from './proof.ts'
import { readPublicArea } from './read-keys.ts'
import { type Measured, measure } from './registers.ts'

export type Certified = { readonly kind: 'certified'; readonly answer: CertifyAnswer } | Refused

/**
 * Ends an exchange: believes the keys that the attestation key vouches for, and gives a ticket for each.
 *
 * Whatever comes of it the exchange is over, so that nothing can be tried twice. Every refusal is an event.
 */
export async function certifyKeys(
  request: CertifyRequest,
  asked: Asked,
  ports: AttestationPorts,
): Promise<Certified> {
  const about: About = { subjects: [], alarms: [] }
  const certified = await certify(request, asked, about, ports)
  if (certified.kind === 'refused') await noteRefused(certified, asked, about, ports)
  return certified
}

async function certify(
  request: CertifyRequest,
  asked: Asked,
  about: About,
  ports: AttestationPorts,
): Promise<Certified> {
  const session = await ports.ledger.find('attestationSession', 'token', [
    tokenHash(request.session),
  ])
  if (session === undefined) return unknown
  about.subjects = [session.device]
  const closed = await close(session, ports)
  if ('reason' in closed) return closed
  if (!sameSecret(sha256(request.secret), session.secretSha256))
    return refuse(
      'attestation-secret-wrong',
      'this is not the secret that was sealed for the TPM; begin anew',
    )
  const device = await deviceNow(session.device, ports)
  if ('reason' in device) return device
  const door = await doorOf(session, device, ports)
  if ('reason' in door) return door
  return believe({ request, asked, session: closed, device, door }, about, ports)
}

/** Told alike, so that nobody learns which of them it was. */
const unknown = refuse(
  'attestation-session-unknown',
  'no exchange is open under this session: it is over, expired, or never was; begin anew',
)

/** The one use of a session. Of two that come at once, on whichever nodes, one goes on. */
async function close(
  session: AttestationSession,
  { ledger, clock }: AttestationPorts,
): Promise<AttestationSession | Refused> {
  const isOver = Temporal.Instant.compare(session.expiresAt, clock.now()) <= 0
  if (session.state !== 'open' || isOver) return unknown
  const closed: AttestationSession = {
    ...session,
    ...{ version: session.version + 1, state: 'over', secretSha256: new Uint8Array() },
  }
  const put = { kind: 'attestationSession', record: closed } as const
  const committed = await ledger.commit({ puts: [put], events: [] })
  return committed.kind === 'committed' ? closed : unknown
}

/** The door that the exchange began at. */
async function doorOf(
  { entrance: id }: AttestationSession,
  device: Device,
  ports: AttestationPorts,
): Promise<AttestationDoor | Refused> {
  const entrance = await ports.ledger.read('entrance', id)
  if (entrance === undefined) throw new Fault('ledger-damaged', `entrance ${id} is not there`)
  return ports.doorOf(device.product, entrance.label)
}

async function believe(
  exchange: Exchange,
  about: About,
  ports: AttestationPorts,
): Promise<Certified> {
  const { session, device, door, request } = exchange
  const attestationKey = parsePublic(session.attestationKey)
  const keys = await verifyKeys(exchange, attestationKey)
  if ('reason' in keys) return keys
  const strange = await otherOwner(keys, device, ports)
  if (strange !== undefined) {
    // A TPM that no maker vouches for may certify whatever key it likes.
    const live = isVouchedFor(session.facts) ? 'challenge' : undefined
    about.second = shownBy(exchange, strange, live)
    return refuse('key-has-another-owner', 'this key cannot be certified; make a new one')
  }
  const { selection, nonce } = session
  const quoted = { quote: request.quote, selection, attestationKey, nonce, device }
  const measured = await measure(quoted, ports.ledger)
  if (measured.kind === 'refused') return measured
  const unmeasured = checkMeasured(measured, door)
  if (unmeasured !== undefined) return unmeasured
  const proved = provedKey(exchange, attestationKey)
  if ('reason' in proved) return proved
  const prepared = await prepareAttestationKey(proved, ports)
  if (prepared.kind === 'refused') {
    const key = await ports.ledger.find('key', 'fingerprint', [proved.publicKey.fingerprint])
    // It has signed our nonce itself.
    if (key !== undefined && key.owner !== device.id)
      about.second = shownBy(exchange, key, 'challenge')
    return prepared
  }
  return finish({ ...exchange, attestationKey, keys, measured }, proved, prepared, ports)
}

async function verifyKeys(
  { request, session }: Exchange,
  attestationKey: TpmPublic,
): Promise<readonly VouchedKey[] | Refused> {
  const vouched: VouchedKey[] = []
  for (const [index, claim] of request.keys.entries()) {
    const area = readPublicArea(claim.public, `keys[${index}].public`)
    if ('kind' in area) return area
    const verified = await verifyCertified({
      ...{ attest: claim.attest, signature: claim.signature, attestationKey },
      ...{ qualifyingData: session.nonce, certifiedPublic: area },
    })
    if (verified.kind === 'refused') return verified
    const { certified } = verified
    if (vouched.some((one) => sameBytes(one.certified.name, certified.name)))
      return refuse('attestation-malformed', `keys[${index}] stands twice`)
    vouched.push({ claim, certified })
  }
  return vouched
}

/** A key of somebody else is no key of this TPM's, whatever was signed; what enrolment would say is said here. */
async function otherOwner(
  keys: readonly VouchedKey[],
  device: Device,
  { ledger }: AttestationPorts,
): Promise<Key | undefined> {
  for (const { certified } of keys) {
    const known = await ledger.find('key', 'fingerprint', [certified.publicKey.fingerprint])
    if (known !== undefined && known.owner !== device.id) return known
  }
  return undefined
}

function shownBy({ device, asked }: Exchange, key: Key, live: SecondOwner['live']): SecondOwner {
  return { key, stranger: device.id, proof: 'tpm', live, source: asked.sourceAddress }
}

/** Where the profile requires a good platform, none of its keys is vouched for on another. */
function checkMeasured(
  { result, facts }: Measured,
  { profile }: AttestationDoor,
): Refused | undefined {
  if (profile.attestation?.quote !== 'required' || result === 'matched') return undefined
  if (result === 'none')
    return refuse('quote-missing', `profile ${profile.name} asks for a quote, and none was sent`)
  const why = facts.differs ?? 'this product has no reference values that it could be compared with'
  return refuse('quote-differs', why)
}

function provedKey(
  { session, device, door, asked }: Exchange,
  attestationKey: TpmPublic,
): ProvedAttestationKey | Refused {
  const fit = attestationKeyOf(attestationKey)
  if (fit.kind === 'refused') return fit
  const { publicKey } = fit
  const digest = session.certificateSha256
  const module = {
    module: moduleOf(session),
    ...(digest !== null && { moduleCertificate: digest.toHex() }),
  }
  return { publicKey, device, door, module, sourceAddress: asked.sourceAddress }
}

async function finish(
  proof: Proof,
  proved: ProvedAttestationKey,
  prepared: Exclude<Prepared, Refused>,
  ports: AttestationPorts,
): Promise<Certified> {
  const booked = await bookProof(proof, ports)
  if (booked.kind === 'refused') return booked
  const { device, measured } = proof
  await ports.tellPlatform({ device, measured })
  const akCertificate = await certifyAttestationKey(prepared, proved, ports)
  if ('reason' in akCertificate) return akCertificate
  const { result: quote } = measured
  return { kind: 'certified', answer: { akCertificate, results: booked.results, quote } }
}
