// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Change } from '../ledger/ledger.ts'
import type { Person } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { type Link, newInvitation } from './invitation.ts'
import type { PeoplePorts } from './ports.ts'

/** Long enough to walk to a browser; nobody finds the link later. */
const restoreLife = Temporal.Duration.from({ minutes: 15 })

export interface Restoration {
  readonly kind: 'restoration'
  readonly person: Person
  /** The id of the link's record. */
  readonly invitation: string
  /** The token is shown once, on the terminal of whoever sits there. */
  readonly link: Link
  /** To be committed with the alarm that tells of it. */
  readonly change: Change
}

/**
 * A new way in to an account whose passphrase was lost, or to a new administrator's.
 *
 * For the one who sits at the machine, and for nobody else: it asks for no proof. The old passphrase
 * holds until the link is used, and so do the sessions: whoever makes a link in vain harms nobody.
 */
export async function restoring(
  name: string,
  actor: Actor,
  ports: PeoplePorts,
): Promise<Restoration | Refused> {
  const known = await ports.ledger.find('person', 'name', [name])
  if (known?.state === 'removed')
    return refuse('not-permitted', `"${name}" was removed for ever; name somebody else`)
  const now = ports.clock.now()
  const person: Person = known ?? {
    ...{ id: newId('person', ports), version: 1, name, role: 'administrator', state: 'invited' },
    ...{ passphrase: null, createdAt: now, signedInAt: null, hasJoined: false },
  }
  const { link, put, invitation } = newInvitation(person.id, restoreLife, ports)
  return {
    kind: 'restoration',
    ...{ person, link, invitation: invitation.id },
    change: {
      puts: [...(known === undefined ? [{ kind: 'person', record: person } as const] : []), put],
      events: [
        {
          ...{ type: 'person-restored', at: now, actor, subjects: [person.id, invitation.id] },
          facts: { name, role: person.role, isNew: known === undefined },
        },
      ],
    },
  }
}
