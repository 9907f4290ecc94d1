// SPDX-License-Identifier: Apache-2.0
import type { Authority, CertificateRecord } from '../ledger/tables.ts'

const day = 24

function hours(count: number): Temporal.Duration {
  return Temporal.Duration.from({ hours: count })
}

/**
 * How long a CRL is good, and at which age the next one comes though nothing changed: between the two lies
 * the time in which what keeps us from signing can be mended.
 *
 * Within the CA/Browser Forum's Baseline Requirements 4.9.7: 10 days where devices are listed, 12 months
 * where authorities are; a root's key may be away for half of them. A delta is for those who want to know
 * soon, and who holds an old one back should not get far.
 */
export const crlLife = {
  issuing: { goodFor: hours(8 * day), renewedAfter: hours(day) },
  delta: { goodFor: hours(2 * day), renewedAfter: hours(day / 2) },
  root: { goodFor: hours(365 * day), renewedAfter: hours(182 * day) },
} as const

/**
 * From so many entries on a full CRL is great: it comes when its time does, and what is revoked meanwhile is on
 * its shard and on the delta. Below, it is no more work than one shard, and comes with each change, so that
 * who has only the full one (a broker, a web server) learns of it at once.
 */
export const greatFrom = 3_500

/** So long a full CRL stays the base of deltas where each change brings a new full one. */
export const baseLife = hours(day)

/**
 * An entry stays on the lists until one of them, made so long after the end of its certificate, has shown it:
 * RFC 5280 section 3.3 asks for one regular list beyond the end, and clocks of devices are late.
 */
export const shownBeyondEnd = hours(7 * day)

/**
 * Kinds whose entries leave the lists after their end. What was signed is looked at long after the signer's
 * certificate ended, so signers stay; so do authorities, which are few. Birth identities never end.
 */
const leaving: ReadonlySet<string> = new Set<CertificateRecord['kind']>([
  'birth',
  'working',
  'server',
  'client',
  'ocsp',
  'attestation',
])

/**
 * Whether a list leaves out a certificate of this kind, by the time that the list before it was made.
 *
 * @param notAfter Unix milliseconds, as is `endedBefore`; this null: none has left
 */
export function hasLeft(kind: string, notAfter: number, endedBefore: number | null): boolean {
  return endedBefore !== null && notAfter < endedBefore && leaving.has(kind)
}

export function lifeOf({ kind }: Pick<Authority, 'kind'>) {
  return crlLife[kind === 'root' ? 'root' : 'issuing']
}
