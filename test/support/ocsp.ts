// SPDX-License-Identifier: Apache-2.0
/** What a client of OCSP does: names a certificate, asks, and believes only what was signed by who may. */
import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import type { Authority } from '#core/ledger/tables.ts'
import type { CertId } from '#format/ocsp/cert-id.ts'
import { encodeNonce } from '#format/ocsp/nonce.ts'
import { encodeOcspRequest, type OcspRequest, parseOcspRequest } from '#format/ocsp/request.ts'
import { type BasicResponse, parseOcspResponse } from '#format/ocsp/response.ts'
import { algorithms, keyPurposes } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { verifySignature } from '#trust/signature.ts'

const digests = { sha1: algorithms.sha1, sha256: algorithms.sha256 } as const

/** Names a serial of an authority, with the NULL that most clients write. */
export function certIdOf(
  { certificate }: Pick<Authority, 'certificate'>,
  serialNumber: Uint8Array,
  digest: keyof typeof digests = 'sha1',
): CertId {
  const { subject, publicKey } = parseCertificate(certificate)
  const hash = (bytes: Uint8Array) => new Uint8Array(createHash(digest).update(bytes).digest())
  return {
    hashAlgorithm: encodeAlgorithmIdentifier(digests[digest], Uint8Array.of(5, 0)),
    ...{ issuerNameHash: hash(subject.der), issuerKeyHash: hash(publicKey.key), serialNumber },
  }
}

/** A request, DER, about certificates by their CertIDs. */
export function questionAbout(certIds: readonly CertId[], nonce?: Uint8Array): Uint8Array {
  return encodeOcspRequest({
    requests: certIds.map((certId) => ({ certId, extensions: [] })),
    extensions: nonce === undefined ? [] : [encodeNonce(nonce)],
  })
}

export function parsedQuestion(certIds: readonly CertId[], nonce?: Uint8Array): OcspRequest {
  return parseOcspRequest(questionAbout(certIds, nonce))
}

/** A signed answer, once all is true that a careful client asks of it; its error's name otherwise. */
export async function believed(
  der: Uint8Array,
  issuer: Pick<Authority, 'certificate'>,
): Promise<BasicResponse> {
  const response = parseOcspResponse(der)
  if (response.kind !== 'successful') return assert.fail(response.kind)
  const [bytes = new Uint8Array()] = response.certificates
  const responder = parseCertificate(bytes)
  const authority = new X509Certificate(issuer.certificate)
  const shown = new X509Certificate(bytes)
  assert.ok(shown.checkIssued(authority) && shown.verify(authority.publicKey), 'issued directly')
  assert.deepEqual(readExtension(responder.extensions, 'extKeyUsage'), [keyPurposes.ocspSigning])
  assert.equal(readExtension(responder.extensions, 'ocspNoCheck'), null)
  const key = importPublicKey(responder.publicKey)
  if ('kind' in key) return assert.fail(key.detail)
  const { tbs, signature, signatureAlgorithm } = response
  assert.equal(await verifySignature(signatureAlgorithm, key, tbs, signature), true)
  for (const { thisUpdate, nextUpdate } of response.responses) {
    assert.ok(nextUpdate && Temporal.Instant.compare(thisUpdate, nextUpdate) < 0)
    assert.ok(Temporal.Instant.compare(nextUpdate, responder.notAfter) <= 0, 'not past its end')
  }
  return response
}
