// SPDX-License-Identifier: Apache-2.0
import { noteHealth } from '#core/enforcement/health.ts'
import {
  addIntegration,
  integrationNamed,
  removeIntegration,
  retryIntegration,
  syncIntegration,
} from '#core/enforcement/integrations.ts'
import type { IntegrationDesk } from '#core/enforcement/port.ts'
import type { Enforcement, Integration } from '#core/ledger/tables.ts'
import { clear } from '#core/watch/alarm.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import { checkVersion } from '#edge/admin/ledger-verbs/record.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { InputOf, OutputOf } from '#format/admin/operations.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'

type IntegrationVerbs = Pick<
  Verbs,
  (`integration.${string}` | `enforcement.${string}`) & keyof Verbs
>

const testingMilliseconds = 15_000
/** Counted, not more: beyond it the number says nothing that anybody would do something else for. */
const mostCounted = 1000

/** Where sessions end with their trust, and what became of each act there. */
export function integrationVerbs(core: Core, desk: IntegrationDesk): IntegrationVerbs {
  const { ledger } = core
  const show = (one: Integration) => showIntegration(one, core)
  return {
    'integration.add': async ({ name, kind, address, ...settings }, { caller }) => {
      const given = Object.entries(settings).flatMap(([key, value]) =>
        value === undefined ? [] : [[key, value] as const],
      )
      const asked = { name, kind, address, settings: Object.fromEntries(given) }
      const added = await addIntegration(asked, caller.actor, core)
      return added.kind === 'refused' ? added : show(added.integration)
    },

    'integration.list': async (paging) => {
      const walk = { by: 'state', equal: ['active'] } as const
      const { items, next } = await ledger.list('integration', { ...walk, ...pageOf(paging) })
      return { items: await Promise.all(items.map(show)), next }
    },

    'integration.show': async ({ integration: name }) => {
      const found = await integrationNamed(name, core)
      return found.kind === 'refused' ? found : show(found)
    },

    'integration.test': async ({ integration: name }) => {
      const found = await integrationNamed(name, core)
      if (found.kind === 'refused') return found
      if (found.state === 'removed') return refuse('conflict', `integration ${name} was removed`)
      const said = await desk.examine(found, AbortSignal.timeout(testingMilliseconds))
      const trouble = said.kind === 'well' ? null : said.detail
      await noteHealth(found.id, trouble ?? undefined, core)
      const says = said.kind === 'well' ? { ...said.facts } : {}
      return { name, answers: said.kind === 'well', says, trouble }
    },

    'integration.retry': async ({ integration: name }, { caller }) => {
      const found = await integrationNamed(name, core)
      if (found.kind === 'refused') return found
      const retried = await retryIntegration(found, caller.actor, core)
      return retried.kind === 'refused' ? retried : { name, enforcements: retried.enforcements }
    },

    'integration.sync': async ({ integration: name }, { caller }) => {
      const found = await integrationNamed(name, core)
      if (found.kind === 'refused') return found
      const synced = await syncIntegration(found, caller.actor, core)
      return synced.kind === 'refused' ? synced : { name, enforcements: synced.enforcements }
    },

    'integration.remove': async ({ integration: name }, call) => {
      const found = await integrationNamed(name, core)
      if (found.kind === 'refused') return found
      const differs = checkVersion(found, call)
      if (differs !== undefined) return differs
      const removed = await removeIntegration(found, call.caller.actor, core)
      if (removed.kind === 'refused') return removed
      await clear('integration-down', found.id, core)
      await clear('enforcement-given-up', found.id, core)
      return show(removed.integration)
    },

    'enforcement.list': async (asked) => {
      const walk = await walkOf(asked, core)
      if ('kind' in walk) return walk
      const { items, next } = await ledger.list('enforcement', {
        ...{ ...walk, descending: true },
        ...pageOf(asked),
      })
      const names = new Map<string, string>()
      for (const { integration } of items)
        if (!names.has(integration))
          names.set(integration, (await ledger.read('integration', integration))?.name ?? '')
      const shown = items.map((one) => showEnforcement(one, names.get(one.integration) ?? ''))
      return { items: shown, next }
    },
  }
}

async function walkOf({ integration, revocation, state }: InputOf<'enforcement.list'>, core: Core) {
  if (integration !== undefined) {
    const found = await integrationNamed(integration, core)
    if (found.kind === 'refused') return found
    const equal = [found.id, ...(state === undefined ? [] : [state])]
    return { by: 'integration', equal, where: { ...(revocation && { revocation }) } } as const
  }
  if (revocation !== undefined)
    return { by: 'revocation', equal: [revocation], where: { ...(state && { state }) } } as const
  return state === undefined ? {} : ({ by: 'state', equal: [state] } as const)
}

async function showIntegration(
  integration: Integration,
  { ledger }: Core,
): Promise<OutputOf<'integration.show'>> {
  const count = async (state: Enforcement['state']) => {
    const walk = { by: 'integration', equal: [integration.id, state], limit: mostCounted } as const
    return (await ledger.list('enforcement', walk)).items.length
  }
  const [waiting, failed, givenUp] = await Promise.all([
    count('waiting'),
    count('failed'),
    count('given-up'),
  ])
  return {
    ...integration,
    settings: { ...integration.settings },
    ...{ open: Math.min(waiting + failed, mostCounted), givenUp },
    seenAt: integration.seenAt?.toString() ?? null,
    troubledSince: integration.troubledSince?.toString() ?? null,
    createdAt: integration.createdAt.toString(),
  }
}

function showEnforcement(one: Enforcement, integrationName: string): OutputOf<'enforcement.list'> {
  return {
    ...one,
    integrationName,
    nextAt: one.nextAt.toString(),
    createdAt: one.createdAt.toString(),
    confirmedAt: one.confirmedAt?.toString() ?? null,
  }
}
