// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { type KeyMaking, keyMakingAttribute } from '#format/est/key-making.ts'
import { FormatError } from '#format/format-error.ts'
import { attributeTypes, attributes as requestAttributes } from '#format/oids.ts'
import { encodePem, parsePem } from '#format/pem.ts'
import type { RequestAttribute } from '#format/x509/attribute.ts'
import { type Certificate, encodeSigned } from '#format/x509/certificate.ts'
import {
  encodeCertificationRequestInfo,
  parseCertificationRequest,
} from '#format/x509/certification-request.ts'
import type { Extension } from '#format/x509/extension.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import { encodeName, type Name } from '#format/x509/name.ts'
import { type KeyAlgorithmName, signatureAlgorithmFor } from '#trust/algorithms.ts'
import { importPublicKey } from '#trust/public-key.ts'
import type { Credential } from './credential.ts'
import { type DeviceKeys, keyLabels } from './keys/device-keys.ts'
import { type Files, replace } from './state/files.ts'
import type { Settings } from './state/settings.ts'
import { fileOf, type Slot } from './state/state.ts'

/** What a request asks a certificate for. */
export interface Wanted {
  readonly keyAlgorithm: KeyAlgorithmName
  readonly subject: Name
  readonly subjectAlternativeName: Extension | undefined
}

/** A key that was made here, and the request that it signed; both are on disk before anybody is asked. */
export interface Prepared {
  readonly keyPem: string
  /** PKCS #10, DER. */
  readonly request: Uint8Array
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  /** What is said in it of how the key was made; none in one that an older client left. */
  readonly attributes: readonly RequestAttribute[]
}

/**
 * For a first enrolment: the server draws the subject from its own record of the serial, which stands where
 * IEEE 802.1AR has it, so that whoever passes the request on can tell whose it is. An application has a name
 * and no serial.
 */
export function wantedFor(
  { serial, role }: Pick<Settings, 'serial' | 'role'>,
  keyAlgorithm: KeyAlgorithmName,
): Wanted {
  const subject = encodeName([
    [{ type: attributeTypes.commonName, value: serial }],
    ...(role === 'application' ? [] : [[{ type: attributeTypes.serialNumber, value: serial }]]),
  ])
  return { keyAlgorithm, subject, subjectAlternativeName: undefined }
}

/** For a renewal: subject and subjectAltName stay the same to the byte. RFC 7030 section 4.2.2. */
export function wantedLike(current: Certificate, keyAlgorithm: KeyAlgorithmName): Wanted {
  return {
    keyAlgorithm,
    subject: current.subject,
    subjectAlternativeName: alternativeNameOf(current.extensions),
  }
}

/**
 * The request of an earlier attempt if it asks for the same, else a new key with a new request, which says how the
 * key was made.
 *
 * An answer that was lost on its way is asked for again with the very same bytes: the server knows them
 * and issues nothing twice, and a one-time code that was spent on them is not lost.
 */
export async function prepareRequest(
  files: Files,
  keys: DeviceKeys,
  slot: Slot,
  wanted: Wanted,
  howMade: () => Promise<KeyMaking>,
): Promise<Prepared> {
  const before = readPrepared(files, slot)
  if (before !== undefined && asksFor(before, wanted)) return before
  const attributes = [keyMakingAttribute(await howMade())]
  const { keyPem, spki: publicKey } = await keys.make(wanted.keyAlgorithm)
  const made = { keyPem, publicKey, attributes }
  const request = await signRequest(keys, made, wanted)
  replace(files, fileOf.request(slot), keyPem + encodePem('CERTIFICATE REQUEST', request))
  return { ...made, request }
}

/**
 * A request for the key that is in use. It is kept nowhere, since it can be made again at any time, and says nothing
 * of how the key was made: the first request for it did.
 */
export async function requestAgain(
  keys: DeviceKeys,
  { keyPem, leaf }: Credential,
  wanted: Wanted,
): Promise<Prepared> {
  const kept = { keyPem, publicKey: leaf.publicKey.der, attributes: [] }
  return { ...kept, request: await signRequest(keys, kept, wanted) }
}

/** The request for a key; with a challengePassword it is for one connection alone, and kept nowhere. */
export async function signRequest(
  keys: DeviceKeys,
  { keyPem, publicKey, attributes }: Omit<Prepared, 'request'>,
  wanted: Wanted,
  challengePassword?: string,
): Promise<Uint8Array> {
  const algorithm = signatureAlgorithmFor(wanted.keyAlgorithm)
  const info = encodeCertificationRequestInfo({
    subject: wanted.subject,
    publicKey,
    extensions: wanted.subjectAlternativeName === undefined ? [] : [wanted.subjectAlternativeName],
    attributes,
    ...(challengePassword !== undefined && { challengePassword }),
  })
  return encodeSigned(info, algorithm.identifier, await keys.sign(keyPem, algorithm, info))
}

/** What an earlier attempt left; a file that does not parse is none, for its key served nobody yet. */
export function readPrepared(files: Files, slot: Slot): Prepared | undefined {
  const bytes = files.read(fileOf.request(slot))
  if (bytes === undefined) return undefined
  try {
    const blocks = parsePem(new TextDecoder().decode(bytes))
    const key = blocks.find(({ label }) => keyLabels.includes(label))
    const request = blocks.find(({ label }) => label === 'CERTIFICATE REQUEST')
    if (key === undefined || request === undefined) return undefined
    const { publicKey, attributes } = parseCertificationRequest(request.bytes)
    return {
      keyPem: encodePem(key.label, key.bytes),
      ...{ request: request.bytes, publicKey: publicKey.der },
      attributes: attributes.filter(({ type }) => type === requestAttributes.registrationInfo),
    }
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

/** @throws TypeError for a key that this program could not have made */
export function algorithmOf({ leaf }: Credential): KeyAlgorithmName {
  const key = importPublicKey(leaf.publicKey)
  if ('kind' in key) throw new TypeError(key.detail)
  return key.algorithm
}

function asksFor(prepared: Prepared, wanted: Wanted): boolean {
  const request = parseCertificationRequest(prepared.request)
  const key = importPublicKey(request.publicKey)
  if ('kind' in key || key.algorithm !== wanted.keyAlgorithm) return false
  const asked = alternativeNameOf(request.requestedExtensions)
  return (
    sameBytes(request.subject.der, wanted.subject.der) &&
    sameExtension(asked, wanted.subjectAlternativeName)
  )
}

/** Whether both are absent, or equal to the byte, criticality included. */
export function sameExtension(left: Extension | undefined, right: Extension | undefined): boolean {
  if (left === undefined || right === undefined) return left === right
  return left.critical === right.critical && sameBytes(left.value, right.value)
}

export function alternativeNameOf(extensions: readonly Extension[]): Extension | undefined {
  return extensions.find(({ oid }) => oid === extensionCodecs.subjectAltName.oid)
}
