// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Attestation, Device } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { AttestationRule, Profile } from './profile.ts'

/** A key that is to be certified, and the newest that was proved of where it lives. */
export interface Attested {
  readonly device: Device
  readonly attestation: Attestation | undefined
  readonly now: Temporal.Instant
}

/**
 * Whether it was proved that the key lives in hardware as the profile asks, lately enough, in this device.
 *
 * Asked for every certificate, whichever proof admits the device: a rekey brings another key, which has a
 * proof of its own or none.
 */
export function checkAttestation(profile: Profile, asked: Attested): Refused | undefined {
  const rule = profile.attestation
  if (rule === undefined) return undefined
  const { attestation, device } = asked
  const wanted = rule.required.join(' or ')
  if (attestation === undefined || isAnothers(attestation, device))
    return refuse(
      'attestation-missing',
      `profile ${profile.name} certifies only keys that a ${wanted} holds, and of this one nothing was proved that counts now; attest it first`,
    )
  if (!rule.required.includes(attestation.form))
    return refuse(
      'attestation-missing',
      `this key lives in a ${attestation.form}, profile ${profile.name} asks for ${wanted}`,
    )
  return (
    checkAge(profile.name, rule, attestation, asked.now) ??
    checkQuote(profile.name, rule, attestation)
  )
}

/** Null: the maker of an element vouches for the key, and not for who holds it. */
function isAnothers({ device: owner }: Attestation, device: Device): boolean {
  return owner !== null && owner !== device.id
}

function checkAge(
  name: string,
  { maximumAge }: AttestationRule,
  { at, until }: Attestation,
  now: Temporal.Instant,
): Refused | undefined {
  if (until === null) return undefined
  const end = at.add(maximumAge)
  return Temporal.Instant.compare(now, end) <= 0
    ? undefined
    : refuse(
        'attestation-too-old',
        `this key was attested at ${at}, profile ${name} takes that until ${end}; attest it anew`,
      )
}

function checkQuote(
  name: string,
  { quote: rule }: AttestationRule,
  { quote, form }: Attestation,
): Refused | undefined {
  if (rule !== 'required' || form !== 'tpm') return undefined
  switch (quote) {
    case 'matched':
      return undefined
    case 'none':
      return refuse(
        'quote-missing',
        `profile ${name} asks what the platform measured, and the device sent no quote`,
      )
    case 'differs':
      return refuse(
        'quote-differs',
        'the platform measured what no reference value of this product says',
      )
    case 'unreferenced':
      return refuse(
        'quote-differs',
        'this product has no reference values that the quote could be compared with',
      )
  }
}
