// SPDX-License-Identifier: Apache-2.0
/** EST serverkeygen: the one way to a certificate on which the key is not made where it lives. RFC 7030 section 4.4. */

import { issue } from '#core/authority/issue.ts'
import { checkDevice } from '#core/policy/check-device.ts'
import type { Profile } from '#core/policy/profile.ts'
import type { Refused } from '#core/refusal.ts'
import { sameBytes } from '#format/bytes.ts'
import { type KeyProtection, readKeyProtection } from '#format/est/key-protection.ts'
import type { ServerKeyAnswer } from '#format/est/server-key-answer.ts'
import { FormatError } from '#format/format-error.ts'
import type { CertificationRequest } from '#format/x509/certification-request.ts'
import type { SubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { type KeyAlgorithm, type KeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import { ownKeyFor } from '#trust/possession.ts'
import { encodePrivateKey, type KeyPair } from '#trust/private-key.ts'
import { refuse } from '#trust/refusal.ts'
import { type KeyMaker, type SealRecipient, sealPrivateKey } from '#trust/sealed-key.ts'
import type { AdmittedByCode } from '../admitted.ts'
import { admit, checkCode } from '../applicant.ts'
import { checkChannel } from '../channel.ts'
import type { Door } from '../doors.ts'
import type { EnrolmentPorts } from '../enrolment-ports.ts'
import type { Identified } from '../identify.ts'
import { judge } from '../judge.ts'
import { readRequest } from '../read.ts'
import { requestKeyOf } from '../repetition.ts'
import type { EnrolmentRequest } from '../request.ts'
import { checkConfidential, type TlsFacts } from './channel.ts'
import { type Before, lostAnswer } from './lost-answer.ts'
import { occasionForKey } from './occasion.ts'
import { recipientFor } from './recipient.ts'
import type { KeyWorkshop } from './workshop.ts'

/** A wish for a certificate with a key that is yet to be made. */
export interface ServerKeyRequest extends EnrolmentRequest {
  readonly operation: 'enrol'
  /** Undefined: no TLS, or none that ends here. */
  readonly tls: TlsFacts | undefined
}

export interface ServerKeyPorts extends EnrolmentPorts {
  readonly workshop: KeyWorkshop
  /** Who signs for the keys that are made; asked for only where one is sealed. */
  keyMaker(): Promise<KeyMaker>
}

export type ServerKeyOutcome =
  /** A plain key is secret: whoever gets it wipes its bytes. */
  | { readonly kind: 'issued-with-key'; readonly answer: ServerKeyAnswer; readonly id: string }
  | Refused

/** Gives a device a key and its certificate, or says why not. Every refusal is an event. The key is kept nowhere. */
export async function enrolWithKey(
  request: ServerKeyRequest,
  ports: ServerKeyPorts,
): Promise<ServerKeyOutcome> {
  const about: About = { subjects: [] }
  const outcome = await enrolOrRefuse(request, about, ports)
  if (outcome.kind === 'refused') {
    const { reason, detail } = outcome
    const { sourceAddress: source, requestId } = request
    await ports.refusals.note({ reason, detail, source, subjects: about.subjects, requestId })
  }
  return outcome
}

interface About {
  subjects: readonly string[]
}

async function enrolOrRefuse(
  request: ServerKeyRequest,
  about: About,
  ports: ServerKeyPorts,
): Promise<ServerKeyOutcome> {
  const read = readRequest(request.request)
  if (read.kind === 'refused') return read
  const pkcs10 = read.request
  const applicant = await admit(pkcs10, request, ports)
  if (applicant.kind === 'refused') return applicant
  about.subjects = [applicant.device.id]
  if (applicant.kind === 'spoken-for')
    return refuse(
      'proof-not-admitted',
      'a registrar would hold the key; the device itself must ask',
    )
  if (applicant.proof === 'tpm')
    return refuse(
      'proof-not-admitted',
      'a ticket is good for the key that the TPM vouched for, not for one that is yet to be made',
    )
  if (applicant.proof === 'secure-element')
    return refuse(
      'proof-not-admitted',
      "an element's key admits itself, not one that is yet to be made",
    )
  const cutOff = checkDevice(applicant.device)
  if (cutOff !== undefined) return cutOff
  const door = ports.doors.for(applicant.device.product, request.label)
  if ('kind' in door) return door
  const unbound = checkChannel(pkcs10, request, applicant, door.profile)
  if (unbound !== undefined) return unbound
  const algorithm = chooseAlgorithm(pkcs10, door.profile)
  if (typeof algorithm === 'object') return algorithm
  const way = await wayFor(pkcs10, request, applicant, ports)
  if (way.kind === 'refused') return way
  const requestKey = sha256(
    new TextEncoder().encode(`serverkeygen ${requestKeyOf(applicant.credential, request).toHex()}`),
  )
  const before = await lostAnswer(requestKey, applicant, ports)
  if (before.kind === 'refused') return before
  const spent = before.kind === 'lost' ? undefined : checkCode(applicant, undefined)
  if (spent !== undefined) return spent
  const pair = await ports.workshop.make(algorithm)
  if ('kind' in pair) return pair
  return certify({ pkcs10, request, requestKey, before, door, way, pair }, ports)
}

/**
 * Which key is made: the one that the key in the request is of, if the profile allows it. If it allows one alone,
 * that one, since a key that cannot sign is not asked for by a request that it signed.
 */
function chooseAlgorithm(
  { publicKey }: CertificationRequest,
  { name, serverKeys }: Profile,
): KeyAlgorithmName | Refused {
  const [first, ...more] = serverKeys
  if (first === undefined)
    return refuse(
      'server-key-not-permitted',
      `profile ${name} lets the server make no keys; make it on the device and ask simpleenroll`,
    )
  const found = serverKeys.find((one) => isOf(keyAlgorithms[one], publicKey))
  if (found !== undefined || more.length === 0) return found ?? first
  return refuse(
    'key-algorithm-not-admitted',
    `the key in the request is of type ${publicKey.algorithm.oid}, profile ${name} lets the server make ${serverKeys.join(', ')}`,
  )
}

/** An RSAPublicKey is its modulus and some 14 octets more, and sizes are 128 octets apart. */
function isOf(
  { identifier, canonical, bits }: KeyAlgorithm,
  { algorithm, key }: SubjectPublicKeyInfo,
) {
  if (!sameBytes(identifier.der, algorithm.der)) return false
  return canonical !== 'modulus' || Math.abs(key.length - bits / 8) < 64
}

/** How the key gets to the device. */
type Way =
  | { readonly kind: 'plain' }
  | { readonly kind: 'sealable'; readonly recipient: SealRecipient }

async function wayFor(
  pkcs10: CertificationRequest,
  request: ServerKeyRequest,
  applicant: Identified | AdmittedByCode,
  ports: ServerKeyPorts,
): Promise<Way | Refused> {
  const protection = protectionOf(pkcs10)
  switch (protection.kind) {
    case 'refused':
      return protection
    case 'none':
      return checkConfidential(request, request.tls) ?? { kind: 'plain' }
    case 'symmetric':
      return refuse(
        'key-protection-not-offered',
        'no secret is shared with devices here; name a certificate by the asymmetric decrypt key identifier',
      )
    case 'asymmetric':
      return recipientFor(protection, applicant, ports)
  }
}

function protectionOf({ attributes }: CertificationRequest): KeyProtection | Refused {
  try {
    return readKeyProtection(attributes)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('request-malformed', `attributes of key protection: ${error.message}`)
  }
}

/** One request with all that was found, and the key that was made for it. */
interface Work {
  readonly pkcs10: CertificationRequest
  readonly request: ServerKeyRequest
  readonly requestKey: Uint8Array
  readonly before: Before<Identified | AdmittedByCode>
  readonly door: Door
  readonly way: Way
  readonly pair: KeyPair
}

async function certify(work: Work, ports: ServerKeyPorts): Promise<ServerKeyOutcome> {
  const { before, door, pair, request, requestKey } = work
  const { applicant } = before
  const { device, proof } = applicant
  const { proved } = ownKeyFor(work.pkcs10, pair)
  const current =
    applicant.kind === 'identified' && applicant.record !== undefined
      ? { record: applicant.record, certificate: applicant.certificate }
      : undefined
  const asked = { device, proof, operation: 'enrol', current, door } as const
  const { verdict, host } = await judge(proved, asked, ports)
  if (verdict.kind === 'refused') return verdict
  // No profile has both, and what waits for an answer could not keep the key.
  if (host.kind !== 'here')
    return refuse('server-key-not-permitted', 'its certificates are signed elsewhere')
  // Sealed before it is booked: what cannot be sealed shall not be issued.
  const key = await packed(work, ports)
  const standing = { kind: 'open', record: undefined } as const
  const asking = { request, applicant, door, requestKey, standing }
  const issued = await issue(
    verdict.approved,
    { kind: 'issuer', issuer: host.issuer },
    occasionForKey({ ...asking, before: { kind: 'new', stale: before.stale } }, ports),
    ports,
  )
  if (issued.kind === 'issued') {
    const { certificate, id } = issued
    return { kind: 'issued-with-key', answer: { key, certificate }, id }
  }
  key.der.fill(0)
  return issued.kind === 'conflict'
    ? refuse('busy', 'something else happened to this device at the same moment; try again')
    : issued
}

async function packed({ way, pair }: Work, ports: ServerKeyPorts): Promise<ServerKeyAnswer['key']> {
  if (way.kind === 'plain') return { kind: 'plain', der: encodePrivateKey(pair.privateKey) }
  const maker = await ports.keyMaker()
  return {
    kind: 'sealed',
    der: await sealPrivateKey(pair.privateKey, way.recipient, maker, ports.random),
  }
}
