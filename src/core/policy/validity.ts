// SPDX-License-Identifier: Apache-2.0
import type { Profile } from './profile.ts'

export interface Validity {
  readonly notBefore: Temporal.Instant
  readonly notAfter: Temporal.Instant
}

/**
 * The certificate's span in whole seconds: backdated for slow clocks, last second included, and
 * never past its issuer (a trial root ends in 90 days, so a birth identity under it does too).
 *
 * @param issuerNotAfter the issuer's end; undefined for a self-signed certificate
 * @see RFC 5280 section 4.1.2.5
 */
export function validityFor(
  profile: Profile,
  now: Temporal.Instant,
  issuerNotAfter: Temporal.Instant | undefined,
): Validity {
  const start = now.epochMilliseconds - profile.backdating.total('milliseconds')
  const notBefore = Temporal.Instant.fromEpochMilliseconds(Math.floor(start / 1_000) * 1_000)
  const wanted = wantedEnd(profile, notBefore) ?? issuerNotAfter
  if (wanted === undefined)
    throw new TypeError(`profile ${profile.name} ends with an issuer, and there is none`)
  const clamped =
    issuerNotAfter !== undefined && Temporal.Instant.compare(issuerNotAfter, wanted) < 0
  return { notBefore, notAfter: clamped ? issuerNotAfter : wanted }
}

function wantedEnd({ validity }: Profile, notBefore: Temporal.Instant) {
  switch (validity.kind) {
    case 'hours':
      return Temporal.Instant.fromEpochMilliseconds(
        notBefore.epochMilliseconds + validity.lifetime.total('milliseconds') - 1_000,
      )
    case 'until':
      return validity.notAfter
    case 'issuer':
      return undefined
  }
}
