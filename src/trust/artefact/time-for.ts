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
  { stampedAt, claimedAt }: Pick<SignerClaim, 'stampedAt' | 'claimedAt'>,
  { now, seen, stampRoots }: Pick<DeviceTrust, 'now' | 'seen' | 'stampRoots'>,
): Temporal.Instant | Refused<'artefact-time-unknown'> {
  if (stampedAt !== undefined && stampRoots.length > 0) return stampedAt
  if (now !== undefined && (seen === undefined || !isBefore(now, seen))) return now
  if (claimedAt !== undefined && (seen === undefined || !isBefore(claimedAt, seen)))
    return claimedAt
  return (
    seen ??
    refuse(
      'artefact-time-unknown',
      'the device has no clock that it believes, and the signature brings no time',
    )
  )
}

function isBefore(one: Temporal.Instant, other: Temporal.Instant): boolean {
  return Temporal.Instant.compare(one, other) < 0
}
