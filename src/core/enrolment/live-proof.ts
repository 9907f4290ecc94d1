// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import type { CertificationRequest } from '#format/x509/certification-request.ts'
import { sameSecret } from '#trust/digest.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { isVouchedFor, type LiveProof } from '../devices/second-owner.ts'
import type { Attestation } from '../ledger/tables.ts'
import { parseCertificateOrRefuse } from './read.ts'
import type { EnrolmentRequest } from './request.ts'

/**
 * By what a request shows that its sender holds the key now, and did not find the request somewhere.
 *
 * What a proxy or a registrar says is their word: they may tell of connections that never were, so nothing that they
 * say counts here. A ticket counts through anybody: the TPM answered a nonce of ours a few minutes ago.
 *
 * @param attestation of the ticket that came with it
 */
export function liveProofOf(
  publicKey: Pick<PublicKey, 'fingerprint'>,
  { challengePassword }: Pick<CertificationRequest, 'challengePassword'>,
  request: EnrolmentRequest,
  attestation?: Attestation,
): LiveProof | undefined {
  if (isChallenged(publicKey, attestation)) return 'challenge'
  const { proxy, connectionCertificate, channelBinding } = request
  if (proxy !== undefined) return undefined
  if (connectionCertificate !== undefined && isOver(connectionCertificate, publicKey))
    return 'connection'
  // Whoever stands between has a connection of its own, which no device's request names.
  return channelBinding !== undefined && challengePassword !== undefined
    ? namesConnection(challengePassword, channelBinding)
    : undefined
}

/**
 * A TPM that its maker vouches for certifies no key but one that is in it, and did so over a nonce of ours; any other
 * may say that of whatever key it likes. A maker's certificate of an element has no nonce: its key was proved long ago.
 */
function isChallenged(
  { fingerprint }: Pick<PublicKey, 'fingerprint'>,
  attestation: Attestation | undefined,
): boolean {
  return (
    attestation !== undefined &&
    attestation.nonce !== null &&
    isVouchedFor(attestation.facts) &&
    sameBytes(attestation.keyFingerprint, fingerprint)
  )
}

function isOver(certificate: Uint8Array, { fingerprint }: Pick<PublicKey, 'fingerprint'>): boolean {
  const read = parseCertificateOrRefuse(certificate)
  if (read.kind === 'refused') return false
  const key = importPublicKey(read.certificate.publicKey)
  return !('kind' in key) && sameBytes(key.fingerprint, fingerprint)
}

function namesConnection(said: string, binding: Uint8Array): LiveProof | undefined {
  const encoder = new TextEncoder()
  const isSame = sameSecret(encoder.encode(said), encoder.encode(binding.toBase64()))
  return isSame ? 'request' : undefined
}
