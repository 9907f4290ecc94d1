// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Invitation, Party, Person } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { readAdministrators } from './administrators.ts'
import { type Link, newInvitation, spentPut, validInvitation } from './invitation.ts'
import { nameMaker } from './maker.ts'
import { checkPassphrase, normalPassphrase, type PassphraseHasher } from './passphrase.ts'
import type { PeoplePorts } from './ports.ts'

/** How long a claim link is good: long enough to open a browser, too short to be found later. */
const claimLife = Temporal.Duration.from({ minutes: 30 })

/** Links of a claim that can be open at once: far fewer are ever made. */
const mostOpenLinks = 100

/**
 * Makes the link by which the first administrator takes the installation; earlier links end.
 *
 * For the first start, and for the one who sits at the machine when no administrator is left.
 */
export async function makeClaimLink(actor: Actor, ports: PeoplePorts): Promise<Link | Refused> {
  if ((await readAdministrators(ports.ledger)).count > 0) return claimedAlready()
  const now = ports.clock.now()
  const { link, put, invitation } = newInvitation(null, claimLife, ports)
  const event: AuditEvent = {
    type: 'claim-link-made',
    at: now,
    actor,
    subjects: [invitation.id],
    facts: { expiresAt: invitation.expiresAt.toString() },
  }
  const ended = (await openClaims(now, ports)).map((open): Put => {
    return { kind: 'invitation', record: { ...open, version: open.version + 1, expiresAt: now } }
  })
  return (await settle({ puts: [put, ...ended], events: [event] }, ports.ledger)) ?? link
}

async function openClaims(
  now: Temporal.Instant,
  ports: PeoplePorts,
): Promise<readonly Invitation[]> {
  const { items } = await ports.ledger.list('invitation', {
    by: 'expires',
    descending: true,
    limit: mostOpenLinks,
  })
  return items.filter(
    (one) =>
      one.person === null &&
      one.usedAt === null &&
      Temporal.Instant.compare(one.expiresAt, now) > 0,
  )
}

export interface Claim {
  /** Undefined only for the one who sits at the machine. */
  readonly token: string | undefined
  readonly name: string
  readonly passphrase: string
  /** The maker's name, if it is given now. */
  readonly maker: string | undefined
}

export type Claimed =
  | { readonly kind: 'claimed'; readonly person: Person; readonly maker: Party | undefined }
  | Refused

/** Makes the first administrator, once. */
export async function claim(
  asked: Claim,
  local: boolean,
  ports: PeoplePorts & { readonly hasher: PassphraseHasher },
): Promise<Claimed> {
  const administrators = await readAdministrators(ports.ledger)
  if (administrators.count > 0) return claimedAlready()
  const invitation = local ? undefined : await validInvitation(asked.token, ports)
  if (invitation !== undefined && 'kind' in invitation) return invitation
  if (invitation !== undefined && invitation.person !== null) return linkWrong()
  const weak = checkPassphrase(asked.passphrase, asked.name)
  if (weak !== undefined) return weak
  const passphrase = await ports.hasher.hash(normalPassphrase(asked.passphrase))
  const now = ports.clock.now()
  const person: Person = {
    id: newId('person', ports),
    version: 1,
    name: asked.name,
    role: 'administrator',
    state: 'active',
    passphrase,
    createdAt: now,
    signedInAt: null,
    hasJoined: true,
  }
  const actor: Actor = { kind: 'person', id: person.id }
  const maker = asked.maker === undefined ? undefined : await nameMaker(asked.maker, actor, ports)
  const refused = await settle(
    {
      puts: [
        { kind: 'person', record: person },
        administrators.put(1, ports),
        ...(invitation === undefined ? [] : [spentPut(invitation, now)]),
        ...(maker?.puts ?? []),
      ],
      events: [
        {
          type: 'person-claimed',
          at: now,
          actor,
          subjects: [person.id],
          facts: { name: person.name, local },
        },
        ...(maker?.events ?? []),
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'claimed', person, maker: maker?.party }
}

function claimedAlready(): Refused {
  return refuse('claimed-already', 'this installation has an administrator; ask for an invitation')
}

function linkWrong(): Refused {
  return refuse('claim-wrong', 'this link is wrong, used or expired')
}
