// SPDX-License-Identifier: Apache-2.0
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { Enforcement, Integration, RevocationRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'

/** Integrations there can be: each costs a record with every act. */
export const mostIntegrations = 50

interface EnqueuePorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/**
 * Where an act of a revocation is to be carried out besides here: one record an integration, to be committed
 * with the act itself, so that none is forgotten whatever crashes after it.
 *
 * Whom it is about: the owners of all certificates whose `revocation` names the act, of a release too; and
 * the device that the act chose, though it may have no certificate.
 */
export async function enforcementsOf(
  revocation: string,
  act: Enforcement['act'],
  ports: EnqueuePorts,
): Promise<readonly Put[]> {
  return (await activeIntegrations(ports.ledger)).map((integration) =>
    enforcementPut({ revocation, integration, act, owner: null }, ports),
  )
}

/**
 * The same, at those integrations alone at which it is not booked yet: of a long act those that were added while it
 * was carried out, of any act those that were added in the moment in which it was committed.
 */
export async function enforcementsLeft(
  { id, act }: RevocationRecord,
  ports: EnqueuePorts,
): Promise<readonly Put[]> {
  const active = await activeIntegrations(ports.ledger)
  if (active.length === 0) return []
  const { items } = await ports.ledger.list('enforcement', {
    ...{ by: 'revocation', equal: [id], limit: 1000 },
  })
  const booked = new Set(items.map(({ integration }) => integration))
  const asked = { revocation: id, act: act === 'release' ? 'restore' : 'end', owner: null } as const
  return active
    .filter((integration) => !booked.has(integration.id))
    .map((integration) => enforcementPut({ ...asked, integration }, ports))
}

/**
 * What lets an owner in again whose last certificate had ended and who was given another one, to be committed with
 * that certificate.
 */
export async function readmissionsOf(owner: string, ports: EnqueuePorts): Promise<readonly Put[]> {
  return (await activeIntegrations(ports.ledger)).map((integration) =>
    enforcementPut({ revocation: null, integration, act: 'restore', owner }, ports),
  )
}

/** What tells one integration of all that has ended and could still be shown. */
export function catchUpPut(integration: Integration, ports: EnqueuePorts): Put {
  return enforcementPut({ revocation: null, integration, act: 'end', owner: null }, ports)
}

type New = Pick<Enforcement, 'revocation' | 'act' | 'owner'> & {
  readonly integration: Integration
}

function enforcementPut({ integration, ...asked }: New, ports: EnqueuePorts): Put {
  const now = ports.clock.now()
  return {
    kind: 'enforcement',
    record: {
      ...{ ...asked, id: newId('enforcement', ports), version: 1, integration: integration.id },
      ...{ state: 'waiting', tries: 0, nextAt: now, after: null, owners: 0, sessionsEnded: 0 },
      ...{ sessionsKnown: true, lastError: null, createdAt: now, confirmedAt: null },
    },
  }
}

export async function activeIntegrations(ledger: Ledger): Promise<readonly Integration[]> {
  const { items } = await ledger.list('integration', {
    ...{ by: 'state', equal: ['active'], limit: mostIntegrations },
  })
  return items
}
