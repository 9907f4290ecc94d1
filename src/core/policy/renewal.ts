// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'
import type { Profile, Proof } from './profile.ts'
import { validityFor } from './validity.ts'

/** A key that is to be certified now. */
export interface KeyUse {
  readonly now: Temporal.Instant
  /** When the key was first certified; undefined: it is new. */
  readonly keyActivatedAt: Temporal.Instant | undefined
  /** The end of the authority that would sign, which no certificate outlives. */
  readonly issuerNotAfter: Temporal.Instant
}

export interface Renewal extends KeyUse {
  /** Of the certificate that is to be followed. */
  readonly notBefore: Temporal.Instant
  readonly notAfter: Temporal.Instant
  readonly proof: Proof
  /** An order asks for it before its time. */
  readonly isOrdered?: boolean
}

/** Whether a certificate of the profile may be followed by the next one now, on this proof. */
export function mayRenew(profile: Profile, renewal: Renewal): Refused | undefined {
  return (
    (renewal.proof === 'current-certificate' || renewal.proof === 'tpm'
      ? checkWindow(profile, renewal)
      : undefined) ?? checkKeyAge(profile, renewal)
  )
}

/**
 * Whether one more certificate for this key may still be issued: none ends later than the key's
 * maximum age. Asked for every request whose key was certified before.
 */
export function checkKeyAge(
  profile: Profile,
  { now, keyActivatedAt, issuerNotAfter }: KeyUse,
): Refused | undefined {
  if (keyActivatedAt === undefined || profile.maximumKeyAge === undefined) return undefined
  const limit = keyActivatedAt.add(profile.maximumKeyAge)
  const { notAfter } = validityFor(profile, now, issuerNotAfter)
  if (Temporal.Instant.compare(notAfter, limit) <= 0) return undefined
  return refuse(
    'key-too-old',
    `key is in use since ${keyActivatedAt} and may be until ${limit}; a certificate would end ${notAfter}: make a new key`,
  )
}

function checkWindow(profile: Profile, renewal: Renewal): Refused | undefined {
  if (profile.renewal === undefined)
    return refuse('proof-not-admitted', `a certificate of profile ${profile.name} is never renewed`)
  if (Temporal.Instant.compare(renewal.now, renewal.notAfter) > 0)
    return checkExpired(profile.renewal, renewal)
  const opens = openingOf(profile.renewal.openShare, renewal)
  if (renewal.isOrdered || Temporal.Instant.compare(renewal.now, opens) >= 0) return undefined
  return refuse(
    'renewal-too-early',
    `it is ${renewal.now}, profile ${profile.name} renews this certificate from ${opens}`,
  )
}

/** The instant from which a certificate may be followed by the next. */
function openingOf(
  openShare: number,
  span: { readonly notBefore: Temporal.Instant; readonly notAfter: Temporal.Instant },
): Temporal.Instant {
  const life = span.notAfter.epochMilliseconds - span.notBefore.epochMilliseconds
  return span.notBefore.add({ milliseconds: Math.floor(life * openShare) })
}

function checkExpired(
  rules: NonNullable<Profile['renewal']>,
  { notAfter, now }: Renewal,
): Refused | undefined {
  const { afterExpiry } = rules
  if (afterExpiry.kind === 'for') {
    const limit = notAfter.add(afterExpiry.span)
    if (Temporal.Instant.compare(now, limit) <= 0) return undefined
    return refuse(
      'renewal-after-expiry',
      `it is ${now}, an expired certificate renewed until ${limit}`,
    )
  }
  const instead =
    afterExpiry.kind === 'birth-certificate' ? 'use the birth certificate' : 'ask for a new code'
  return refuse('renewal-after-expiry', `certificate expired ${notAfter}, it is ${now}; ${instead}`)
}
