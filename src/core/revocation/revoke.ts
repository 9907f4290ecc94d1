// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { CertificateRecord } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import type { Refused } from '../refusal.ts'

/** CRLReason, RFC 5280 section 5.3.1; the ones that an operator may give. */
export const revocationReasons = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const

export type RevocationReason = keyof typeof revocationReasons

export interface Revocation {
  /** The certificate's id. */
  readonly id: string
  readonly reason: RevocationReason
  /** What happened, for the log. */
  readonly because: string
}

export type Revoked =
  | { readonly kind: 'revoked'; readonly certificate: CertificateRecord }
  | Refused

/**
 * Revokes one certificate, for good; with keyCompromise its key is never certified again.
 *
 * The certificate is refused at our own doors from the moment this resolves; a CRL says it to others
 * once it is published.
 */
export async function revoke(
  { id, reason, because }: Revocation,
  actor: Actor,
  ports: { readonly ledger: Ledger; readonly clock: Clock },
): Promise<Revoked> {
  const certificate = await ports.ledger.read('certificate', id)
  if (certificate === undefined) return refuse('not-found', `no certificate ${id}`)
  if (certificate.state === 'revoked' || certificate.state === 'abandoned') {
    return refuse('certificate-revoked', `it was revoked at ${certificate.revokedAt}`)
  }
  if (certificate.kind === 'root') {
    return refuse('not-permitted', 'a root is not revoked but taken out of the anchor sets')
  }
  const at = ports.clock.now()
  const revoked: CertificateRecord = {
    ...certificate,
    version: certificate.version + 1,
    state: 'revoked',
    revokedAt: at,
    revocationReason: revocationReasons[reason],
  }
  const committed = await ports.ledger.commit({
    puts: [
      { kind: 'certificate', record: revoked },
      ...(reason === 'keyCompromise' ? await compromised(certificate.key, ports.ledger) : []),
    ],
    events: [
      {
        type: 'certificate-revoked',
        at,
        actor,
        subjects: [id, certificate.owner, certificate.authority],
        facts: { serialNumber: certificate.serialNumber.toHex(), reason, because },
      },
    ],
  })
  return committed.kind === 'committed'
    ? { kind: 'revoked', certificate: revoked }
    : refuse('conflict', 'the certificate was changed at the same moment; look again')
}

async function compromised(keyId: string, ledger: Ledger): Promise<readonly Put[]> {
  const key = await ledger.read('key', keyId)
  if (key === undefined || key.state === 'compromised') return []
  return [{ kind: 'key', record: { ...key, version: key.version + 1, state: 'compromised' } }]
}
