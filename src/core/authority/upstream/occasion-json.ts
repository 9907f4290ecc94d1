// SPDX-License-Identifier: Apache-2.0
/** What an order keeps of its occasion, so that whoever hears the answer can book it as it was asked. */

import type { Completing, Occasion } from '#core/authority/issue.ts'
import type { Hosting } from '#core/policy/profile.ts'

interface Kept {
  readonly actor: Occasion['actor']
  readonly keyFacts: Completing['keyFacts']
  readonly enrolment: Omit<Occasion['enrolment'], 'request'>
  readonly mayDiffer: Hosting['mayDiffer']
}

export function keptOf({ actor, keyFacts, enrolment }: Occasion, { mayDiffer }: Hosting): Kept {
  const { request: _, ...rest } = enrolment
  const { origin, protection, attested = false } = keyFacts
  return { actor, keyFacts: { origin, protection, attested }, enrolment: rest, mayDiffer }
}

/** The same, read again; it was written by `keptOf` and by nobody else. */
export function readKept(
  kept: unknown,
  request: Uint8Array,
): { readonly completing: Completing; readonly mayDiffer: Hosting['mayDiffer'] } {
  const { actor, keyFacts, enrolment, mayDiffer } = kept as Kept
  const completing = { actor, keyFacts, enrolment: { ...enrolment, request } }
  return { completing, mayDiffer }
}
