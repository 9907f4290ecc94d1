// SPDX-License-Identifier: Apache-2.0
/** Certificates and requests for tests, each part at the caller's choice; made by our own encoder and keys. */
import type { KeyObject } from 'node:crypto'
import {
  type Certificate,
  encodeSigned,
  encodeTbsCertificate,
  parseCertificate,
} from '#format/x509/certificate.ts'
import {
  type CertificationRequest,
  encodeCertificationRequestInfo,
  parseCertificationRequest,
} from '#format/x509/certification-request.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import { type Name, parseNameText } from '#format/x509/name.ts'
import { type KeyAlgorithmName, signatureAlgorithmFor } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey, type KeyPair, sign } from '#trust/private-key.ts'
import { anchorOf, type TrustAnchor } from '#trust/trust-anchor.ts'

/** When made certificates are valid, unless said otherwise: all of 2027. */
export const madeNotBefore = Temporal.Instant.from('2027-01-01T00:00:00Z')
export const madeNotAfter = Temporal.Instant.from('2027-12-31T23:59:59Z')
/** A moment within. */
export const madeNow = Temporal.Instant.from('2027-06-01T12:00:00Z')

/** Someone who has a name and a key, and can sign with it. */
export interface Entity {
  readonly name: Name
  readonly pair: KeyPair
}

export async function makeEntity(
  nameText: string,
  algorithm: KeyAlgorithmName = 'p-256',
): Promise<Entity> {
  return { name: parseNameText(nameText), pair: await generateKey(algorithm) }
}

export interface Wish {
  readonly extensions?: readonly Extension[]
  readonly notBefore?: Temporal.Instant
  readonly notAfter?: Temporal.Instant
  /** Another key than the issuer's to sign with. */
  readonly signedBy?: KeyObject
  readonly serial?: number
  /** Its octets, where they have to be those of an authority of ours. */
  readonly serialNumber?: Uint8Array
}

let serial = 1

/** Certifies the subject by the issuer, as it stands in the wish: no extension is added. */
export async function certify(
  subject: Entity,
  issuer: Entity,
  wish: Wish = {},
): Promise<Certificate> {
  const algorithm = signatureAlgorithmFor(issuer.pair.publicKey.algorithm)
  const toBeSigned = encodeTbsCertificate({
    serialNumber:
      wish.serialNumber ??
      Uint8Array.of(0x40, ...new Uint8Array(new Uint32Array([wish.serial ?? serial++]).buffer)),
    signatureAlgorithm: algorithm.identifier,
    issuer: issuer.name,
    notBefore: wish.notBefore ?? madeNotBefore,
    notAfter: wish.notAfter ?? madeNotAfter,
    subject: subject.name,
    publicKey: subject.pair.publicKey.spki,
    extensions: wish.extensions ?? [],
  })
  const signature = await sign(wish.signedBy ?? issuer.pair.privateKey, algorithm, toBeSigned)
  const der = encodeSigned(toBeSigned, algorithm.identifier, signature)
  return parseCertificate(der, { unknownCritical: 'keep' })
}

/** basicConstraints, keyUsage and key identifier of an authority. */
export function authorityExtensions(entity: Entity, pathLength?: number): Extension[] {
  return [
    encodeExtension('basicConstraints', {
      ca: true,
      ...(pathLength === undefined ? {} : { pathLength }),
    }),
    encodeExtension('keyUsage', ['keyCertSign', 'cRLSign']),
    encodeExtension('subjectKeyIdentifier', keyIdentifierOf(entity)),
  ]
}

export function keyIdentifierOf({ pair }: Entity): Uint8Array {
  return sha256(pair.publicKey.spki).slice(0, 20)
}

/** An authority's certificate, self-signed unless an issuer is given, with the usual extensions and more. */
export function certifyAuthority(
  subject: Entity,
  issuer: Entity = subject,
  more: readonly Extension[] = [],
  pathLength?: number,
  wish: Wish = {},
): Promise<Certificate> {
  const extensions = [...authorityExtensions(subject, pathLength), ...more]
  return certify(subject, issuer, { extensions, ...wish })
}

export function makeAnchor(certificate: Certificate): TrustAnchor {
  const made = anchorOf(certificate)
  if (made.kind === 'refused') throw new Error(made.detail)
  return made.anchor
}

/** A request signed by the entity's key, or by another. */
export async function request(
  entity: Entity,
  signedBy: KeyObject = entity.pair.privateKey,
  signedAs: KeyAlgorithmName = entity.pair.publicKey.algorithm,
): Promise<CertificationRequest> {
  const algorithm = signatureAlgorithmFor(signedAs)
  const info = encodeCertificationRequestInfo({
    subject: entity.name,
    publicKey: entity.pair.publicKey.spki,
  })
  const signature = await sign(signedBy, algorithm, info)
  return parseCertificationRequest(encodeSigned(info, algorithm.identifier, signature))
}
