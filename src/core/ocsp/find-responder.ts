// SPDX-License-Identifier: Apache-2.0
import { parseCertificate } from '#format/x509/certificate.ts'
import {
  type KeyAlgorithmName,
  type SignatureAlgorithm,
  signatureAlgorithmFor,
} from '#trust/algorithms.ts'
import { dangerouslySha1 } from '#trust/digest.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { CertificateRecord } from '../ledger/tables.ts'

/** Who answers for one authority: a key that it certified for that and nothing else. RFC 6960 section 4.2.2.2. */
export interface Responder {
  readonly authority: string
  /** The id of its certificate. */
  readonly id: string
  /** Its certificate, DER: sent with every answer. */
  readonly certificate: Uint8Array
  readonly keyId: string
  readonly signatureAlgorithm: SignatureAlgorithm
  /** SHA-1 over the content of its key's BIT STRING: what it is called in an answer. */
  readonly keyHash: Uint8Array
  readonly notBefore: Temporal.Instant
  readonly notAfter: Temporal.Instant
}

/** Whom the certificates of an authority's responders name. */
export function responderOwner(authority: string): string {
  return `ocsp ${authority}`
}

/** The authority of an owner that is a responder; undefined: it is none. */
export function answeredBy(owner: string): string | undefined {
  return owner.startsWith('ocsp ') ? owner.slice('ocsp '.length) : undefined
}

/** Certificates of one authority's responders that are looked at; those that crashes abandoned are passed over. */
const mostLookedAt = 10

/** The newest responder of an authority that is in force; undefined: there is none. */
export async function findResponder(
  authority: string,
  now: Temporal.Instant,
  ledger: Ledger,
): Promise<Responder | undefined> {
  const { items } = await ledger.list('certificate', {
    ...{ by: 'owner', equal: [responderOwner(authority)], where: { state: 'issued' } },
    ...{ descending: true, limit: mostLookedAt },
  })
  const record = items.find((one) => isInForce(one, now))
  const encoding = record && (await ledger.read('encoding', record.id))
  if (record === undefined || encoding === undefined) return undefined
  const { publicKey, notBefore, notAfter } = parseCertificate(encoding.der)
  return {
    ...{ authority, id: record.id, certificate: encoding.der, keyId: record.key },
    ...{ notBefore, notAfter, keyHash: dangerouslySha1(publicKey.key) },
    signatureAlgorithm: signatureAlgorithmFor(record.algorithm as KeyAlgorithmName),
  }
}

/** Whether an authority ever had one. */
export async function hadResponder(authority: string, ledger: Ledger): Promise<boolean> {
  const equal = [responderOwner(authority)]
  return (await ledger.list('certificate', { by: 'owner', equal, limit: 1 })).items.length > 0
}

function isInForce(record: CertificateRecord, now: Temporal.Instant): boolean {
  return record.revokedAt === null && Temporal.Instant.compare(now, record.notAfter) < 0
}

/**
 * Whether its successor is due: a third of its life is left, a month of ninety days, in which whatever
 * stands against it can be mended.
 */
export function isRenewalDue(
  { notBefore, notAfter }: Pick<Responder, 'notBefore' | 'notAfter'>,
  now: Temporal.Instant,
): boolean {
  const life = notAfter.since(notBefore).total('milliseconds')
  return now.until(notAfter).total('milliseconds') <= life / 3
}
