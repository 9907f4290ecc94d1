// SPDX-License-Identifier: Apache-2.0
/** Whether a time-stamp says what it seems to say. RFC 3161 section 2.4.2, RFC 5035. */
import { createHash } from 'node:crypto'
import { sameBytes } from '#format/bytes.ts'
import { parseSignedData, type SignedData } from '#format/cms/signed-data.ts'
import type { SignerInfo } from '#format/cms/signer-info.ts'
import { FormatError } from '#format/format-error.ts'
import { contentTypes, keyPurposes } from '#format/oids.ts'
import { parseTstInfo, type TstInfo } from '#format/time-stamp/tst-info.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { isCritical, readExtension } from '#format/x509/extension.ts'
import type { ArtefactRefused } from '../artefact/refusal.ts'
import { findDigest } from '../cms/digests.ts'
import { holdSignature, readCertificates } from '../cms/hold-signature.ts'
import { validatePath } from '../path.ts'
import { type Refused, refuse } from '../refusal.ts'
import { anchorOf, type TrustAnchor } from '../trust-anchor.ts'
import { namesCertificate } from './signing-certificate.ts'

export interface StampQuestion {
  /** TimeStampToken, DER. */
  readonly token: Uint8Array
  /** What was stamped: the octets of a signature. */
  readonly over: Uint8Array
  /** Roots of time-stamp authorities. */
  readonly roots: readonly Certificate[]
  /** Certificates from around, for a token that bears none. */
  readonly others: readonly Certificate[]
}

export interface ProvedStamp {
  readonly kind: 'stamped'
  /** The latest moment that it may mean: what it says and how far that may be off. */
  readonly at: Temporal.Instant
  readonly info: TstInfo
  readonly certificate: Certificate
}

/**
 * Judged as of the moment that it says: a token outlives the certificate of who stamped.
 *
 * Its signer is certified for time-stamps and nothing else, critically (RFC 3161 section 2.3), and named under the
 * signature. Whether that certificate was revoked since is for who has lists to look.
 */
export async function verifyTimeStamp(
  question: StampQuestion,
): Promise<ProvedStamp | ArtefactRefused> {
  try {
    return await verify(question)
  } catch (error) {
    if (error instanceof FormatError) return wrong(`the time-stamp does not read: ${error.message}`)
    throw error
  }
}

async function verify(question: StampQuestion): Promise<ProvedStamp | ArtefactRefused> {
  const message = parseSignedData(question.token, { order: 'any' })
  const [signer, ...more] = message.signers
  const { content, contentType } = message
  if (contentType !== contentTypes.timeStamp)
    return wrong(`it is over content of type ${contentType}, which is no time-stamp`)
  if (signer === undefined || more.length > 0)
    return wrong(`a time-stamp has one signer, this one has ${message.signers.length}`)
  if (content === undefined) return wrong('the time-stamp says nothing')
  const info = parseTstInfo(content)
  const no = refuseImprint(info, question.over)
  if (no !== undefined) return no
  const leaf = await signerOf(message, signer, content, question)
  if ('reason' in leaf) return leaf
  const { genTime, accuracy } = info
  const at = accuracy === undefined ? genTime : genTime.add(accuracy)
  return { kind: 'stamped', at, info, certificate: leaf }
}

function refuseImprint({ messageImprint }: TstInfo, over: Uint8Array): ArtefactRefused | undefined {
  const digest = findDigest(messageImprint.hashAlgorithm)
  if (digest === undefined)
    return wrong(`it is over a digest by ${messageImprint.hashAlgorithm.oid}, which is not known`)
  const expected = createHash(digest).update(over).digest()
  return sameBytes(expected, messageImprint.hashedMessage)
    ? undefined
    : wrong('it is over something else than this signature')
}

async function signerOf(
  message: SignedData,
  signer: SignerInfo,
  content: Uint8Array,
  { roots, others }: StampQuestion,
): Promise<Certificate | ArtefactRefused> {
  const certificates = [...readCertificates(message.certificates), ...others]
  const held = await holdSignature(signer, contentTypes.timeStamp, certificates, async (name) =>
    Uint8Array.from(createHash(name).update(content).digest()),
  )
  if (held.kind === 'refused') return wrong(held.detail)
  const [leaf, ...intermediates] = held.chain
  if (leaf === undefined) return wrong('its signer has no certificate')
  if (!namesCertificate(signer.signedAttributes, leaf))
    return wrong('its signed attributes name another certificate')
  const purposes = readExtension(leaf.extensions, 'extKeyUsage')
  const isForStamps =
    purposes?.length === 1 &&
    purposes[0] === keyPurposes.timeStamping &&
    isCritical(leaf.extensions, 'extKeyUsage')
  if (!isForStamps)
    return wrong('its signer is not certified for time-stamps and nothing else, critically')
  const anchors = anchorsOf(roots)
  if ('reason' in anchors) return anchors
  const at = parseTstInfo(content).genTime
  const valid = validatePath({ leaf, intermediates, anchors, at, purpose: 'any' })
  return valid.kind === 'refused' ? wrong(valid.detail) : leaf
}

function anchorsOf(roots: readonly Certificate[]): readonly TrustAnchor[] | Refused {
  const anchors: TrustAnchor[] = []
  for (const root of roots) {
    const made = anchorOf(root)
    if (made.kind === 'refused') return made
    anchors.push(made.anchor)
  }
  return anchors
}

function wrong(detail: string): ArtefactRefused {
  return refuse('artefact-stamp-wrong', detail)
}
