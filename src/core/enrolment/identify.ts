// SPDX-License-Identifier: Apache-2.0

import { attributeTypes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { attributeOf } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { type ValidPath, validatePath } from '#trust/path.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { CertificateRecord, Device, Key } from '../ledger/tables.ts'
import { checkDevice } from '../policy/check-device.ts'
import { checkEnded } from '../policy/check-ended.ts'
import { checkKeyState } from '../policy/check-key.ts'
import type { Proof } from '../policy/profile.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Learning } from '../recovery/learn.ts'
import type { Refused } from '../refusal.ts'
import { isListedElsewhere } from '../revocation/listed-elsewhere.ts'
import { identifyByElement } from './by-element.ts'
import type { Doors } from './doors.ts'
import { parseCertificateOrRefuse } from './read.ts'

/** A device that proved itself, and by what. */
export interface Identified {
  readonly kind: 'identified'
  readonly device: Device
  readonly proof: Proof
  /** The code's id, the certificate's id, or the fingerprint of a foreign one. */
  readonly credential: string
  /** The presented certificate; `record` is undefined for a foreign birth certificate. */
  readonly certificate: Certificate
  readonly record: CertificateRecord | undefined
  /** The key of a foreign birth certificate that the ledger has never seen. */
  readonly newBirthKey?: PublicKey
}

/** Refused, since the key has another owner; with who that is, for those who watch. */
export interface KeyConflict extends Refused {
  readonly conflict: { readonly key: Key; readonly stranger: string }
}

export interface IdentifyingPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly doors: Doors
  /** Of a restored installation: takes up a certificate of ours that the restore lost. */
  learn?(certificate: Certificate): Promise<Learning>
}

/**
 * Tells which device stands behind a certificate chain whose key the connection proved.
 *
 * One of ours is known by its exact bytes, so nothing about it has to be believed; its expiry is *not*
 * judged here (a profile may renew after expiry). One over the key of a known element is known by that key, and
 * nothing else of it counts. A foreign one is a birth certificate: its path must
 * lead to an authority that was registered, and its device must be expected.
 */
export async function identify(
  chain: readonly Uint8Array[],
  ports: IdentifyingPorts,
): Promise<Identified | Refused> {
  const [leaf] = chain
  if (leaf === undefined) {
    return refuse('credential-missing', 'the connection shows no client certificate')
  }
  const certificate = parseCertificateOrRefuse(leaf)
  if (certificate.kind === 'refused') return certificate
  const digest = sha256(leaf)
  let record = await ports.ledger.find('certificate', 'sha256', [digest])
  if (record === undefined && ports.learn !== undefined) {
    const learning = await ports.learn(certificate.certificate)
    if (learning.kind === 'refused') return learning
    if (learning.kind === 'learnt')
      record = await ports.ledger.find('certificate', 'sha256', [digest])
  }
  if (record !== undefined) return identifyOwn(record, certificate.certificate, ports)
  return (
    (await identifyByElement(certificate.certificate, ports.ledger)) ??
    identifyForeign(certificate.certificate, chain.slice(1), ports)
  )
}

async function identifyOwn(
  record: CertificateRecord,
  certificate: Certificate,
  { ledger, clock }: IdentifyingPorts,
): Promise<Identified | Refused> {
  const ended = checkEnded(record, clock.now())
  if (ended?.reason === 'certificate-held') return (await heldDevice(record, ledger)) ?? ended
  if (ended !== undefined) return ended
  if (record.kind !== 'birth' && record.kind !== 'working') {
    return refuse(
      'certificate-wrong-purpose',
      `a ${record.kind} certificate is no device's identity`,
    )
  }
  const device = await ledger.read('device', record.owner)
  if (device === undefined)
    return refuse('device-unknown', 'the device of this certificate is not known')
  const proof = record.kind === 'birth' ? 'birth-certificate' : 'current-certificate'
  return { kind: 'identified', device, proof, credential: record.id, certificate, record }
}

/** Whoever stands before a device that was held back is told so, and not of one certificate of it. */
async function heldDevice(
  { owner }: CertificateRecord,
  ledger: Ledger,
): Promise<Refused | undefined> {
  const device = await ledger.read('device', owner)
  return device && checkDevice(device)
}

async function identifyForeign(
  certificate: Certificate,
  others: readonly Uint8Array[],
  { ledger, clock, doors }: IdentifyingPorts,
): Promise<Identified | Refused> {
  if (doors.foreign.length === 0) {
    return refuse('certificate-unknown', 'the presented certificate was not issued here')
  }
  const intermediates: Certificate[] = []
  for (const der of others) {
    const read = parseCertificateOrRefuse(der)
    if (read.kind === 'refused') return read
    intermediates.push(read.certificate)
  }
  const path = validatePath({
    leaf: certificate,
    intermediates,
    anchors: doors.foreign.map(({ anchor }) => anchor),
    at: clock.now(),
    purpose: 'device',
  })
  if (path.kind === 'refused') return path
  const vouching = doors.foreign.find((one) => one.anchor === path.path.anchor)
  const revoked = vouching && (await refuseListed(path.path, vouching.authority.id, ledger))
  if (revoked !== undefined) return revoked
  const serial = attributeOf(certificate.subject, attributeTypes.serialNumber)
  if (vouching === undefined || serial === undefined) {
    return refuse('device-unknown', 'the birth certificate carries no subject serialNumber')
  }
  const devices: Device[] = []
  for (const product of vouching.authority.products) {
    const device = await ledger.find('device', 'serial', [product, serial])
    if (device !== undefined) devices.push(device)
  }
  const [device, another] = devices
  if (another !== undefined) {
    return refuse('device-unknown', `serial ${serial} is expected of more than one product here`)
  }
  if (device === undefined) {
    return refuse('device-unknown', `no device with serial ${serial} is expected here`)
  }
  return identifiedByBirth(certificate, device, ledger)
}

/** What the anchor itself signed, the leaf or who stands between, may stand on the list of it that was brought. */
async function refuseListed(
  { certificates }: ValidPath,
  authority: string,
  ledger: Ledger,
): Promise<Refused | undefined> {
  const top = certificates.at(-1)
  return top !== undefined && (await isListedElsewhere(authority, top.serialNumber, ledger))
    ? refuse('certificate-revoked', 'its issuer revoked it, as the list says that was brought here')
    : undefined
}

/** A foreign birth key obeys the rule of one owner and one purpose too. */
async function identifiedByBirth(
  certificate: Certificate,
  device: Device,
  ledger: Ledger,
): Promise<Identified | KeyConflict | Refused> {
  const key = importPublicKey(certificate.publicKey)
  if ('kind' in key) return key
  const known = await ledger.find('key', 'fingerprint', [key.fingerprint])
  if (known !== undefined && known.owner !== device.id) {
    const no = refuse(
      'key-has-another-owner',
      'the key of this certificate belongs to another owner',
    )
    return { ...no, conflict: { key: known, stranger: device.id } }
  }
  if (known !== undefined && known.purpose !== 'birth') {
    return refuse(
      'key-has-another-owner',
      `the key of this certificate serves as ${known.purpose} key already`,
    )
  }
  const outOfUse = known && checkKeyState(known)
  if (outOfUse !== undefined) return outOfUse
  return {
    kind: 'identified',
    device,
    proof: 'birth-certificate',
    credential: sha256(certificate.der).toHex(),
    certificate,
    record: undefined,
    ...(known === undefined && { newBirthKey: key }),
  }
}
