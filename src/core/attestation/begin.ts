// SPDX-License-Identifier: Apache-2.0
/** The first half of a TPM's proof: a secret that only the expected TPM, with this attestation key in it, can open. */
import type { BeginAnswer, BeginRequest } from '#format/attestation/messages.ts'
import { encodePublic } from '#format/tpm/structure/public.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { makeCredential } from '#trust/tpm/make-credential.ts'
import { nameOf } from '#trust/tpm/name.ts'
import { attestationKeyOf } from '#trust/tpm/signed-attest.ts'
import type { AuditEvent } from '../audit/event.ts'
import { keyConflict, type SecondOwner } from '../devices/second-owner.ts'
import { newId } from '../ledger/ids.ts'
import type { AttestationSession, Device } from '../ledger/tables.ts'
import { checkDevice } from '../policy/check-device.ts'
import type { Refused } from '../refusal.ts'
import { type Expectation, expectTpm } from './expect.ts'
import type { Asked, AttestationDoor, AttestationPorts } from './ports.ts'
import { readTpmKey, type TpmKey } from './read-keys.ts'
import { askedRegisters, wordsOfAsked } from './registers.ts'

/** A TPM answers within seconds; a device that lost its network begins anew. */
export const sessionSpan = Temporal.Duration.from({ minutes: 5 })

const secretBytes = 32

/** What the event of a refusal will tell besides its reason; it grows with what becomes known. */
export interface About {
  subjects: readonly string[]
  alarms: readonly AuditEvent[]
  /** Whose key a TPM proved for somebody else. */
  second?: SecondOwner
}

export type Begun = { readonly kind: 'begun'; readonly answer: BeginAnswer } | Refused

/** Begins an exchange with the TPM that is expected of a device, or says why not. Every refusal is an event. */
export async function beginAttestation(
  request: BeginRequest,
  asked: Asked,
  ports: AttestationPorts,
): Promise<Begun> {
  const about: About = { subjects: [request.serial], alarms: [] }
  const begun = await begin(request, asked, about, ports)
  if (begun.kind === 'refused') await noteRefused(begun, asked, about, ports)
  return begun
}

export async function noteRefused(
  { reason, detail }: Refused,
  { sourceAddress: source, requestId }: Asked,
  { subjects, alarms, second }: About,
  { refusals, secondOwners, clock }: AttestationPorts,
): Promise<void> {
  const conflict = second === undefined ? [] : [keyConflict(second, clock.now())]
  const told = [...alarms, ...conflict]
  await refusals.note({ reason, detail, source, subjects, alarms: told, requestId })
  if (second !== undefined) await secondOwners.tell(second)
}

async function begin(
  request: BeginRequest,
  asked: Asked,
  about: About,
  ports: AttestationPorts,
): Promise<Begun> {
  const now = ports.clock.now()
  const hurried = ports.pace.takeAddress(asked.sourceAddress, now)
  if (hurried !== undefined) return hurried
  const keys = readKeys(request)
  if (keys.kind === 'refused') return keys
  const expectation = await expectTpm(
    {
      ...{ ...asked, serial: request.serial, label: request.label, code: request.code },
      endorsementKey: keys.endorsement.publicKey,
      certificates: request.ekCertificates,
    },
    ports,
  )
  if (expectation.kind === 'not-expected') {
    if (expectation.device !== undefined) about.subjects = [expectation.device.id]
    about.alarms = expectation.alarms
    return expectation.refused
  }
  const { device } = expectation
  about.subjects = [device.id]
  const lane = await laneOf(keys.attestation, device, ports)
  const cutOff = checkDevice(device) ?? ports.pace.takeDevice(device.id, lane, now)
  if (cutOff !== undefined) return cutOff
  const door = ports.doorOf(device.product, request.label)
  if ('reason' in door) return door
  return seal({ keys, expectation, door, asked, lane }, ports)
}

/** Nothing is proved yet, and whoever learnt serial and endorsement key may ask: no device waits for them twice. */
async function laneOf(
  { publicKey }: TpmKey,
  device: Device,
  { ledger }: AttestationPorts,
): Promise<AttestationSession['lane']> {
  const key = await ledger.find('key', 'fingerprint', [publicKey.fingerprint])
  const isProved = key?.owner === device.id && key.purpose === 'attestation' && key.attested
  return isProved ? 'proved' : 'new'
}

interface Keys {
  readonly kind: 'keys'
  readonly endorsement: TpmKey
  readonly attestation: TpmKey
}

/** The attestation key's own fitness is told at once: nothing that it signed would be believed. */
function readKeys({ ekPublic, akPublic }: BeginRequest): Keys | Refused {
  const endorsement = readTpmKey(ekPublic, 'ekPublic')
  if (endorsement.kind === 'refused') return endorsement
  const attestation = readTpmKey(akPublic, 'akPublic')
  if (attestation.kind === 'refused') return attestation
  const fit = attestationKeyOf(attestation.area)
  if (fit.kind === 'refused') return fit
  return { kind: 'keys', endorsement, attestation }
}

/** All that stands before an exchange. */
interface Opening {
  readonly keys: Keys
  readonly expectation: Expectation
  readonly door: AttestationDoor
  readonly asked: Asked
  readonly lane: AttestationSession['lane']
}

async function seal(opening: Opening, ports: AttestationPorts): Promise<Begun> {
  const { keys, expectation, door } = opening
  const secret = ports.random.bytes(secretBytes)
  const credential = makeCredential({
    endorsementKey: keys.endorsement.area,
    name: nameOf(keys.attestation.area),
    ...{ secret, random: ports.random },
  })
  if (credential.kind === 'refused') return credential
  const token = ports.random
    .bytes(secretBytes)
    .toBase64({ alphabet: 'base64url', omitPadding: true })
  const quote = await askedRegisters(door, expectation.device, ports.ledger)
  const session = await sessionOf(
    opening,
    { token, secret, quote: quote && wordsOfAsked(quote) },
    ports,
  )
  const committed = await ports.ledger.commit({
    puts: [{ kind: 'attestationSession', record: session }],
    events: [begunEvent(session, expectation)],
  })
  if (committed.kind === 'conflict')
    return refuse('busy', 'another exchange of this device began at the same moment; try again')
  const { blob: credentialBlob, encryptedSecret } = credential
  const { nonce, expiresAt: expires } = session
  return {
    kind: 'begun',
    answer: {
      session: token,
      credentialBlob,
      encryptedSecret,
      nonce,
      expires,
      ...(quote && { quote }),
    },
  }
}

/** A device has one exchange a lane: the newest takes the row of the one before, whatever that was. */
async function sessionOf(
  { keys, expectation, door, asked, lane }: Opening,
  { token, secret, quote }: { token: string; secret: Uint8Array; quote: string | undefined },
  ports: AttestationPorts,
): Promise<AttestationSession> {
  const { device, endorsement, code, certificateSha256, tpm } = expectation
  const before = await ports.ledger.find('attestationSession', 'device', [device.id, lane])
  const beganAt = ports.clock.now()
  return {
    id: before?.id ?? newId('attestationSession', ports),
    version: (before?.version ?? 0) + 1,
    device: device.id,
    lane,
    tokenSha256: tokenHash(token),
    state: 'open',
    entrance: door.entrance.id,
    endorsement: endorsement?.id ?? null,
    code: code?.id ?? null,
    fingerprint: keys.endorsement.publicKey.fingerprint,
    spkiSha256: sha256(keys.endorsement.publicKey.spki),
    certificateSha256: certificateSha256 ?? null,
    facts: { ...tpm.facts, module: tpm.module },
    attestationKey: encodePublic(keys.attestation.area),
    secretSha256: sha256(secret),
    nonce: ports.random.bytes(secretBytes),
    selection: quote ?? null,
    sourceAddress: asked.sourceAddress,
    beganAt,
    expiresAt: beganAt.add(sessionSpan),
  }
}

/** What is kept of a session's token: it has over 200 bits, so no slow hash is needed. */
export function tokenHash(token: string): Uint8Array {
  return sha256(new TextEncoder().encode(token))
}

function begunEvent(session: AttestationSession, { device, endorsement }: Expectation): AuditEvent {
  return {
    type: 'attestation-begun',
    at: session.beganAt,
    // It has proved nothing yet.
    actor: { kind: 'stranger', id: session.sourceAddress },
    subjects: [device.id, ...(endorsement === undefined ? [] : [endorsement.id])],
    facts: {
      serial: device.serial,
      firstContact: endorsement === undefined,
      endorsementKey: session.fingerprint.toHex(),
    },
  }
}

/** The device as it is now, with whatever happened to it since the exchange began. */
export async function deviceNow(
  id: string,
  { ledger }: AttestationPorts,
): Promise<Device | Refused> {
  const device = await ledger.read('device', id)
  if (device === undefined) return refuse('device-unknown', 'the device is not known any more')
  return checkDevice(device) ?? device
}
