// SPDX-License-Identifier: Apache-2.0

import { encodeObject } from '#format/attestation/members.ts'
import type { CertifiedClaim, CertifiedResult } from '#format/attestation/messages.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { CertifiedKey } from '#trust/tpm/certified-key.ts'
import type { AuditEvent } from '../audit/event.ts'
import { namesOf } from '../devices/announced-tpm.ts'
import { hashCode, newCodeText } from '../devices/code.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import type { Attestation, Code, Endorsement, Key } from '../ledger/tables.ts'
import { toldOf } from '../ledger/told-of-attestation.ts'
import type { Refused } from '../refusal.ts'
import type { AttestationPorts } from './ports.ts'
import { moduleOf, type Proof, type VouchedKey } from './proof.ts'
import { expectedTpms } from './register-tpm.ts'

/** Enough to make a request; the next ticket costs a second of the TPM. */
export const ticketSpan = Temporal.Duration.from({ minutes: 15 })

/** Where no profile says how old a proof may be, its end is shown as this. */
const usualAge = Temporal.Duration.from({ hours: 24 })

export type Booked =
  | { readonly kind: 'booked'; readonly results: readonly CertifiedResult[] }
  | Refused

/**
 * Books what a TPM proved, whole: what is known of each key, its ticket, and to whom the TPM belongs.
 *
 * A first contact spends its code in the same commit that binds the TPM, so that a crash leaves both or none;
 * afterwards the TPM alone admits the device.
 */
export async function bookProof(proof: Proof, ports: AttestationPorts): Promise<Booked> {
  const now = ports.clock.now()
  const endorsement = await endorsementPut(proof, now, ports)
  if ('reason' in endorsement) return endorsement
  const keys = proof.keys.map((key) => newTicket(proof, key, now, ports))
  const committed = await ports.ledger.commit({
    puts: [
      ...endorsement.puts,
      ...keys.flatMap(({ puts }) => puts),
      ...(await knownKeys(proof, ports)),
    ],
    events: [...endorsement.events, ...keys.map(({ event }) => event)],
  })
  return committed.kind === 'committed'
    ? { kind: 'booked', results: keys.map(({ result }) => result) }
    : refuse('busy', 'something else happened to this device at the same moment; begin anew')
}

interface Part {
  readonly puts: readonly Put[]
  readonly events: readonly AuditEvent[]
}

/** Binds the TPM, or completes what the factory said of it. */
async function endorsementPut(
  proof: Proof,
  now: Temporal.Instant,
  ports: AttestationPorts,
): Promise<Part | Refused> {
  const { session, device } = proof
  if (session.endorsement === null) return bind(proof, now, ports)
  const before = await ports.ledger.read('endorsement', session.endorsement)
  if (before?.state !== 'expected' || before.device !== device.id)
    return refuse('tpm-unexpected', 'this TPM was replaced while it proved itself')
  const record: Endorsement = {
    ...before,
    version: before.version + 1,
    ...{ fingerprint: session.fingerprint, spkiSha256: session.spkiSha256 },
    certificateSha256: before.certificateSha256 ?? session.certificateSha256,
    seenAt: before.seenAt ?? now,
  }
  const isNews = before.seenAt === null || before.fingerprint === null
  if (!isNews) return { puts: [], events: [] }
  const seen: AuditEvent = {
    ...{ type: 'tpm-seen', at: now, actor: { kind: 'device', id: device.id } },
    subjects: [record.id, device.id],
    facts: { serial: device.serial, ...namesOf(record) },
  }
  return { puts: [{ kind: 'endorsement', record }], events: [seen] }
}

async function bind(
  { session, device }: Proof,
  now: Temporal.Instant,
  ports: AttestationPorts,
): Promise<Part | Refused> {
  const code = session.code === null ? undefined : await ports.ledger.read('code', session.code)
  if (code === undefined || code.usedAt !== null || code.heldFor !== null)
    return refuse('code-used', 'this enrolment code was used while the TPM proved itself')
  if ((await expectedTpms(device, ports.ledger)).length > 0)
    return refuse('tpm-unexpected', 'another TPM was registered while this one proved itself')
  const record: Endorsement = {
    ...{ id: newId('endorsement', ports), version: 1, device: device.id },
    ...{ fingerprint: session.fingerprint, spkiSha256: session.spkiSha256 },
    certificateSha256: session.certificateSha256,
    ...{ announcedSha256: null, source: 'first-contact', state: 'expected' },
    ...{ addedAt: now, addedBy: device.id, replacedAt: null, seenAt: now },
  }
  const spent: Code = { ...code, version: code.version + 1, usedAt: now }
  return {
    puts: [
      { kind: 'endorsement', record },
      { kind: 'code', record: spent },
      // A board that is changed, and a TPM that is bound, come one after the other.
      { kind: 'device', record: { ...device, version: device.version + 1 } },
    ],
    events: [
      {
        type: 'tpm-bound',
        at: now,
        actor: { kind: 'device', id: device.id },
        subjects: [record.id, device.id],
        facts: { serial: device.serial, ...namesOf(record), code: code.id },
      },
    ],
  }
}

interface Ticketed {
  readonly puts: readonly Put[]
  readonly event: AuditEvent
  readonly result: CertifiedResult
}

function newTicket(
  proof: Proof,
  { claim, certified: key }: VouchedKey,
  now: Temporal.Instant,
  ports: AttestationPorts,
): Ticketed {
  const { device, door } = proof
  const evidence = evidenceOf(proof, claim)
  const attestation = attestationOf(proof, key, evidence, now, ports)
  const text = newCodeText(ports.random)
  const expiresAt = now.add(ticketSpan)
  const ticket: Code = {
    ...{ id: newId('code', ports), version: 1, codeSha256: hashCode(text) },
    ...{ device: device.id, product: device.product, createdAt: now, createdBy: device.id },
    ...{ expiresAt, usedAt: null, usedFor: null, heldFor: null, attestation: attestation.id },
  }
  return {
    puts: [
      { kind: 'attestation', record: attestation },
      { kind: 'evidence', record: { id: attestation.id, version: 1, bytes: evidence } },
      { kind: 'code', record: ticket },
    ],
    event: {
      type: 'key-attested',
      at: now,
      actor: { kind: 'device', id: device.id },
      subjects: [attestation.id, device.id],
      facts: {
        ...{ serial: device.serial, nonce: proof.session.nonce.toHex(), ...toldOf(attestation) },
        ...{ ticket: ticket.id, entrance: door.entrance.label, source: proof.asked.sourceAddress },
      },
    },
    result: {
      spkiSha256: sha256(key.publicKey.spki).toHex(),
      ticket: text,
      ticketExpires: expiresAt,
      until: attestation.until ?? expiresAt,
    },
  }
}

function attestationOf(
  { session, device, door, measured }: Proof,
  key: CertifiedKey,
  evidence: Uint8Array,
  now: Temporal.Instant,
  ports: AttestationPorts,
): Attestation {
  const { module: _, ...tpm } = session.facts
  return {
    ...{ id: newId('attestation', ports), version: 1 },
    keyFingerprint: key.publicKey.fingerprint,
    device: device.id,
    form: 'tpm',
    module: moduleOf(session),
    moduleCertificateSha256: session.certificateSha256,
    nonce: session.nonce,
    evidenceSha256: sha256(evidence),
    facts: {
      ...tpm,
      endorsementKey: session.fingerprint.toHex(),
      attestationKeyName: key.attestationKeyName.toHex(),
      keyName: key.name.toHex(),
      verified: 'activation, certify: fixedTPM, fixedParent, sensitiveDataOrigin, not restricted',
      ...measured.facts,
    },
    quote: measured.result,
    at: now,
    until: now.add(door.profile.attestation?.maximumAge ?? usualAge),
  }
}

/** All that an auditor needs to judge it again; JSON, bytes in base64. */
function evidenceOf({ request, session }: Proof, claim: CertifiedClaim): Uint8Array {
  const { nonce, attestationKey } = session
  const { quote } = request
  const format = 'vitalsign-tpm-evidence-1'
  return new TextEncoder().encode(
    encodeObject({ format, nonce, attestationKey, ...claim, ...(quote && { quote }) }),
  )
}

/** A key that was booked before it was attested is known from now on as what it is. */
async function knownKeys(proof: Proof, { ledger }: AttestationPorts): Promise<readonly Put[]> {
  const puts: Put[] = []
  for (const { certified } of proof.keys) {
    const key = await ledger.find('key', 'fingerprint', [certified.publicKey.fingerprint])
    if (key !== undefined && !key.attested) puts.push({ kind: 'key', record: nowAttested(key) })
  }
  return puts
}

function nowAttested(key: Key): Key {
  const facts = { attested: true, protection: 'tpm', exportable: false } as const
  return { ...key, version: key.version + 1, ...facts }
}
