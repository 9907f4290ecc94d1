// SPDX-License-Identifier: Apache-2.0
/** Services that run builds, and whose jobs are let in by their word: OpenID Connect ID tokens. */
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { BuildTrust } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { PeoplePorts } from './ports.ts'

export type NewBuildTrust = Pick<
  BuildTrust,
  'audience' | 'issuer' | 'minutes' | 'name' | 'products' | 'subject'
>

export type BuildTrustChanged = { readonly kind: 'changed'; readonly trust: BuildTrust } | Refused

/**
 * Takes the word of a service for some of its jobs.
 *
 * @returns `input-wrong` for a subject that means every job of everybody
 */
export async function addBuildTrust(
  asked: NewBuildTrust,
  actor: Actor,
  ports: PeoplePorts,
): Promise<BuildTrustChanged> {
  const { name, issuer, subject } = asked
  // A public service has jobs of the whole world: what comes before the star has to name somebody.
  const fixed = subject.replace(/\*$/, '')
  if (fixed.includes('*'))
    return refuse('input-wrong', 'subject: a star stands at its end, and nowhere else')
  if (fixed !== subject && !/[:/][^:/]+[:/]$/.test(fixed))
    return refuse(
      'input-wrong',
      'subject: before a star stand whole parts that say whose jobs these are, as repo:acme/pump:*',
    )
  const now = ports.clock.now()
  const trust: BuildTrust = {
    ...{ id: newId('buildTrust', ports), version: 1, ...asked },
    ...{ state: 'active', createdBy: actor.id, createdAt: now },
  }
  const facts = { name, issuer, subject, audience: asked.audience, minutes: asked.minutes }
  const refused = await settle(
    {
      puts: [{ kind: 'buildTrust', record: trust }],
      events: [
        {
          ...{ type: 'build-trust-added', at: now, actor, facts },
          subjects: [trust.id, ...asked.products],
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'changed', trust }
}

/** Ends it: no job is let in any more, and grants that last still end with it. */
export async function removeBuildTrust(
  trust: BuildTrust,
  actor: Actor,
  ports: PeoplePorts,
): Promise<BuildTrustChanged> {
  if (trust.state === 'removed') return { kind: 'changed', trust }
  const removed: BuildTrust = { ...trust, version: trust.version + 1, state: 'removed' }
  const at = ports.clock.now()
  const refused = await settle(
    {
      puts: [{ kind: 'buildTrust', record: removed }],
      events: [
        {
          ...{ type: 'build-trust-removed', at, actor, subjects: [trust.id] },
          facts: { name: trust.name },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'changed', trust: removed }
}
