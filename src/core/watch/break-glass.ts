// SPDX-License-Identifier: Apache-2.0
import type { Actor } from '../audit/event.ts'
import { settle } from '../ledger/settle.ts'
import type { Person } from '../ledger/tables.ts'
import type { Link } from '../people/invitation.ts'
import { restoring } from '../people/restore.ts'
import type { Refused } from '../refusal.ts'
import { type AlarmPorts, raising } from './alarm.ts'

export type Restored =
  | { readonly kind: 'restored'; readonly person: Person; readonly link: Link }
  | Refused

/** Makes a new way in to an account, and tells everybody in the same commit: nothing of it can be hidden. */
export async function breakGlass(name: string, actor: Actor, ports: AlarmPorts): Promise<Restored> {
  const restoration = await restoring(name, actor, ports)
  if (restoration.kind === 'refused') return restoration
  const { person, invitation, link, change } = restoration
  const alarm = await raising(
    {
      ...{ kind: 'break-glass-used', subject: invitation, severity: 'critical' },
      text: `somebody at the machine itself made a new way in to the account ${name}`,
      facts: { name, person: person.id, linkUntil: link.expiresAt.toString() },
    },
    ports,
  )
  const refused = await settle(
    {
      puts: [...change.puts, ...(alarm?.puts ?? [])],
      events: [...change.events, ...(alarm?.events ?? [])],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'restored', person, link }
}
