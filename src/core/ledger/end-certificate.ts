// SPDX-License-Identifier: Apache-2.0
import type { Actor, AuditEvent } from '../audit/event.ts'
import type { Put } from './ledger.ts'
import type { CertificateRecord } from './tables.ts'

export interface End {
  readonly at: Temporal.Instant
  readonly actor: Actor
  /** CRLReason, RFC 5280 section 5.3.1. */
  readonly crlReason: number
  /** For the log; why. */
  readonly facts: AuditEvent['facts']
  /** The act that this is part of; absent where a crash ended it, and nobody's act. */
  readonly revocation?: string
}

export interface Ended {
  readonly record: CertificateRecord
  readonly put: Put
  readonly event: AuditEvent
}

/**
 * The record and the event with which a certificate loses trust for good.
 *
 * One that is being signed is abandoned: its signature may exist, but nobody will be handed it. To be
 * committed together with the reason for it; whoever signs it then meets a changed record.
 */
export function endCertificate(certificate: CertificateRecord, end: End): Ended {
  const { id, owner, authority, serialNumber, version } = certificate
  const state = certificate.state === 'reserved' ? 'abandoned' : 'revoked'
  const record = {
    ...certificate,
    version: version + 1,
    state,
    revokedAt: end.at,
    revocationReason: end.crlReason,
    revocation: end.revocation ?? null,
  } as const
  return {
    record,
    put: { kind: 'certificate', record },
    event: {
      type: `certificate-${state}`,
      at: end.at,
      actor: end.actor,
      subjects: [id, owner, authority],
      facts: {
        serialNumber: serialNumber.toHex(),
        ...end.facts,
        ...(end.revocation !== undefined && { revocation: end.revocation }),
      },
    },
  }
}
