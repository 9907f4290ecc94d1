// SPDX-License-Identifier: Apache-2.0
import { type Refused, refuse } from '../refusal.ts'
import type { SignerClaim } from './judge-signer.ts'
import type { DeviceTrust } from './verdict.ts'

/**
 * The moment as of which a signer's certificate is judged.
 *
 * A believed time-stamp comes first: it says when the signature was there, and outlives the certificate. Else the
 * device's own clock, unless it stands behind what the device has seen. A device whose clock is wrong takes what the
 * signer wrote, and never a time before what it has seen: an old artefact would turn its clock back.
 */
export function timeFor(
  { stampedAt, claimedAt, chain }: Pick<SignerClaim, 'stampedAt' | 'claimedAt' | 'chain'>,
  trust: Pick<DeviceTrust, 'now' | 'seen' | 'stampRoots'>,
): Temporal.Instant | Refused<'artefact-time-unknown'> {
  const { seen, stampRoots } = trust
  if (stampedAt !== undefined && stampRoots.length > 0) return stampedAt
  const now = presentOf(trust)
  if (now !== undefined) return now
  const signed = claimedAt === undefined ? seen : later(seen, claimedAt)
  if (signed === undefined)
    return refuse(
      'artefact-time-unknown',
      'the device has no clock that it believes, and the signature brings no time',
    )
  const [leaf] = chain
  // Who keeps what it has seen asks for a lower bound alone: an authority that it believes signed that this has come.
  return seen === undefined || leaf === undefined ? signed : later(signed, leaf.notBefore)
}

/** The device's clock, if it can be right: one that stands before what was seen was never set. */
export function presentOf({
  now,
  seen,
}: Pick<DeviceTrust, 'now' | 'seen'>): Temporal.Instant | undefined {
  return now === undefined || (seen !== undefined && isBefore(now, seen)) ? undefined : now
}

/** The later of two moments, of which one may be unknown. */
export function later(
  one: Temporal.Instant | undefined,
  other: Temporal.Instant,
): Temporal.Instant {
  return one === undefined || isBefore(one, other) ? other : one
}

function isBefore(one: Temporal.Instant, other: Temporal.Instant): boolean {
  return Temporal.Instant.compare(one, other) < 0
}
