// SPDX-License-Identifier: Apache-2.0
import { encodeArchiveCutoff, encodeNonce } from '#format/ocsp/nonce.ts'
import { encodeOcspResponse } from '#format/ocsp/response.ts'
import { encodeResponseData, type SingleResponse } from '#format/ocsp/response-data.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import type { SigningKeys } from '../authority/signing-key.ts'
import { isOfThisHouse } from '../ledger/authority-origin.ts'
import { answerLife } from './answer-life.ts'
import type { Answer } from './answers.ts'
import type { Responder } from './find-responder.ts'
import type { NamedIssuer } from './issuers.ts'
import { type Judgement, wholeSecond } from './judge.ts'

/** One certificate that was asked for, with what is to be said of it. */
export interface Judged {
  readonly issuer: NamedIssuer
  readonly serialNumber: Uint8Array
  readonly judgement: Judgement
}

/** Signs one answer about some certificates of one authority. @throws Fault as `SigningKeys.sign` does */
export async function signAnswer(
  judged: readonly Judged[],
  nonce: Uint8Array | undefined,
  responder: Responder,
  now: Temporal.Instant,
  keys: Pick<SigningKeys, 'sign'>,
): Promise<Answer> {
  const thisUpdate = wholeSecond(now)
  const nextUpdate = endOf(judged, responder, thisUpdate)
  const tbs = encodeResponseData({
    responder: { kind: 'key', keyHash: responder.keyHash },
    producedAt: thisUpdate,
    responses: judged.map((one) => singleResponse(one, thisUpdate, nextUpdate)),
    extensions: nonce === undefined ? [] : [encodeNonce(nonce)],
  })
  const { identifier } = responder.signatureAlgorithm
  const der = encodeOcspResponse({
    ...{ tbs, signatureAlgorithm: identifier },
    signature: await keys.sign(responder.keyId, tbs),
    certificates: [responder.certificate],
  })
  const [beginsAt, endsAt] = [thisUpdate.epochMilliseconds, nextUpdate.epochMilliseconds]
  return {
    ...{ der, thisUpdate, nextUpdate },
    endsAtMilliseconds: endsAt,
    refreshAtMilliseconds: (beginsAt + endsAt) / 2,
  }
}

/** The shortest life of all that is said, and never past the end of who says it. */
function endOf(
  judged: readonly Judged[],
  { notAfter }: Responder,
  thisUpdate: Temporal.Instant,
): Temporal.Instant {
  return judged
    .map(({ judgement }) => thisUpdate.add(answerLife[judgement.life].span))
    .reduce((first, end) => (Temporal.Instant.compare(end, first) < 0 ? end : first), notAfter)
}

function singleResponse(
  { issuer, serialNumber, judgement }: Judged,
  thisUpdate: Temporal.Instant,
  nextUpdate: Temporal.Instant,
): SingleResponse {
  const { hashAlgorithm, issuerNameHash, issuerKeyHash } = issuer
  return {
    certId: { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber },
    ...{ status: judgement.status, thisUpdate, nextUpdate },
    extensions: cutoffOf(issuer, judgement, thisUpdate),
  }
}

/**
 * Of a certificate that has ended it is still known whether it was revoked, since the beginning of its
 * authority; of one that came from elsewhere, what was forgotten there nobody knows.
 *
 * @see RFC 6960 section 4.4.4
 */
function cutoffOf({ authority }: NamedIssuer, { notAfter }: Judgement, now: Temporal.Instant) {
  const hasEnded = notAfter !== undefined && Temporal.Instant.compare(notAfter, now) <= 0
  if (!hasEnded || !isOfThisHouse(authority)) return []
  return [encodeArchiveCutoff(parseCertificate(authority.certificate).notBefore)]
}
