// SPDX-License-Identifier: Apache-2.0

import type { Certificate } from '#format/x509/certificate.ts'
import { encodeSigned } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { lintCertificate } from '#trust/lint/lint.ts'
import { refuse } from '#trust/refusal.ts'
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'
import { refuseWeakKey } from '#trust/weak-keys/weak-keys.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { readmissionsWith } from '../enforcement/readmit.ts'
import { Fault } from '../fault.ts'
import { newId } from '../ledger/ids.ts'
import type { Change, Committed, Ledger, Put } from '../ledger/ledger.ts'
import { onNoList } from '../ledger/shards.ts'
import type { CertificateRecord, Enrolment, Key } from '../ledger/tables.ts'
import type { Approved } from '../policy/approved.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { abandon } from './abandon.ts'
import type { ClockGuard } from './clock-guard.ts'
import { type Draft, draft, type OwnSigner, type Pointers, type Signer } from './draft.ts'
import { makingPut, type SaidMaking } from './key-making.ts'
import type { ShardCounter } from './shard-counter.ts'
import type { SigningKeys } from './signing-key.ts'

export interface IssuingPorts {
  readonly ledger: Ledger
  readonly keys: SigningKeys
  readonly clock: Clock
  readonly random: Randomness
  readonly pointers: Pointers
  readonly guard: ClockGuard
  readonly shards: ShardCounter
  /** Keys that are known to be weak. */
  readonly keyLists: KeyLists
  /**
   * Throws if authorities and profiles in memory may be of before what another node changed; absent where
   * there is no other.
   */
  readonly demandCurrent?: () => void
}

/** Why this certificate is made, and what has to be true in the ledger at the same moment. */
export interface Occasion {
  readonly actor: Actor
  /** The record of the public key if the ledger has it. */
  readonly key: Key | undefined
  /** The id to book a new key under, where the key store already knows it by one. */
  readonly newKeyId?: string
  readonly keyFacts: Pick<Key, 'origin' | 'protection' | 'exportable'> &
    Partial<Pick<Key, 'attested' | 'moduleCertificate' | 'custody'>>
  /** What the device says of how it made the key; counts where the ledger does not know the key yet. */
  readonly making?: SaidMaking | undefined
  readonly environment: Key['environment']
  /** The fields of the enrolment record that only the door knows. */
  readonly enrolment: Omit<
    Enrolment,
    'id' | 'version' | 'owner' | 'certificate' | 'profile' | 'profileVersion' | 'at' | Between
  > &
    Partial<Pick<Enrolment, Between>>
  /** Spent or claimed with the booking: codes, the device's record, a repetition. */
  reserveWith(certificateId: string): readonly Put[]
}

/** Who stood between the device and us, where somebody did. */
type Between = 'approval' | 'registrar' | 'proxy'

export type Issued =
  | { readonly kind: 'issued'; readonly id: string; readonly certificate: Uint8Array }
  /** Someone else booked the same key, code or request first; nothing was signed. */
  | (Committed & { readonly kind: 'conflict' })
  | Refused

/**
 * Draft, gate, lint, reserve, sign, complete: the order is the safety property.
 *
 * @throws Fault `signing-failed` if the key did not sign: the certificate is then abandoned;
 *   `store-unreachable` if what was decided may be out of date
 */
export async function issue(
  approved: Approved,
  signer: OwnSigner,
  occasion: Occasion,
  ports: IssuingPorts,
): Promise<Issued> {
  const stopped =
    checkIssuing(approved, signer, ports.clock.now()) ?? (await checkReady(signer, ports))
  if (stopped !== undefined) return stopped
  const drafted = draft(approved, signer, await shardFor(approved, ports), ports)
  return issueDrafted(drafted, signer, occasion, ports)
}

/** RFC 9608 section 4: what says noRevAvail is on no list, and takes up no place on one. */
async function shardFor({ terms }: Approved, { shards }: IssuingPorts): Promise<number> {
  return terms.profile.document.status.noRevAvail ? onNoList : shards.next()
}

/** Why nothing can be signed just now, whatever it is. @throws as `issue` */
export async function checkReady(
  signer: OwnSigner,
  ports: IssuingPorts,
): Promise<Refused | undefined> {
  ports.demandCurrent?.()
  return ports.guard.check(ports.clock.now()) ?? (await checkBackend(signer, ports))
}

/**
 * Gate, lint, reserve, sign, complete.
 *
 * Nothing is signed that policy did not approve (the terms of a draft are) and nothing before it is booked.
 *
 * @throws as `issue`
 */
export async function issueDrafted(
  drafted: Draft,
  signer: OwnSigner,
  occasion: Occasion,
  ports: IssuingPorts,
): Promise<Issued> {
  const flaw = refuseWeakKey(drafted.terms.publicKey, ports.keyLists) ?? lint(drafted, signer)
  if (flaw !== undefined) return flaw
  const booked = recordOf(drafted, signer, occasion, ports)
  // Booked before signed: after a crash we can revoke what we may have signed, but cannot recall it.
  const reserved = await ports.ledger.commit({
    puts: [
      ...booked.puts,
      { kind: 'certificate', record: booked.certificate },
      ...occasion.reserveWith(booked.certificate.id),
    ],
    events: [],
  })
  if (reserved.kind === 'conflict') return reserved
  const signature = await sign(drafted, signer, booked, ports)
  if (!(signature instanceof Uint8Array)) return signature
  const der = encodeSigned(drafted.toBeSigned, drafted.signatureAlgorithm.identifier, signature)
  const lost = await complete(booked, der, occasion, ports)
  return lost ?? { kind: 'issued', id: booked.certificate.id, certificate: der }
}

/**
 * Past its time an authority signs status only, so that its certificates outlive none of its care; who answers
 * for it on status is certified until it is ended.
 */
function checkIssuing(
  { terms }: Approved,
  signer: OwnSigner,
  now: Temporal.Instant,
): Refused | undefined {
  if (signer.kind === 'self') return undefined
  if (terms.profile.kind === 'ocsp' && signer.issuer.authority.state !== 'retired') return undefined
  const { name, state, issueUntil } = signer.issuer.authority
  if (state === 'active' && Temporal.Instant.compare(now, issueUntil) < 0) return undefined
  return refuse('issuing-stopped', `authority ${name} is ${state} and issues until ${issueUntil}`)
}

/** What cannot be signed now is not booked: nothing has to be abandoned, and the device keeps its code. */
async function checkBackend(
  signer: OwnSigner,
  { keys }: IssuingPorts,
): Promise<Refused | undefined> {
  const because = await keys.awayBecause?.(keyOf(signer))
  return because === undefined ? undefined : cannotSign(signer)
}

function cannotSign(signer: OwnSigner): Refused {
  const who = signer.kind === 'issuer' ? `authority ${signer.issuer.authority.name}` : 'the root'
  return refuse('key-backend-away', `the key of ${who} cannot sign just now; ask again later`)
}

function keyOf(signer: OwnSigner): string {
  return signer.kind === 'issuer' ? signer.issuer.keyId : signer.keyId
}

/**
 * A subject of ours never breaks it. One that came with an adopted authority may, and RFC 7030 section 4.2.2
 * keeps it for every renewal: the device goes by the name that its relying parties know.
 */
const ruleOfNewSubjects = 'device-serial-number-in-subject'

/** Whether what is drafted breaks a rule of its standards; the first one is told. */
export function lint(drafted: Draft, signer: Signer): Refused | undefined {
  const issuer = certificateOf(signer)
  const errors = lintCertificate(drafted.toBeSigned, issuer, drafted.kind).filter(
    ({ severity, rule }) =>
      severity === 'error' && !(drafted.terms.keepsSubject && rule === ruleOfNewSubjects),
  )
  const first = errors[0]
  return first && refuse('lint-failed', `${first.rule}: ${first.detail} (${first.source})`)
}

function certificateOf(signer: Signer): Certificate | undefined {
  switch (signer.kind) {
    case 'issuer':
      return signer.issuer.certificate
    case 'upstream':
      return signer.certificate
    case 'self':
      return undefined
  }
}

interface Booking {
  readonly certificate: CertificateRecord
  readonly puts: readonly Put[]
}

/** The record of a certificate to be, with that of its key if the ledger has none. */
export function recordOf(
  drafted: Draft,
  signer: Signer,
  occasion: Occasion,
  ports: IssuingPorts,
): Booking {
  const { terms } = drafted
  const now = ports.clock.now()
  const key = occasion.key ?? newKey(drafted, occasion, now, ports)
  const id = newId('certificate', ports)
  const certificate: CertificateRecord = {
    id,
    version: 1,
    serialNumber: drafted.serialNumber,
    authority: authorityOf(signer) ?? terms.owner,
    profile: terms.profile.name,
    profileVersion: terms.profile.version,
    kind: drafted.kind,
    owner: terms.owner,
    product: terms.product,
    subject: formatName(terms.subject),
    deviceSerial: terms.facts.serial ?? null,
    lot: terms.facts.lot ?? null,
    key: key.id,
    algorithm: terms.publicKey.algorithm,
    state: 'reserved',
    notBefore: drafted.notBefore,
    notAfter: drafted.notAfter,
    toBeSignedSha256: sha256(drafted.toBeSigned),
    sha256: null,
    enrolment: null,
    shard: drafted.shard,
    reservedAt: now,
    issuedAt: null,
    usedAt: null,
    replaces: terms.replaces?.id ?? null,
    revokedAt: null,
    revocationReason: null,
    revocation: null,
    retiresAt: null,
  }
  return { certificate, puts: occasion.key === undefined ? newKeyPuts(key, occasion, ports) : [] }
}

function newKeyPuts(key: Key, { making }: Occasion, ports: IssuingPorts): readonly Put[] {
  return [
    { kind: 'key', record: key },
    ...(making === undefined ? [] : [makingPut(key, making, ports)]),
  ]
}

function authorityOf(signer: Signer): string | undefined {
  switch (signer.kind) {
    case 'issuer':
      return signer.issuer.authority.id
    case 'upstream':
      return signer.authority.id
    case 'self':
      return undefined
  }
}

function newKey(
  { terms }: Draft,
  occasion: Occasion,
  now: Temporal.Instant,
  ports: IssuingPorts,
): Key {
  const { publicKey, profile } = terms
  const { maximumKeyAge } = profile
  return {
    id: occasion.newKeyId ?? newId('key', ports),
    version: 1,
    fingerprint: publicKey.fingerprint,
    algorithm: publicKey.algorithm,
    bits: publicKey.bits,
    spki: publicKey.spki,
    ...{ attested: false, moduleCertificate: null, custody: null },
    ...occasion.keyFacts,
    purpose: terms.profile.kind,
    environment: occasion.environment,
    owner: terms.owner,
    state: 'active',
    activatedAt: now,
    deactivateAt: maximumKeyAge === undefined ? null : now.add(maximumKeyAge),
  }
}

/** A signature whose outcome is unknown is never tried again: the serial is abandoned and revoked. */
async function sign(
  drafted: Draft,
  signer: OwnSigner,
  booked: Booking,
  ports: IssuingPorts,
): Promise<Uint8Array | Refused> {
  const keyId = keyOf(signer)
  try {
    return await ports.keys.sign(keyId, drafted.toBeSigned)
  } catch (cause) {
    await abandon(booked.certificate.id, ports)
    // Its backend went away under our hands, and has said so itself: the device may come again.
    if (cause instanceof Fault && cause.code === 'key-unreachable') return cannotSign(signer)
    throw new Fault('signing-failed', `key ${keyId} did not sign`, { cause })
  }
}

async function complete(
  { certificate }: Booking,
  der: Uint8Array,
  occasion: Occasion,
  ports: IssuingPorts,
): Promise<Refused | undefined> {
  const done = await ports.ledger.commit(await completion(certificate, der, occasion, ports))
  if (done.kind === 'committed') return undefined
  // Who touches a reserved record has revoked it, as when its device was retired: do not hand it out.
  return refuse('busy', 'the certificate was revoked while it was signed; ask again')
}

/** What an occasion still says when the certificate is there. */
export type Completing = Pick<Occasion, 'actor' | 'enrolment'> & {
  readonly keyFacts: Pick<Key, 'origin' | 'protection'> & Partial<Pick<Key, 'attested'>>
  /** What else the event tells. */
  readonly facts?: AuditEvent['facts']
}

/**
 * A reserved certificate becomes an issued one, with its bytes, who asked for it, and the event; whose last one had
 * ended may have sessions again.
 */
export async function completion(
  certificate: CertificateRecord,
  der: Uint8Array,
  occasion: Completing,
  ports: Pick<IssuingPorts, 'ledger' | 'clock' | 'random'>,
): Promise<Change> {
  const now = ports.clock.now()
  const digest = sha256(der)
  const enrolmentId = newId('enrolment', ports)
  return {
    puts: [
      {
        kind: 'certificate',
        record: {
          ...certificate,
          version: certificate.version + 1,
          state: 'issued',
          sha256: digest,
          issuedAt: now,
          enrolment: enrolmentId,
        },
      },
      { kind: 'encoding', record: { id: certificate.id, version: 1, der } },
      {
        kind: 'enrolment',
        record: {
          ...{ approval: null, registrar: null, proxy: null },
          ...occasion.enrolment,
          id: enrolmentId,
          version: 1,
          owner: certificate.owner,
          certificate: certificate.id,
          profile: certificate.profile,
          profileVersion: certificate.profileVersion,
          at: now,
        },
      },
      ...(await readmissionsWith(certificate, occasion.enrolment.proof, ports)),
    ],
    events: [
      {
        type: 'certificate-issued',
        at: now,
        actor: occasion.actor,
        subjects: [certificate.id, certificate.owner, certificate.authority, certificate.key],
        facts: {
          serialNumber: certificate.serialNumber.toHex(),
          sha256: digest.toHex(),
          subject: certificate.subject,
          notAfter: certificate.notAfter.toString(),
          profile: `${certificate.profile} ${certificate.profileVersion}`,
          operation: occasion.enrolment.operation,
          proof: occasion.enrolment.proof,
          credential: occasion.enrolment.credential,
          possession: occasion.enrolment.possession,
          ...between(occasion.enrolment),
          ...(occasion.keyFacts.origin === 'server' && { keyOrigin: 'server' }),
          ...(occasion.keyFacts.attested === true && { keyAttested: occasion.keyFacts.protection }),
          ...occasion.facts,
        },
      },
    ],
  }
}

function between({ approval, registrar, proxy }: Occasion['enrolment']) {
  return {
    ...(approval && { approval }),
    ...(registrar && { registrar }),
    ...(proxy && { proxy }),
  }
}
