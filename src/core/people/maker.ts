// SPDX-License-Identifier: Apache-2.0
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import type { Party } from '../ledger/tables.ts'
import type { PeoplePorts } from './ports.ts'

/** A party, and what must be written for it to be there. */
export interface NamedParty {
  readonly party: Party
  readonly puts: readonly Put[]
  readonly events: readonly AuditEvent[]
}

/** The maker of this name: the one that is there, or a new one to be committed with the reason for it. */
export async function nameMaker(
  name: string,
  actor: Actor,
  ports: PeoplePorts,
): Promise<NamedParty> {
  const known = await ports.ledger.find('party', 'name', [name])
  if (known !== undefined) return { party: known, puts: [], events: [] }
  const now = ports.clock.now()
  const party: Party = {
    id: newId('party', ports),
    version: 1,
    name,
    role: 'maker',
    createdAt: now,
  }
  return {
    party,
    puts: [{ kind: 'party', record: party }],
    events: [
      { type: 'party-added', at: now, actor, subjects: [party.id], facts: { name, role: 'maker' } },
    ],
  }
}
