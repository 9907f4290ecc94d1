// SPDX-License-Identifier: Apache-2.0

import { keyIdentifier } from '#core/authority/draft.ts'
import type { CertificateRecord } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { sameBytes } from '#format/bytes.ts'
import type { KeyProtection } from '#format/est/key-protection.ts'
import { algorithms } from '#format/oids.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { refuse } from '#trust/refusal.ts'
import { type SealRecipient, sealableTo } from '#trust/sealed-key.ts'
import type { AdmittedByCode } from '../admitted.ts'
import type { EnrolmentPorts } from '../enrolment-ports.ts'
import type { Identified } from '../identify.ts'

/** Certificates of a device that are looked through, newest first. */
const mostCertificates = 100

interface Candidate {
  readonly certificate: Certificate
  /** Undefined: a birth certificate of another maker, whose path was just validated. */
  readonly record: CertificateRecord | undefined
}

/**
 * The certificate that the key is sealed to: one of this device's own, named by its key identifier, that still counts.
 *
 * Where a certificate has no subjectKeyIdentifier, as our birth certificates, it is named by the leftmost 160 bits of
 * SHA-256 over its SubjectPublicKeyInfo (RFC 7093 section 2, method 4). Of a stranger's certificate nothing is
 * told, not even that there is one.
 *
 * @see RFC 7030 section 4.4.1.2
 */
export async function recipientFor(
  protection: KeyProtection & { readonly kind: 'asymmetric' },
  applicant: Identified | AdmittedByCode,
  ports: EnrolmentPorts,
): Promise<{ readonly kind: 'sealable'; readonly recipient: SealRecipient } | Refused> {
  if (!protection.capabilities.some(({ oid }) => oid === algorithms.aes256Cbc))
    return refuse(
      'key-protection-not-offered',
      `the request can decrypt ${protection.capabilities.map(({ oid }) => oid).join(', ')}; keys are sealed with aes256-CBC (${algorithms.aes256Cbc})`,
    )
  let no: Refused | undefined
  for await (const one of certificatesOf(applicant, ports)) {
    if (!sameBytes(identifierOf(one.certificate), protection.keyIdentifier)) continue
    const sealable = outOfUse(one, ports) ?? sealableTo(one.certificate)
    if (sealable.kind === 'sealable') return sealable
    no ??= sealable
  }
  return (
    no ??
    refuse(
      'certificate-unknown',
      `no certificate of this device has the key identifier ${protection.keyIdentifier.toHex().slice(0, 64)}`,
    )
  )
}

/** What the connection shows, then what the ledger keeps. */
async function* certificatesOf(
  applicant: Identified | AdmittedByCode,
  { ledger }: EnrolmentPorts,
): AsyncGenerator<Candidate> {
  if (applicant.kind === 'identified') yield applicant
  const { items } = await ledger.list('certificate', {
    ...{ by: 'owner', equal: [applicant.device.id], descending: true, limit: mostCertificates },
  })
  for (const record of items) {
    const encoding = await ledger.read('encoding', record.id)
    if (encoding !== undefined) yield { record, certificate: parseCertificate(encoding.der) }
  }
}

function identifierOf({ extensions, publicKey }: Certificate): Uint8Array {
  return readExtension(extensions, 'subjectKeyIdentifier') ?? keyIdentifier(publicKey.der)
}

function outOfUse(
  { certificate, record }: Candidate,
  { clock }: EnrolmentPorts,
): Refused | undefined {
  const what = 'the certificate to seal the key to'
  if (record?.state === 'revoked' || record?.state === 'abandoned')
    return refuse('certificate-revoked', `${what} was revoked`)
  if (record?.state === 'held') return refuse('certificate-held', `${what} is suspended`)
  const { notAfter } = certificate
  if (Temporal.Instant.compare(notAfter, clock.now()) < 0)
    return refuse('certificate-expired', `${what} expired at ${notAfter}`)
  return record?.state === 'retired'
    ? refuse('certificate-retired', `${what} was replaced and retired`)
    : undefined
}
