// SPDX-License-Identifier: Apache-2.0
import { parseCertificate } from '#format/x509/certificate.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import type { ArtefactSigner } from '#trust/artefact/form.ts'
import { importPublicKey } from '#trust/public-key.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { CertificateRecord } from '../ledger/tables.ts'

/** Who says when a signature was there: a key that is certified for that and nothing else. RFC 3161 section 2.3. */
export interface Stamper {
  /** The id of its certificate. */
  readonly id: string
  readonly authority: string
  readonly keyId: string
  /** Its certificate and those of the authorities above it, but for the root. */
  readonly signer: ArtefactSigner
  /** Until when its key stamps; its certificate stands for much longer, so that what it stamped can be checked. */
  readonly stampsUntil: Temporal.Instant
}

/** Whom the certificates of stampers name. */
export const stamperOwner = 'time-stamps'

/**
 * How long the key of a stamper is used. CA/Browser Forum code signing requirements 6.2.6: at most fifteen months;
 * the three that are left are for whatever stands against its successor.
 */
const keyServes = Temporal.Duration.from({ hours: 365 * 24 })

/** Certificates of stampers that are looked at; those that crashes abandoned are passed over. */
const mostLookedAt = 10

/** The newest stamper in force whose key may still be used; undefined: there is none. */
export async function findStamper(
  now: Temporal.Instant,
  ledger: Ledger,
): Promise<Stamper | undefined> {
  const { items } = await ledger.list('certificate', {
    ...{ by: 'owner', equal: [stamperOwner], where: { state: 'issued' } },
    ...{ descending: true, limit: mostLookedAt },
  })
  const record = items.find((one) => isInUse(one, now))
  const encoding = record && (await ledger.read('encoding', record.id))
  if (record === undefined || encoding === undefined) return undefined
  const publicKey = importPublicKey(parseCertificate(encoding.der).publicKey)
  if ('kind' in publicKey) throw new TypeError(`certificate ${record.id}: ${publicKey.detail}`)
  const chain = [encoding.der, ...(await chainOf(record.authority, ledger))]
  const algorithm = signatureAlgorithmFor(publicKey.algorithm).name
  return {
    ...{ id: record.id, authority: record.authority, keyId: record.key },
    signer: { publicKey, chain, algorithm },
    stampsUntil: endOfUse(record),
  }
}

function isInUse(record: CertificateRecord, now: Temporal.Instant): boolean {
  return record.revokedAt === null && Temporal.Instant.compare(now, endOfUse(record)) < 0
}

function endOfUse({ notBefore, notAfter }: CertificateRecord): Temporal.Instant {
  const served = notBefore.add(keyServes)
  return Temporal.Instant.compare(served, notAfter) < 0 ? served : notAfter
}

/** Certificates of the authorities from this one upward, the root left out. */
async function chainOf(authority: string, ledger: Ledger): Promise<readonly Uint8Array[]> {
  const found = await ledger.read('authority', authority)
  if (found === undefined || found.kind === 'root') return []
  const above = found.parent === null ? [] : await chainOf(found.parent, ledger)
  return [found.certificate, ...above]
}
