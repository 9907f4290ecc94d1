// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import { Fault } from '../fault.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Person, Session } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { PeoplePorts } from './ports.ts'
import { provePerson, type SignIn, type SignInPorts } from './prove-person.ts'
import { hashToken, newToken } from './token.ts'

/** A session ends after this rest, and after this life in any case (OWASP ASVS 5.0 section 7.3). */
const rest = Temporal.Duration.from({ minutes: 30 })
const life = Temporal.Duration.from({ hours: 12 })
/** A session is written anew only when so much of its rest is used up: not with every request. */
const writtenAfter = Temporal.Duration.from({ minutes: 5 })

export type SignedIn =
  | {
      readonly kind: 'signed-in'
      readonly person: Person
      readonly session: Session
      /** The bearer secret of the session; goes to the browser and nowhere else. */
      readonly token: string
    }
  | Refused

/**
 * Opens a session for a name and its passphrase.
 *
 * Whatever is wrong, words and time are the same: nobody learns which names exist.
 */
export async function signIn(asked: SignIn, ports: SignInPorts): Promise<SignedIn> {
  const proved = await provePerson(asked, ports)
  return proved.kind === 'refused' ? proved : openSession(proved.person.id, ports)
}

/** Two browsers of one person may sign in at the same moment; more at once is no person. */
const mostTries = 3

/** Opens a session for a person who has just proved to be that person. */
export async function openSession(personId: string, ports: PeoplePorts): Promise<SignedIn> {
  for (let tries = 1; ; tries++) {
    const person = await ports.ledger.read('person', personId)
    if (person?.state !== 'active') return refuse('sign-in-wrong', 'this account is not active')
    const opened = await openOnce(person, ports)
    if (opened.kind !== 'refused' || opened.reason !== 'conflict' || tries === mostTries)
      return opened
  }
}

async function openOnce(before: Person, ports: PeoplePorts): Promise<SignedIn> {
  const now = ports.clock.now()
  const token = newToken(ports.random)
  const person: Person = { ...before, version: before.version + 1, signedInAt: now }
  const session: Session = {
    id: newId('session', ports),
    version: 1,
    tokenSha256: token.sha256,
    person: person.id,
    createdAt: now,
    expiresAt: now.add(rest),
    endedAt: null,
  }
  const refused = await settle(
    {
      puts: [
        { kind: 'person', record: person },
        { kind: 'session', record: session },
      ],
      events: [
        {
          type: 'person-signed-in',
          at: now,
          actor: { kind: 'person', id: person.id },
          subjects: [person.id, session.id],
          facts: {},
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'signed-in', person, session, token: token.text }
}

/** Whose session a token opens, while it lasts; using it keeps it awake. */
export async function sessionOf(
  token: string,
  ports: PeoplePorts,
): Promise<{ readonly session: Session; readonly person: Person } | undefined> {
  const now = ports.clock.now()
  const session = await ports.ledger.find('session', 'tokenSha256', [hashToken(token)])
  if (session === undefined || session.endedAt !== null) return undefined
  if (Temporal.Instant.compare(session.expiresAt, now) <= 0) return undefined
  const person = await ports.ledger.read('person', session.person)
  if (person?.state !== 'active') return undefined
  await keepAwake(session, now, ports)
  return { session, person }
}

async function keepAwake(
  session: Session,
  now: Temporal.Instant,
  ports: PeoplePorts,
): Promise<void> {
  const end = session.createdAt.add(life)
  const later = now.add(rest)
  const expiresAt = Temporal.Instant.compare(later, end) < 0 ? later : end
  if (expiresAt.since(session.expiresAt).total('minutes') < writtenAfter.total('minutes')) return
  const awake: Session = { ...session, version: session.version + 1, expiresAt }
  try {
    // A conflict means that another request did this, or ended the session: both are as well.
    await ports.ledger.commit({ puts: [{ kind: 'session', record: awake }], events: [] })
  } catch (error) {
    // On a full disk people can still look; the session then ends after its rest.
    if (!(error instanceof Fault) || error.code !== 'store-full') throw error
  }
}

/** Ends a session at once. */
export async function signOut(session: Session, ports: PeoplePorts): Promise<Refused | undefined> {
  const now = ports.clock.now()
  const current = (await ports.ledger.read('session', session.id)) ?? session
  if (current.endedAt !== null) return undefined
  return settle(
    {
      puts: [endedPut(current, now)],
      events: [
        {
          type: 'person-signed-out',
          at: now,
          actor: { kind: 'person', id: session.person },
          subjects: [session.person, session.id],
          facts: {},
        },
      ],
    },
    ports.ledger,
  )
}

export function endedPut(session: Session, now: Temporal.Instant): Put {
  return { kind: 'session', record: { ...session, version: session.version + 1, endedAt: now } }
}

/** Sessions of one person that are looked through; each lasts 12 hours at most. */
const mostSessions = 1000

/**
 * The sessions of a person that stand, to be ended with what they stood on. One that opens meanwhile is
 * no way in: each use looks at the person's state.
 */
export async function openSessions(
  person: Person,
  ports: PeoplePorts,
): Promise<readonly Session[]> {
  const { items } = await ports.ledger.list('session', {
    by: 'person',
    equal: [person.id],
    descending: true,
    limit: mostSessions,
  })
  return items.filter((session) => session.endedAt === null)
}
