// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import type { CertId } from '#format/ocsp/cert-id.ts'
import { type BasicResponse, parseOcspResponse } from '#format/ocsp/response.ts'
import type { SingleResponse } from '#format/ocsp/response-data.ts'
import { algorithms } from '#format/oids.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { sameName } from '#format/x509/name.ts'
import { dangerouslySha1, sha256 } from '../digest.ts'
import { validatePath } from '../path.ts'
import type { PublicKey } from '../public-key.ts'
import { verifySignatureSync } from '../signature.ts'
import type { TrustAnchor } from '../trust-anchor.ts'
import {
  isFresh,
  type StatusAnswer,
  type StatusQuestion,
  type StatusSource,
} from './status-source.ts'

/** What a responder said, and what it was asked with. */
export interface OcspAnswer {
  /** OCSPResponse, DER. */
  readonly response: Uint8Array
  /** Of the request; absent: it had none, as where an answer was stapled. */
  readonly nonce?: Uint8Array
}

/** An answer without nextUpdate says that there is always a newer one (RFC 6960 section 4.2.2.1): believed for so long. */
const believedHours = 1

/**
 * Answers of OCSP responders as a source: an application fetches them, or has them stapled.
 *
 * Believed is who signed the certificate itself, or whom he certified for it directly (RFC 6960 section 4.2.2.2)
 * with id-pkix-ocsp-nocheck; of others the status would have to be asked in turn.
 *
 * @param answerFor undefined where there is none; MUST NOT throw for what a network does
 */
export function ocspSource(
  answerFor: (question: StatusQuestion) => OcspAnswer | undefined | Promise<OcspAnswer | undefined>,
): StatusSource {
  return {
    name: 'OCSP',
    statusOf: async (question) => {
      const answer = await answerFor(question)
      return answer === undefined ? unknown('there is no answer') : judge(answer, question)
    },
  }
}

/** RFC 6960 section 3.2. */
function judge({ response, nonce }: OcspAnswer, question: StatusQuestion): StatusAnswer {
  const read = parsed(response)
  if (typeof read === 'string') return unknown(`the answer does not read: ${read}`)
  if (read.kind !== 'successful') return unknown(`the responder said ${read.kind}`)
  // 1.
  const single = read.responses.find(({ certId }) => isAbout(certId, question))
  if (single === undefined) return unknown('the answer is about other certificates')
  // RFC 9654 section 2.1: an answer may come without the nonce, never with another one.
  if (nonce !== undefined && read.nonce !== undefined && !sameBytes(nonce, read.nonce))
    return unknown('the answer has the nonce of another request')
  // 2. to 4.
  const signer = signerOf(read, question)
  if (typeof signer === 'string') return unknown(signer)
  if (verifySignatureSync(read.signatureAlgorithm, signer, read.tbs, read.signature) !== true)
    return unknown('the responder did not sign it')
  return said(single, question)
}

/** 5. and 6.; that it was revoked counts however old the answer is. */
function said(
  { status, thisUpdate, nextUpdate }: SingleResponse,
  { at }: StatusQuestion,
): StatusAnswer {
  if (status.kind === 'revoked') return { kind: 'revoked', since: status.at, reason: status.reason }
  if (status.kind === 'unknown') return unknown('the responder does not know it')
  const until = nextUpdate ?? thisUpdate.add({ hours: believedHours })
  return isFresh(thisUpdate, until, at)
    ? { kind: 'good', until }
    : {
        kind: 'outdated',
        because: `the answer of ${thisUpdate} was good until ${until}, it is ${at}`,
      }
}

function parsed(response: Uint8Array): ReturnType<typeof parseOcspResponse> | string {
  try {
    return parseOcspResponse(response)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return error.message
  }
}

/** RFC 6960 section 4.1.1. */
function isAbout(
  { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }: CertId,
  { certificate, issuer }: StatusQuestion,
): boolean {
  if (!sameBytes(serialNumber, certificate.serialNumber)) return false
  const digest = digests.get(hashAlgorithm.oid)
  if (digest === undefined || issuer.certificate === undefined) return false
  return (
    sameBytes(issuerNameHash, digest(certificate.issuer.der)) &&
    sameBytes(issuerKeyHash, digest(issuer.certificate.publicKey.key))
  )
}

/** SHA-1 names here, and proves nothing. */
const digests = new Map<string, (bytes: Uint8Array) => Uint8Array>([
  [algorithms.sha1, dangerouslySha1],
  [algorithms.sha256, sha256],
])

/** The key of who signed, if he may; else why not. */
function signerOf(answer: BasicResponse, { issuer, at }: StatusQuestion): PublicKey | string {
  if (issuer.certificate !== undefined && isResponder(answer, issuer.certificate))
    return issuer.publicKey
  const delegates: Certificate[] = []
  for (const der of answer.certificates) {
    const certificate = parsedCertificate(der)
    if (certificate !== undefined && isResponder(answer, certificate)) delegates.push(certificate)
  }
  const [delegate] = delegates
  if (delegate === undefined) return 'nobody who is known signed the answer'
  return keyOfDelegate(delegate, issuer, at)
}

function keyOfDelegate(
  delegate: Certificate,
  issuer: TrustAnchor,
  at: Temporal.Instant,
): PublicKey | string {
  if (readExtension(delegate.extensions, 'ocspNoCheck') === undefined)
    return "the responder's own certificate would have to be checked (no id-pkix-ocsp-nocheck)"
  // Directly: no authority between the responder and who issued the certificate.
  const valid = validatePath({
    ...{ leaf: delegate, intermediates: [], anchors: [issuer], at, purpose: 'status' },
  })
  return valid.kind === 'refused' ? `its responder: ${valid.detail}` : valid.path.publicKey
}

function parsedCertificate(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der, { unknownCritical: 'keep' })
  } catch (error) {
    if (error instanceof FormatError) return undefined // it may be another's; that of the signer is looked for
    throw error
  }
}

function isResponder({ responder }: BasicResponse, { subject, publicKey }: Certificate): boolean {
  return responder.kind === 'name'
    ? sameName(responder.name, subject)
    : sameBytes(responder.keyHash, dangerouslySha1(publicKey.key))
}

function unknown(because: string): StatusAnswer {
  return { kind: 'unknown', because }
}
