// SPDX-License-Identifier: Apache-2.0
import { isOperation } from '#format/est/operations.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { isForSigners, isOfThisHouse } from '../ledger/authority-origin.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Authority, Entrance, Product } from '../ledger/tables.ts'
import { newestProfile } from '../policy/apply-profile.ts'
import { checkEnvironment } from '../policy/check-environment.ts'
import { parseProfile } from '../policy/document/parse-profile.ts'
import type { Refused } from '../refusal.ts'
import type { DevicePorts } from './ports.ts'

/** What devices may come for. */
export type DeviceKind = 'working' | 'birth'

export interface NewEntrance {
  /** Stands in a URL (RFC 7030 section 3.2.2); as entrances stay, a label is never used again. */
  readonly label: string
  readonly product: Product
  /** The name of the profile whose newest version holds there. */
  readonly profile: string
  /** Who issues there; undefined: the newest authority of the usual chain. */
  readonly authority?: Authority | undefined
}

/** Opens a further entrance of a product; its devices come to it only by its label. */
export async function addEntrance(
  { label, product, profile, authority: chosen }: NewEntrance,
  actor: Actor,
  ports: DevicePorts,
): Promise<{ readonly kind: 'added'; readonly entrance: Entrance } | Refused> {
  const reserved = checkLabel(label)
  if (reserved !== undefined) return reserved
  const authority =
    chosen === undefined ? await issuingAuthority(ports.ledger) : checkIssues(chosen)
  if ('reason' in authority) return authority
  const unfit = await checkProfileFor(profile, ['working', 'birth'], authority, ports.ledger)
  if (unfit !== undefined) return unfit
  const entrance: Entrance = {
    id: newId('entrance', ports),
    version: 1,
    label,
    product: product.id,
    profile,
    authority: authority.id,
    isDefault: false,
    createdAt: ports.clock.now(),
  }
  const refused = await settle(
    {
      puts: [{ kind: 'entrance', record: entrance }],
      events: [entranceOpened(entrance, actor)],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'added', entrance }
}

/** RFC 7030 section 3.2.2: a label is never the name of an operation, or a path would mean two things. */
export function checkLabel(label: string): Refused | undefined {
  if (!isOperation(label)) return undefined
  return refuse('input-wrong', `"${label}" is the name of an operation of EST; choose another`)
}

/** The event of an entrance that opens. */
export function entranceOpened(entrance: Entrance, actor: Actor): AuditEvent {
  return {
    type: 'entrance-opened',
    at: entrance.createdAt,
    actor,
    subjects: [entrance.id, entrance.product, entrance.authority],
    facts: { label: entrance.label, profile: entrance.profile, isDefault: entrance.isDefault },
  }
}

/** Whether devices can be given certificates of these kinds by the newest version of a profile. */
export async function checkProfileFor(
  name: string,
  kinds: readonly DeviceKind[],
  { environment }: Authority,
  ledger: Ledger,
): Promise<Refused | undefined> {
  const newest = await newestProfile(name, ledger)
  if (newest === undefined) {
    return refuse(
      'not-found',
      `there is no profile ${name}; "vitalsign profile list" shows what there is`,
    )
  }
  const parsed = parseProfile(newest.document)
  if (parsed.kind === 'faults') {
    return refuse('profile-wrong', `version ${newest.number} of ${name} does not read any more`)
  }
  const { kind } = parsed.profile
  if (!kinds.some((one) => one === kind)) {
    return refuse(
      'input-wrong',
      `profile ${name} makes ${kind} certificates, ${kinds.join(' or ')} ones are made here`,
    )
  }
  return checkEnvironment(parsed.profile, environment)
}

function checkIssues(authority: Authority): Authority | Refused {
  const { name, kind, state } = authority
  if (isForSigners(authority))
    return refuse('input-wrong', `${name} certifies signers of artefacts, and no device`)
  if (kind === 'issuing' && state === 'active') return authority
  return refuse(
    'input-wrong',
    `${name} is a ${kind} authority, ${state}; an active issuing one is asked for`,
  )
}

/**
 * The newest authority of this house that may issue now; never a twin, which is asked for by the keys
 * of requests, nor one that was adopted, which is asked for by name.
 */
export async function issuingAuthority(ledger: Ledger): Promise<Authority | Refused> {
  const { items } = await ledger.list('authority', {
    by: 'kind',
    equal: ['issuing'],
    descending: true,
    limit: 100,
  })
  return (
    items.find(
      (one) =>
        one.state === 'active' && one.twin === null && isOfThisHouse(one) && !isForSigners(one),
    ) ?? refuse('issuing-stopped', 'no issuing authority is active, so a product has no way in')
  )
}
