// SPDX-License-Identifier: Apache-2.0
import type { CertStatus } from '#format/ocsp/response-data.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Authority } from '../ledger/tables.ts'
import type { AnswerLife } from './answer-life.ts'

/** What the ledger says of a certificate. */
export interface Judgement {
  readonly status: CertStatus
  readonly life: AnswerLife
  /** Its end; undefined: no such certificate is known. */
  readonly notAfter: Temporal.Instant | undefined
}

/** CRLReason certificateHold, RFC 5280 section 5.3.1. */
const certificateHold = 6

const unknown: Judgement = {
  ...{ status: { kind: 'unknown' }, life: 'unknown' },
  notAfter: undefined,
}

/**
 * The status of one certificate now.
 *
 * Good is said only of what was issued: neither of a serial out of the air nor of one that is only
 * reserved, whose signature may never have been made. A certificate that its profile keeps off every
 * list is judged like all others.
 */
export async function judge(
  authority: Authority,
  serialNumber: Uint8Array,
  ledger: Ledger,
): Promise<Judgement> {
  const key = [authority.id, serialNumber]
  const certificate = await ledger.find('certificate', 'serialNumber', key)
  if (certificate === undefined) {
    // Another PKI revoked it before its authority came here, and its bytes never came.
    const bare = await ledger.find('bareRevocation', 'serialNumber', key)
    return bare === undefined ? unknown : revoked(bare.revokedAt, bare.reason, undefined)
  }
  const { state, revokedAt, revocationReason, notAfter } = certificate
  if (revokedAt !== null) return revoked(revokedAt, revocationReason ?? 0, notAfter)
  return state === 'issued' || state === 'retired'
    ? { status: { kind: 'good' }, life: 'good', notAfter }
    : unknown
}

function revoked(
  revokedAt: Temporal.Instant,
  reason: number,
  notAfter: Temporal.Instant | undefined,
): Judgement {
  const at = wholeSecond(revokedAt)
  return {
    // RFC 5280 section 5.3.1: unspecified is said by saying nothing.
    status: { kind: 'revoked', at, reason: reason === 0 ? undefined : reason },
    life: reason === certificateHold ? 'held' : 'revoked',
    notAfter,
  }
}

/** Times of OCSP have no fractions. RFC 6960 section 4.2.2.1. */
export function wholeSecond(at: Temporal.Instant): Temporal.Instant {
  return at.round({ smallestUnit: 'second', roundingMode: 'floor' })
}
