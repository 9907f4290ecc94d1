// SPDX-License-Identifier: Apache-2.0
import type { AuditEvent } from '../audit/event.ts'
import type { End, Ended } from './end-certificate.ts'
import type { CertificateRecord } from './tables.ts'

/** CRLReason certificateHold, RFC 5280 section 5.3.1. */
export const certificateHold = 6

/**
 * The record and the event with which a certificate is suspended: as good as revoked, until it is released.
 *
 * To be given one that is in force, issued or retired.
 */
export function holdCertificate(
  certificate: CertificateRecord,
  { at, actor, facts, revocation }: Omit<End, 'crlReason'> & { readonly revocation: string },
): Ended {
  const columns = { state: 'held', revokedAt: at, revocationReason: certificateHold } as const
  const record = { ...certificate, version: certificate.version + 1, ...columns, revocation }
  const event = toldOf(record, 'certificate-held', at, actor, { ...facts, revocation })
  return { record, put: { kind: 'certificate', record }, event }
}

/** The record and the event with which a held certificate stays held, by another act from now on. */
export function handOverHold(
  certificate: CertificateRecord,
  { at, actor, facts, revocation }: Omit<End, 'crlReason'> & { readonly revocation: string },
): Ended {
  const record = { ...certificate, version: certificate.version + 1, revocation }
  const event = toldOf(record, 'certificate-held', at, actor, { ...facts, revocation })
  return { record, put: { kind: 'certificate', record }, event }
}

/**
 * The record and the event with which a held certificate is believed again; one that was replaced before or
 * meanwhile is retired, as it would be had nobody held it.
 *
 * @param revocation the act that releases it
 */
export function releaseCertificate(
  certificate: CertificateRecord,
  { at, actor, facts, revocation }: Omit<End, 'crlReason'> & { readonly revocation: string },
): Ended {
  const state = certificate.retiresAt === null ? 'issued' : 'retired'
  const columns = { state, revokedAt: null, revocationReason: null } as const
  const record = { ...certificate, version: certificate.version + 1, ...columns, revocation }
  const event = toldOf(record, 'certificate-released', at, actor, { ...facts, revocation })
  return { record, put: { kind: 'certificate', record }, event }
}

function toldOf(
  { id, owner, authority, serialNumber }: CertificateRecord,
  type: 'certificate-held' | 'certificate-released',
  at: Temporal.Instant,
  actor: AuditEvent['actor'],
  facts: AuditEvent['facts'],
): AuditEvent {
  const subjects = [id, owner, authority]
  return { type, at, actor, subjects, facts: { serialNumber: serialNumber.toHex(), ...facts } }
}
