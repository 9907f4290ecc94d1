// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Enforcement, Integration } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { checkIntegration } from './check-integration.ts'
import { activeIntegrations, catchUpPut, mostIntegrations } from './enqueue.ts'

export interface IntegrationPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

export type NewIntegration = Pick<Integration, 'name' | 'kind' | 'address' | 'settings'>

export type IntegrationChanged =
  | { readonly kind: 'changed'; readonly integration: Integration }
  | Refused

/**
 * Adds a place where sessions end from now on, and books that it be told of all that has ended before and could
 * still be shown there.
 */
export async function addIntegration(
  asked: NewIntegration,
  actor: Actor,
  ports: IntegrationPorts,
): Promise<IntegrationChanged> {
  const no = checkIntegration(asked)
  if (no !== undefined) return no
  if ((await activeIntegrations(ports.ledger)).length >= mostIntegrations)
    return refuse('busy', `there are ${mostIntegrations} integrations already; remove one first`)
  const now = ports.clock.now()
  const integration: Integration = {
    ...asked,
    ...{ id: newId('integration', ports), version: 1, state: 'active' },
    ...{ createdAt: now, createdBy: actor.id, seenAt: null, trouble: null, troubledSince: null },
  }
  const refused = await settle(
    {
      puts: [{ kind: 'integration', record: integration }, catchUpPut(integration, ports)],
      events: [told('integration-added', integration, actor, now)],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'changed', integration }
}

/** Ends sessions there no more. What was barred there stays so; what still waited for it is given up. */
export async function removeIntegration(
  before: Integration,
  actor: Actor,
  ports: IntegrationPorts,
): Promise<IntegrationChanged> {
  if (before.state === 'removed') return { kind: 'changed', integration: before }
  const columns = { state: 'removed', trouble: null, troubledSince: null } as const
  const integration: Integration = { ...before, ...columns, version: before.version + 1 }
  const event = told('integration-removed', integration, actor, ports.clock.now())
  const refused = await settle(
    { puts: [{ kind: 'integration', record: integration }], events: [event] },
    ports.ledger,
  )
  return refused ?? { kind: 'changed', integration }
}

/** In one commit, and in one call: more is for another call. */
const mostRetried = 500

export type Booked = { readonly kind: 'booked'; readonly enforcements: number } | Refused

/** Takes up at once what failed there, and what was given up. */
export async function retryIntegration(
  integration: Integration,
  actor: Actor,
  ports: IntegrationPorts,
): Promise<Booked> {
  const removed = refuseRemoved(integration)
  if (removed !== undefined) return removed
  const now = ports.clock.now()
  const stuck = await Promise.all(
    (['failed', 'given-up'] as const).map((state) =>
      ports.ledger.list('enforcement', {
        ...{ by: 'integration', equal: [integration.id, state], limit: mostRetried / 2 },
      }),
    ),
  )
  const anew = stuck
    .flatMap(({ items }) => items)
    .map((one): Enforcement => {
      // What was given up has all its tries again; what only failed is as long down as it was.
      const isGivenUp = one.state === 'given-up'
      const tries = isGivenUp ? 0 : one.tries
      return { ...one, version: one.version + 1, state: 'waiting', tries, nextAt: now }
    })
  if (anew.length === 0) return { kind: 'booked', enforcements: 0 }
  const event = told('integration-retried', integration, actor, now, { enforcements: anew.length })
  const refused = await settle(
    { puts: anew.map((record) => ({ kind: 'enforcement', record })), events: [event] },
    ports.ledger,
  )
  return refused ?? { kind: 'booked', enforcements: anew.length }
}

/** Books that it be told once more of all that has ended: for a broker that was restored, or set up anew. */
export async function syncIntegration(
  integration: Integration,
  actor: Actor,
  ports: IntegrationPorts,
): Promise<Booked> {
  const removed = refuseRemoved(integration)
  if (removed !== undefined) return removed
  const event = told('integration-synced', integration, actor, ports.clock.now())
  const refused = await settle(
    { puts: [catchUpPut(integration, ports)], events: [event] },
    ports.ledger,
  )
  return refused ?? { kind: 'booked', enforcements: 1 }
}

/** The integration of a name, also one that was removed. */
export async function integrationNamed(
  name: string,
  { ledger }: Pick<IntegrationPorts, 'ledger'>,
): Promise<Integration | Refused> {
  const found = await ledger.find('integration', 'name', [name])
  return (
    found ??
    refuse(
      'not-found',
      `no integration is named "${name}"; "vitalsign integration list" shows them`,
    )
  )
}

function refuseRemoved({ name, state }: Integration): Refused | undefined {
  return state === 'active' ? undefined : refuse('conflict', `integration ${name} was removed`)
}

type Told = 'added' | 'removed' | 'retried' | 'synced'

function told(
  type: `integration-${Told}`,
  { id, name, kind, address }: Integration,
  actor: Actor,
  at: Temporal.Instant,
  more: AuditEvent['facts'] = {},
): AuditEvent {
  return { type, at, actor, subjects: [id], facts: { name, kind, address, ...more } }
}
