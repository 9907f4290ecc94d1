// SPDX-License-Identifier: Apache-2.0

import type { Enrolment } from '#core/ledger/tables.ts'
import { type Members, readObject } from '#format/attestation/members.ts'
import { FormatError } from '#format/format-error.ts'
import { parsePublic } from '#format/tpm/structure/public.ts'
import { parseTpmSignature, signatureOctets } from '#format/tpm/structure/signature.ts'
import { encodeSpki } from '#format/tpm/structure/spki.ts'
import {
  type CertificationRequest,
  parseCertificationRequest,
} from '#format/x509/certification-request.ts'
import type { SubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { type CurveName, isCurveName } from '#trust/weak-keys/nonces/curve.ts'
import { type EcdsaParts, ecdsaDigestOf, partsOf } from '#trust/weak-keys/nonces/ecdsa-signature.ts'

/** An ECDSA signature, and whose it is. */
export interface SignedMessage extends EcdsaParts {
  readonly keyFingerprint: Uint8Array
  readonly curve: CurveName
}

/** The signature of a request, whose possession was proved; undefined: its key is of another family. */
export function signedRequest(request: CertificationRequest): SignedMessage | undefined {
  const { signatureAlgorithm, publicKey, info, signature } = request
  const digest = ecdsaDigestOf(signatureAlgorithm)
  return digest === undefined
    ? undefined
    : signedBy(publicKey, (curve) => partsOf(curve, digest, info, signature))
}

/** What the key of an enrolment signed: nothing where the house made the key, or asked for itself. */
export function signedEnrolment({
  request,
  possession,
}: Pick<Enrolment, 'request' | 'possession'>): SignedMessage | undefined {
  if (request.length === 0 || possession === 'none') return undefined
  return readOrPass(() => signedRequest(parseCertificationRequest(request)))
}

/** As `bookProof` writes it (core/attestation/book-proof.ts). */
const evidenceNames = [
  'format',
  'nonce',
  'attestationKey',
  'public',
  'attest',
  'signature',
  'quote',
]
const quoteNames = ['attest', 'signature', 'values']

/** Far more than any evidence has. */
const mostEvidenceBytes = 1_048_576
const mostPartBytes = 65_536

/** What the attestation key of a TPM signed, where it is one for ECDSA. */
export function signedEvidence(evidence: Uint8Array): readonly SignedMessage[] {
  return (
    readOrPass(() => {
      const members = readObject(evidence, mostEvidenceBytes, evidenceNames, 'passed-over')
      const key = encodeSpki(parsePublic(members.bytes('attestationKey', mostPartBytes)))
      const claims = [members, ...quoteIn(members)]
      return claims.flatMap((claim) => attested(claim, key) ?? [])
    }) ?? []
  )
}

function quoteIn(members: Members): readonly Members[] {
  return members.has('quote') ? [members.object('quote', quoteNames)] : []
}

function attested(claim: Members, key: SubjectPublicKeyInfo): SignedMessage | undefined {
  const signature = parseTpmSignature(claim.bytes('signature', mostPartBytes))
  if (signature.scheme !== 'ecdsa') return undefined
  const message = claim.bytes('attest', mostPartBytes)
  return signedBy(key, (curve) =>
    partsOf(curve, signature.hash, message, signatureOctets(signature)),
  )
}

function signedBy(
  spki: SubjectPublicKeyInfo,
  take: (curve: CurveName) => EcdsaParts | undefined,
): SignedMessage | undefined {
  const key = importPublicKey(spki)
  if ('kind' in key || !isCurveName(key.algorithm)) return undefined
  const parts = take(key.algorithm)
  return parts && { ...parts, keyFingerprint: key.fingerprint, curve: key.algorithm }
}

/** What was taken long ago by other rules than today's is no reason to stop. */
function readOrPass<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return undefined
  }
}
