// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Invitation, Person } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { readAdministrators } from './administrators.ts'
import { checkPassphrase, normalPassphrase, type PassphraseHasher } from './passphrase.ts'
import type { PeoplePorts } from './ports.ts'
import { endedPut, openSessions } from './session.ts'
import { hashToken, newToken } from './token.ts'

/** A weekend and a day: who was invited on Friday can still join on Monday. */
const invitationLife = Temporal.Duration.from({ hours: 72 })

/** A link to take up an account; the token is shown once. */
export interface Link {
  readonly kind: 'link'
  readonly token: string
  readonly expiresAt: Temporal.Instant
}

/** An invitation to be committed by the caller; `person` is null for the claim of the first administrator. */
export function newInvitation(
  person: string | null,
  life: Temporal.Duration,
  ports: PeoplePorts,
): { readonly link: Link; readonly invitation: Invitation; readonly put: Put } {
  const token = newToken(ports.random)
  const now = ports.clock.now()
  const invitation: Invitation = {
    id: newId('invitation', ports),
    version: 1,
    tokenSha256: token.sha256,
    person,
    expiresAt: now.add(life),
    usedAt: null,
    createdAt: now,
  }
  return {
    invitation,
    link: { kind: 'link', token: token.text, expiresAt: invitation.expiresAt },
    put: { kind: 'invitation', record: invitation },
  }
}

/** The invitation of a token that may still be used. What is wrong about it is answered alike. */
export async function validInvitation(
  token: string | undefined,
  ports: PeoplePorts,
): Promise<Invitation | Refused> {
  const invitation =
    token === undefined
      ? undefined
      : await ports.ledger.find('invitation', 'tokenSha256', [hashToken(token)])
  const now = ports.clock.now()
  return invitation !== undefined &&
    invitation.usedAt === null &&
    Temporal.Instant.compare(invitation.expiresAt, now) > 0
    ? invitation
    : refuse('claim-wrong', 'this link is wrong, used or expired')
}

export function spentPut(invitation: Invitation, now: Temporal.Instant): Put {
  return {
    kind: 'invitation',
    record: { ...invitation, version: invitation.version + 1, usedAt: now },
  }
}

export type Invited =
  | { readonly kind: 'invited'; readonly person: Person; readonly link: Link }
  | Refused

/** Offers an account to a new person. A name is never given twice: the log speaks of it for ever. */
export async function invite(
  asked: Pick<Person, 'name' | 'role'>,
  actor: Actor,
  ports: PeoplePorts,
): Promise<Invited> {
  if ((await ports.ledger.find('person', 'name', [asked.name])) !== undefined) {
    return refuse(
      'exists-already',
      `there is or was a person named "${asked.name}"; choose another name`,
    )
  }
  const now = ports.clock.now()
  const person: Person = {
    id: newId('person', ports),
    version: 1,
    name: asked.name,
    role: asked.role,
    state: 'invited',
    passphrase: null,
    createdAt: now,
    signedInAt: null,
    hasJoined: false,
  }
  const { link, put } = newInvitation(person.id, invitationLife, ports)
  const refused = await settle(
    {
      puts: [{ kind: 'person', record: person }, put],
      events: [
        {
          type: 'person-invited',
          at: now,
          actor,
          subjects: [person.id],
          facts: { name: person.name, role: person.role },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'invited', person, link }
}

export type Joined = { readonly kind: 'joined'; readonly person: Person } | Refused

/** Takes up an invitation, or an account that was lost, with a passphrase that only the invited person knows. */
export async function join(
  asked: { readonly token: string; readonly passphrase: string },
  ports: PeoplePorts & { readonly hasher: PassphraseHasher },
): Promise<Joined> {
  const invitation = await validInvitation(asked.token, ports)
  if ('kind' in invitation) return invitation
  const invited =
    invitation.person === null ? undefined : await ports.ledger.read('person', invitation.person)
  // Only `restore` makes a link for somebody who has an account already.
  if (invited === undefined || invited.state === 'removed') {
    return refuse('claim-wrong', 'this link is wrong, used or expired')
  }
  const isNew = invited.state === 'invited'
  const weak = checkPassphrase(asked.passphrase, invited.name)
  if (weak !== undefined) return weak
  const passphrase = await ports.hasher.hash(normalPassphrase(asked.passphrase))
  const now = ports.clock.now()
  const person: Person = {
    ...{ ...invited, version: invited.version + 1, state: 'active', passphrase, hasJoined: true },
  }
  const refused = await settle(
    {
      puts: [
        { kind: 'person', record: person },
        spentPut(invitation, now),
        ...(isNew ? [] : (await openSessions(person, ports)).map((one) => endedPut(one, now))),
        ...(isNew && person.role === 'administrator'
          ? [(await readAdministrators(ports.ledger)).put(1, ports)]
          : []),
      ],
      events: [
        {
          type: 'person-joined',
          at: now,
          actor: { kind: 'person', id: person.id },
          subjects: [person.id],
          facts: { name: person.name, role: person.role },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'joined', person }
}
