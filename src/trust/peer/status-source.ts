// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import type { TrustAnchor } from '../trust-anchor.ts'

/** Whether one certificate of a valid path was revoked. */
export interface StatusQuestion {
  readonly certificate: Certificate
  /** Who signed it: the next certificate of the path, or the anchor. */
  readonly issuer: TrustAnchor
  readonly at: Temporal.Instant
}

export type StatusAnswer =
  /** Not revoked, as far as was known until then. */
  | { readonly kind: 'good'; readonly until: Temporal.Instant }
  | {
      readonly kind: 'revoked'
      /** Undefined: the source does not say. */
      readonly since: Temporal.Instant | undefined
      /** CRLReason, RFC 5280 section 5.3.1; 6: on hold; undefined: unspecified. */
      readonly reason: number | undefined
    }
  /** It spoke of the certificate and said nothing against it, but is too old to be believed in that. */
  | { readonly kind: 'outdated'; readonly because: string }
  /** It does not speak of the certificate, or cannot be believed. */
  | { readonly kind: 'unknown'; readonly because: string }

/** Something that knows of revocations: lists, a responder, a compact file, or what an application has of its own. */
export interface StatusSource {
  /** For messages, e.g. `revocation lists`. */
  readonly name: string
  /**
   * MUST prove what it answers by the issuer's key, or by an anchor of its own; MUST NOT throw for what came from a
   * network. A word that the certificate was revoked counts however old it is: only "good" goes stale.
   */
  statusOf(question: StatusQuestion): StatusAnswer | Promise<StatusAnswer>
}

/** A clock may run this far behind the one that dated an answer: what GSM and NTP without a battery leave. */
export const mostAhead = Temporal.Duration.from({ minutes: 5 })

/** Whether something of this span is believed now; what begins in the future is not. */
export function isFresh(
  thisUpdate: Temporal.Instant,
  nextUpdate: Temporal.Instant,
  at: Temporal.Instant,
): boolean {
  const isBegun = Temporal.Instant.compare(thisUpdate, at.add(mostAhead)) <= 0
  return isBegun && Temporal.Instant.compare(at, nextUpdate) <= 0
}
