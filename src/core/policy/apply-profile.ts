// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ProfileRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { parseProfile } from './document/parse-profile.ts'
import type { Profile } from './profile.ts'

/** The newest version of a profile. */
export async function newestProfile(
  name: string,
  ledger: Ledger,
): Promise<ProfileRecord | undefined> {
  const query = { by: 'name', equal: [name], descending: true, limit: 1 } as const
  return (await ledger.list('profile', query)).items[0]
}

/**
 * Puts a document in force as the next version of the profile that it names; it holds from the next
 * certificate on. A document with a fault changes nothing.
 */
export async function applyProfile(
  document: unknown,
  actor: Actor,
  ports: { readonly ledger: Ledger; readonly clock: Clock; readonly random: Randomness },
): Promise<{ readonly kind: 'applied'; readonly profile: ProfileRecord } | Refused> {
  const parsed = parseProfile(document)
  if (parsed.kind === 'faults') {
    const told = parsed.faults.map(({ path, remedy }) => `${path || 'document'}: ${remedy}`)
    return refuse('profile-wrong', told.join('; '))
  }
  const { name, kind } = parsed.profile
  const before = await newestProfile(name, ports.ledger)
  const former = before && parseProfile(before.document)
  if (former?.kind === 'profile' && former.profile.kind !== kind) {
    return refuse(
      'profile-wrong',
      `kind: is ${kind}, profile ${name} makes ${former.profile.kind} certificates; give the new one another name`,
    )
  }
  const number = (before?.number ?? 0) + 1
  if (parsed.profile.version !== number) {
    return refuse(
      'profile-wrong',
      `version: is ${parsed.profile.version}, the next version of ${name} is ${number}`,
    )
  }
  const misplaced = await checkHosting(parsed.profile, ports.ledger)
  if (misplaced !== undefined) return misplaced
  const profile: ProfileRecord = {
    id: newId('profile', ports),
    version: 1,
    name,
    number,
    document: parsed.profile.document,
    author: actor.id,
    createdAt: ports.clock.now(),
  }
  const committed = await ports.ledger.commit({
    puts: [{ kind: 'profile', record: profile }],
    events: [
      {
        type: 'profile-applied',
        at: profile.createdAt,
        actor,
        subjects: [profile.id],
        facts: { name, number },
      },
    ],
  })
  return committed.kind === 'committed'
    ? { kind: 'applied', profile }
    : refuse('conflict', `version ${number} of ${name} was applied at the same moment; look again`)
}

/** Whether the upstream that it names is here, and signs certificates of its kind. */
async function checkHosting(
  { hosting, kind }: Profile,
  ledger: Ledger,
): Promise<Refused | undefined> {
  if (hosting === undefined) return undefined
  const upstream = await ledger.find('upstream', 'name', [hosting.upstream])
  if (upstream?.state !== 'active') {
    return refuse(
      'profile-wrong',
      `hosting.upstream: no upstream ${hosting.upstream} is here; add it first`,
    )
  }
  if (upstream.protocol === 'acme' && kind !== 'server') {
    return refuse(
      'profile-wrong',
      `hosting.upstream: ${hosting.upstream} speaks ACME, which proves host names, and this profile makes ${kind} certificates; public authorities no longer issue for client authentication, so devices need an authority of your own or an upstream by EST or REST`,
    )
  }
  return undefined
}
