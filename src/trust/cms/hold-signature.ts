// SPDX-License-Identifier: Apache-2.0
/** The signatures of a CMS SignedData by themselves: whether they hold, not whom a device believes. RFC 5652 section 5.6. */
import { sameBytes } from '#format/bytes.ts'
import { readCommonAttributes, type SignedAttributes } from '#format/cms/signed-attributes.ts'
import {
  encodeSignedAttributes,
  type SignerIdentifier,
  type SignerInfo,
} from '#format/cms/signer-info.ts'
import type { Oid } from '#format/der/oid.ts'
import { FormatError } from '#format/format-error.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { sameName } from '#format/x509/name.ts'
import type { SignerClaim } from '../artefact/judge-signer.ts'
import { type ArtefactRefused, refuseFormat } from '../artefact/refusal.ts'
import type { DigestName } from '../digest-signature.ts'
import { importPublicKey, type PublicKey } from '../public-key.ts'
import { refuse } from '../refusal.ts'
import { verifySignature } from '../signature.ts'
import { findCmsAlgorithm, findDigest, mayStandWith } from './digests.ts'

/** The digest of the content, wherever that is; asked once for each kind. */
export type DigestOf = (name: DigestName) => Promise<Uint8Array>

/** Strangers that do not read are passed over: whoever signed has to be among those that do. */
export function readCertificates(ders: readonly Uint8Array[]): Certificate[] {
  const certificates: Certificate[] = []
  for (const der of ders) {
    try {
      certificates.push(parseCertificate(der, { unknownCritical: 'keep' }))
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
    }
  }
  return certificates
}

/** A signature that holds; `chain` begins with the certificate of who made it. */
export interface HeldSignature extends SignerClaim {
  readonly kind: 'held'
}

/** The signature alone: of this content, by the key of the certificate that it names. */
export async function holdSignature(
  info: SignerInfo,
  contentType: Oid,
  certificates: readonly Certificate[],
  digestOf: DigestOf,
): Promise<HeldSignature | ArtefactRefused> {
  const leaf = certificates.find((one) => isNamedBy(one, info.signer))
  if (leaf === undefined)
    return refuse(
      'artefact-signer-unknown',
      `the certificate of signer ${shown(info.signer)} is not in the CMS`,
    )
  const publicKey = importPublicKey(leaf.publicKey)
  if ('kind' in publicKey) return publicKey
  const said = attributesOf(info)
  if ('kind' in said) return said
  const no =
    (await refuseContent(info, said, contentType, digestOf)) ??
    (await refuseSignature(info, publicKey))
  if (no !== undefined) return no
  const chain = [leaf, ...certificates.filter((one) => one !== leaf)]
  return { kind: 'held', publicKey, chain, claimedAt: said.signingTime }
}

/** Whether a signer names this certificate. */
export function isNamedBy(certificate: Certificate, signer: SignerIdentifier): boolean {
  if (signer.kind === 'certificate')
    return (
      sameBytes(certificate.serialNumber, signer.serialNumber) &&
      sameName(certificate.issuer, signer.issuer)
    )
  const identifier = readExtension(certificate.extensions, 'subjectKeyIdentifier')
  return identifier !== undefined && sameBytes(identifier, signer.keyIdentifier)
}

function shown(signer: SignerIdentifier): string {
  return signer.kind === 'certificate'
    ? `with serial number ${signer.serialNumber.toHex()}`
    : `with key identifier ${signer.keyIdentifier.toHex().slice(0, 64)}`
}

function attributesOf(info: SignerInfo): SignedAttributes | ArtefactRefused {
  if (info.signedAttributes.length === 0)
    return refuse('artefact-field-not-allowed', 'a signer of the CMS has no signed attributes')
  try {
    return readCommonAttributes(info.signedAttributes)
  } catch (error) {
    if (error instanceof FormatError) return refuseFormat(error)
    throw error
  }
}

/** 5.6: the attributes are of this content. */
async function refuseContent(
  info: SignerInfo,
  { contentType, messageDigest }: SignedAttributes,
  expected: Oid,
  digestOf: DigestOf,
): Promise<ArtefactRefused | undefined> {
  // 11.1: it MUST match, so that a signature over one kind of content is none over another.
  if (contentType !== expected)
    return refuse(
      'artefact-of-another-form',
      `the signed attributes are of content of type ${contentType}, not ${expected}`,
    )
  const digest = findDigest(info.digestAlgorithm)
  if (digest === undefined)
    return refuse('signature-algorithm-unknown', `digest ${info.digestAlgorithm.oid} is not known`)
  if (!sameBytes(await digestOf(digest), messageDigest))
    return refuse('artefact-digest-wrong', `the ${digest} of the content is not the signed one`)
  return undefined
}

async function refuseSignature(
  info: SignerInfo,
  key: PublicKey,
): Promise<ArtefactRefused | undefined> {
  const digest = findDigest(info.digestAlgorithm)
  const algorithm = digest && findCmsAlgorithm(info.signatureAlgorithm, digest)
  if (digest === undefined || algorithm === undefined)
    return refuse(
      'signature-algorithm-unknown',
      `signature algorithm ${info.signatureAlgorithm.oid} is not known`,
    )
  if (!mayStandWith(algorithm.row, digest))
    return refuse(
      'signature-algorithm-unknown',
      `${algorithm.row.name} does not stand with ${digest}`,
    )
  const over = encodeSignedAttributes(info.signedAttributes)
  const genuine = await verifySignature(algorithm.identifier, key, over, info.signature)
  if (genuine === true) return undefined
  return genuine === false
    ? refuse('signature-wrong', `signer ${shown(info.signer)} did not sign this`)
    : genuine
}
