// SPDX-License-Identifier: Apache-2.0
import type { AfterExpiry, Profile } from '../profile.ts'
import { type ProfileDocument, profileShape } from './profile-document.ts'
import { profileFaults } from './profile-rules.ts'
import { type ProfileFault, readShape } from './read-shape.ts'
import { parseGeneralizedTime } from './until.ts'

/** For so long a request waits for a person unless the profile says otherwise. */
const usualDays = 7

export type ParsedProfile =
  | { readonly kind: 'profile'; readonly profile: Profile }
  /** At least one. How the parts fit together is asked when each part has its right shape. */
  | { readonly kind: 'faults'; readonly faults: readonly ProfileFault[] }

/**
 * Reads a profile document, as from JSON; tells every fault at once and never throws, whatever JSON holds.
 *
 * @see docs/profiles.md
 */
export function parseProfile(document: unknown): ParsedProfile {
  const faults: ProfileFault[] = []
  const read = readShape(profileShape, document, '', faults) as ProfileDocument
  if (faults.length > 0) return { kind: 'faults', faults }
  const broken = profileFaults(read)
  if (broken.length > 0) return { kind: 'faults', faults: broken }
  return { kind: 'profile', profile: profileOf(read) }
}

function profileOf(document: ProfileDocument): Profile {
  const { renewal } = document
  return {
    name: document.name,
    version: document.version,
    kind: document.kind,
    environments: document.environments,
    keyAlgorithms: document.keys.algorithms,
    proofs: document.admission.proofs,
    allowBirthKey: document.birthKey?.allowed ?? false,
    identitiesAtMost: document.identities?.atMost ?? (document.kind === 'birth' ? 1 : Infinity),
    validity: validityOf(document),
    backdating: Temporal.Duration.from({ minutes: document.backdating.minutes }),
    maximumKeyAge: document.keyAge && Temporal.Duration.from({ hours: document.keyAge.hours }),
    renewal: renewal && {
      openShare: renewal.fromPercent / 100,
      revokesOldKey: renewal.revokesOldKey ?? false,
      afterExpiry: afterExpiryOf(document),
    },
    approval: document.approval && {
      operations: document.approval.operations,
      span: Temporal.Duration.from({ hours: 24 * (document.approval.days ?? usualDays) }),
    },
    serverKeys: document.serverKeys?.algorithms ?? [],
    attestation: document.attestation && {
      required: document.attestation.required,
      maximumAge: Temporal.Duration.from({ hours: document.attestation.maxAgeHours }),
      quote: document.attestation.quote,
    },
    bindsChannel: document.channelBinding !== undefined,
    hosting: document.hosting && {
      upstream: document.hosting.upstream,
      mayDiffer: document.hosting.mayDiffer ?? [],
    },
    document,
  }
}

function validityOf({ validity }: ProfileDocument): Profile['validity'] {
  if (validity.hours !== undefined)
    return { kind: 'hours', lifetime: Temporal.Duration.from({ hours: validity.hours }) }
  const notAfter = validity.until === undefined ? undefined : parseGeneralizedTime(validity.until)
  return notAfter === undefined ? { kind: 'issuer' } : { kind: 'until', notAfter }
}

function afterExpiryOf({ renewalAfterExpiry }: ProfileDocument): AfterExpiry {
  switch (renewalAfterExpiry?.rule) {
    case undefined:
    case 'never':
      return { kind: 'never' }
    case 'birth-certificate':
      return { kind: 'birth-certificate' }
    case 'for-days':
      return {
        kind: 'for',
        span: Temporal.Duration.from({ hours: 24 * (renewalAfterExpiry?.days ?? 0) }),
      }
  }
}
