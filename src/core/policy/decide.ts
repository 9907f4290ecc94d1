// SPDX-License-Identifier: Apache-2.0
/** The one place where terms become approved; nothing else can make an `Approved`. */

import { sameBytes } from '#format/bytes.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { type Extension, encodeExtension, readExtension } from '#format/x509/extension.ts'
import type { Name } from '#format/x509/name.ts'
import type { ProvedRequest } from '#trust/possession.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { refuseWeakKey } from '#trust/weak-keys/weak-keys.ts'
import type { Attestation, CertificateRecord, Device, Key } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { type Approved, approve } from './approved.ts'
import { checkAttestation } from './check-attestation.ts'
import { checkDevice } from './check-device.ts'
import { checkEnvironment } from './check-environment.ts'
import { checkKey, checkKeyAgain } from './check-key.ts'
import { checkRequested, takenOver } from './check-requested.ts'
import type { Environment } from './document/words.ts'
import type { CertificateFacts, Profile, Proof } from './profile.ts'
import { checkKeyAge, mayRenew } from './renewal.ts'
import { checkFacts, drawSubject } from './templates.ts'

/** A device's wish for a certificate, with all that was proven and looked up. */
export interface Application {
  readonly operation: 'enrol' | 'reenrol'
  readonly proof: Proof
  /** Who asks; its product and state are facts of the ledger, not of the request. */
  readonly device: Device
  readonly profile: Profile
  readonly facts: CertificateFacts
  readonly proved: ProvedRequest
  /** What the ledger knows of the key, if it was ever seen. */
  readonly key: Key | undefined
  /** The newest that was proved of where the key lives; looked up only where the profile or the proof asks. */
  readonly attestation?: Attestation | undefined
  /** The certificate presented as the current one, or, for a TPM, the one that it has; with its record. */
  readonly current:
    | { readonly record: CertificateRecord; readonly certificate: Certificate }
    | undefined
  /** How many unexpired, unrevoked identities of the kind that it asks for the device could use. */
  readonly identitiesHeld: number
  /** How many certificates it was given in the last 24 hours. */
  readonly identitiesLately: number
  /** Whether the registrar that vouches may ask for renewals too, as another installation does. */
  readonly mayRenew?: boolean
  /** Whether an order asks for the renewal of the current certificate before its time. */
  readonly isOrdered?: boolean
  /** Whether the current certificate is of the other chain: nothing is renewed, a first identity is made there. */
  readonly isCrossing?: boolean
  readonly now: Temporal.Instant
  /** Of the authority that would sign. */
  readonly environment: Environment
  readonly issuerNotAfter: Temporal.Instant
}

/**
 * Certificates that a device may be given within 24 hours on its own account: one an hour is more than
 * any renewal needs, and all of them stay in the ledger for ever. What an operator permits is not held up.
 */
export const mostLately = 24

export type Verdict = { readonly kind: 'approved'; readonly approved: Approved } | Refused

/** Says yes or no to a device. Cheap questions first; the first "no" is the answer. */
export function decide(application: Application): Verdict {
  const { device, profile, proved, facts, current } = application
  const no =
    checkDevice(device) ??
    checkEnvironment(profile, application.environment) ??
    checkProof(application) ??
    checkOwner(application) ??
    checkKey(profile, proved.publicKey) ??
    checkAttestation(profile, {
      device,
      attestation: application.attestation,
      now: application.now,
    }) ??
    checkFacts(profile, facts) ??
    (application.operation === 'reenrol'
      ? checkUnchanged(application)
      : checkRequested(profile, facts, proved.request)) ??
    checkRenewal(application)
  if (no !== undefined) return no
  const unchanged = application.operation === 'reenrol' ? current?.certificate : undefined
  return {
    kind: 'approved',
    approved: approve({
      profile,
      publicKey: proved.publicKey,
      facts,
      owner: device.id,
      product: device.product,
      subject: unchanged?.subject ?? drawSubject(profile, facts),
      keepsSubject: unchanged !== undefined,
      extensions: unchanged ? keptFrom(unchanged) : takenOver(profile, facts, proved.request),
      replaces: follows(application) && !application.isCrossing ? current?.record : undefined,
    }),
  }
}

/** What the house needs for itself: its roots, issuers and servers. No stranger's request comes here. */
export function approveOwn(own: {
  readonly profile: Profile
  readonly publicKey: PublicKey
  readonly facts: CertificateFacts
  readonly owner: string
  readonly environment: Environment
  /** The name that it has already, to the byte, in the place of the profile's; one authority has one name. */
  readonly subject?: Name
}): Verdict {
  return (
    checkEnvironment(own.profile, own.environment) ??
    // No stranger's, and yet: a module or a TPM of somebody's make may have made it.
    refuseWeakKey(own.publicKey) ??
    checkKey(own.profile, own.publicKey) ??
    checkFacts(own.profile, own.facts) ?? {
      kind: 'approved',
      approved: approve({
        profile: own.profile,
        publicKey: own.publicKey,
        facts: own.facts,
        owner: own.owner,
        product: null,
        subject: own.subject ?? drawSubject(own.profile, own.facts),
        keepsSubject: own.subject !== undefined,
        extensions: [],
        replaces: undefined,
      }),
    }
  )
}

/** A wish for the certificate of a server or a client that is no device. */
export interface ApplicationWish {
  readonly profile: Profile
  /** A person who is signed in asks, or the application itself. */
  readonly proof: 'operator' | 'code' | 'current-certificate'
  readonly operation: 'enrol' | 'reenrol'
  readonly facts: CertificateFacts
  readonly proved: ProvedRequest
  /** What the ledger knows of the key, if it was ever seen. */
  readonly key: Key | undefined
  readonly owner: string
  readonly environment: Environment
  readonly current: Application['current']
  /** As of a device. */
  readonly identitiesHeld: number
  readonly identitiesLately: number
  readonly isOrdered?: boolean
  readonly now: Temporal.Instant
  readonly issuerNotAfter: Temporal.Instant
}

/** Says yes or no to an application, or to a person who asks on behalf of one, as to a device. */
export function decideApplication(wish: ApplicationWish): Verdict {
  const { profile, facts, proved, key, owner, current } = wish
  const renews = wish.operation === 'reenrol'
  const no =
    checkApplicationProof(wish) ??
    (key !== undefined && (key.owner !== owner || key.purpose !== profile.kind)
      ? refuse('key-has-another-owner', 'this key cannot be certified; make a new one')
      : undefined) ??
    checkEnvironment(profile, wish.environment) ??
    (key && checkKeyAgain(key)) ??
    checkKey(profile, proved.publicKey) ??
    checkFacts(profile, facts) ??
    (renews ? checkUnchanged(wish) : checkRequested(profile, facts, proved.request)) ??
    checkRenewal(wish)
  if (no !== undefined) return no
  const unchanged = renews ? current?.certificate : undefined
  return {
    kind: 'approved',
    approved: approve({
      ...{ profile, publicKey: proved.publicKey, facts, owner, product: null },
      subject: unchanged?.subject ?? drawSubject(profile, facts),
      keepsSubject: unchanged !== undefined,
      extensions: unchanged ? keptFrom(unchanged) : takenOver(profile, facts, proved.request),
      replaces: renews ? current?.record : undefined,
    }),
  }
}

/** A code gets the first identity, and the current one the next; only what a person permits is not counted. */
function checkApplicationProof(wish: ApplicationWish): Refused | undefined {
  const { profile, proof, operation, facts, identitiesHeld, identitiesLately } = wish
  if (!profile.proofs.includes(proof))
    return refuse(
      'proof-not-admitted',
      `profile ${profile.name} admits ${profile.proofs.join(', ')}, not ${proof}`,
    )
  if ((operation === 'reenrol') !== (proof === 'current-certificate'))
    return refuse('proof-not-admitted', `an application does not ${operation} by ${proof}`)
  if (proof !== 'current-certificate') return undefined
  if (identitiesHeld >= profile.identitiesAtMost)
    return refuse(
      'too-many-identities',
      `application ${facts.name} has ${identitiesHeld} certificates that it never used or still may; profile ${profile.name} allows ${profile.identitiesAtMost}`,
    )
  return identitiesLately < mostLately
    ? undefined
    : refuse(
        'rate-limited',
        `application ${facts.name} was given ${mostLately} certificates in the last 24 hours; wait until the first of them is a day old`,
      )
}

/**
 * A certificate for the key by which a device's TPM attests others: what its endorsement key vouched for a
 * moment ago, in an exchange of ours. The key signs no request, so there is none.
 */
export function approveAttestationKey(asked: {
  readonly profile: Profile
  readonly device: Device
  readonly publicKey: PublicKey
  readonly key: Key | undefined
  readonly facts: CertificateFacts
  readonly environment: Environment
  readonly replaces: CertificateRecord | undefined
}): Verdict {
  const { profile, device, publicKey, key, facts } = asked
  return (
    checkDevice(device) ??
    checkEnvironment(profile, asked.environment) ??
    checkOwner({ key, device, profile }) ??
    checkKey(profile, publicKey) ??
    checkFacts(profile, facts) ?? {
      kind: 'approved',
      approved: approve({
        ...{ profile, publicKey, facts, owner: device.id, product: device.product },
        ...{ subject: drawSubject(profile, facts), keepsSubject: false, extensions: [] },
        replaces: asked.replaces,
      }),
    }
  )
}

/** A valid chain or code admits nobody whom the profile and the device's record do not. */
function checkProof(application: Application): Refused | undefined {
  const { profile, proof, device, identitiesHeld, current, now } = application
  if (!profile.proofs.includes(proof)) {
    return refuse(
      'proof-not-admitted',
      `profile ${profile.name} admits ${profile.proofs.join(', ')}, not ${proof}`,
    )
  }
  // Whatever the profile asks of keys: the ticket is worth what was proved, as long as that counts.
  if (proof === 'tpm' && application.attestation === undefined) {
    return refuse(
      'attestation-missing',
      'what was proved for this ticket counts no more; attest anew',
    )
  }
  if (application.operation === 'reenrol' && proof !== 'current-certificate') {
    return refuse(
      'proof-not-admitted',
      `re-enrolment is by the current certificate, not by ${proof}`,
    )
  }
  if (proof === 'birth-certificate' && current && isAfter(now, current.record.notAfter)) {
    return refuse(
      'certificate-expired',
      `the birth certificate expired at ${current.record.notAfter}`,
    )
  }
  const spent = device.enrolmentsLeft === 0
  const vouched = proof === 'birth-certificate' || proof === 'registrar'
  const renews = proof === 'registrar' && application.mayRenew === true
  // An element's key may have signed the request long ago: it spends a permission, as a code does.
  const once = proof === 'code' || proof === 'secure-element'
  const again = once || (vouched && identitiesHeld > 0 && !renews)
  if (again && spent) {
    return refuse(
      'device-already-enrolled',
      `device ${device.serial} is enrolled; an operator may allow it to enrol again`,
    )
  }
  // A permission to enrol is spent by a code or a birth certificate; no renewal may hide behind it.
  const limited = spent || follows(application)
  if (limited && identitiesHeld >= profile.identitiesAtMost) {
    return refuse(
      'too-many-identities',
      `device ${device.serial} has ${identitiesHeld} certificates that it never used or still may; profile ${profile.name} allows ${profile.identitiesAtMost}`,
    )
  }
  if (limited && application.identitiesLately >= mostLately) {
    return refuse(
      'rate-limited',
      `device ${device.serial} was given ${mostLately} certificates in the last 24 hours; wait until the first of them is a day old`,
    )
  }
  return undefined
}

/** Whether the proof is of who holds the current certificate: what is asked for takes its place. */
function follows({ proof, current }: Pick<Application, 'proof' | 'current'>): boolean {
  return proof === 'current-certificate' || (proof === 'tpm' && current !== undefined)
}

/** A key has one owner and one purpose, for ever. A stranger hears the same, whoever the owner is. */
function checkOwner({
  key,
  device,
  profile,
}: Pick<Application, 'key' | 'device' | 'profile'>): Refused | undefined {
  if (key === undefined) return undefined
  if (key.owner !== device.id) {
    return refuse('key-has-another-owner', 'this key cannot be certified; make a new one')
  }
  const outOfUse = checkKeyAgain(key)
  if (outOfUse !== undefined) return outOfUse
  const allowed = key.purpose === profile.kind || (profile.allowBirthKey && key.purpose === 'birth')
  if (!allowed) {
    return refuse(
      'key-has-another-owner',
      `this key serves as ${key.purpose} key, profile ${profile.name} asks for a ${profile.kind} key`,
    )
  }
  return undefined
}

/** RFC 7030 section 4.2.2: subject and subjectAltName identical to the certificate being renewed. */
function checkUnchanged({
  current,
  proved,
  profile,
}: Pick<Application, 'current' | 'proved' | 'profile'>): Refused | undefined {
  if (current === undefined) {
    return refuse(
      'credential-missing',
      're-enrolment needs the current certificate on the connection',
    )
  }
  if (current.record.kind !== profile.kind) {
    return refuse(
      'proof-not-admitted',
      `a ${current.record.kind} certificate is not renewed here, only a ${profile.kind} one`,
    )
  }
  if (!sameBytes(current.certificate.subject.der, proved.request.subject.der)) {
    return refuse(
      'subject-differs',
      "the request's subject is not, byte for byte, the current certificate's; copy it from there (openssl x509 -x509toreq)",
    )
  }
  const held = alternativeNameOf(current.certificate)
  const asked = findAlternativeName(proved.request.requestedExtensions)
  const same =
    held === undefined || asked === undefined
      ? held === asked
      : held.critical === asked.critical && sameBytes(held.value, asked.value)
  return same
    ? undefined
    : refuse('subject-differs', "the request's subjectAltName is not the current certificate's")
}

/** What is asked of a renewal, whoever wants it. */
type Renewing = Pick<
  Application,
  'current' | 'profile' | 'key' | 'now' | 'proof' | 'issuerNotAfter' | 'isOrdered' | 'isCrossing'
>

function checkRenewal(application: Renewing): Refused | undefined {
  const { current, profile, key, now, proof, issuerNotAfter, isOrdered = false } = application
  const keyActivatedAt = key?.activatedAt
  if (current === undefined || !follows(application)) {
    return checkKeyAge(profile, { now, keyActivatedAt, issuerNotAfter })
  }
  const { notBefore, notAfter } = current.record
  if (application.isCrossing) {
    // No grace after expiry reaches into the other chain.
    return isAfter(now, notAfter)
      ? refuse('certificate-expired', `the presented certificate expired at ${notAfter}`)
      : checkKeyAge(profile, { now, keyActivatedAt, issuerNotAfter })
  }
  const renewal = { notBefore, notAfter, now, keyActivatedAt, proof, issuerNotAfter, isOrdered }
  return mayRenew(profile, renewal)
}

function isAfter(left: Temporal.Instant, right: Temporal.Instant): boolean {
  return Temporal.Instant.compare(left, right) > 0
}

function keptFrom(certificate: Certificate): readonly Extension[] {
  const names = alternativeNameOf(certificate)
  return names === undefined ? [] : [names]
}

function alternativeNameOf(certificate: Certificate): Extension | undefined {
  return findAlternativeName(certificate.extensions)
}

function findAlternativeName(extensions: readonly Extension[]): Extension | undefined {
  const oid = encodeExtension('subjectAltName', []).oid
  return readExtension(extensions, 'subjectAltName') && extensions.find((one) => one.oid === oid)
}
