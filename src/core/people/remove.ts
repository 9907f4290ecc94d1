// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { settle } from '../ledger/settle.ts'
import type { Person } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { readAdministrators } from './administrators.ts'
import type { PeoplePorts } from './ports.ts'
import { endedPut, openSessions } from './session.ts'

export type Removed = { readonly kind: 'removed'; readonly person: Person } | Refused

/** Ends a person's account, sessions and invitation in one change. The last administrator stays. */
export async function removePerson(
  person: Person,
  actor: Actor,
  ports: PeoplePorts,
): Promise<Removed> {
  if (person.state === 'removed') return { kind: 'removed', person }
  const isAdministrator = person.role === 'administrator' && person.state === 'active'
  const administrators = await readAdministrators(ports.ledger)
  if (isAdministrator && administrators.count <= 1) {
    return refuse(
      'last-administrator',
      `"${person.name}" is the only administrator; invite another one first`,
    )
  }
  const now = ports.clock.now()
  const removed: Person = {
    ...person,
    version: person.version + 1,
    state: 'removed',
    passphrase: null,
  }
  const refused = await settle(
    {
      puts: [
        { kind: 'person', record: removed },
        ...(await openSessions(person, ports)).map((session) => endedPut(session, now)),
        ...(isAdministrator ? [administrators.put(-1, ports)] : []),
      ],
      events: [
        {
          type: 'person-removed',
          at: now,
          actor,
          subjects: [person.id],
          facts: { name: person.name, role: person.role },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'removed', person: removed }
}
