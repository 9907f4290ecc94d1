// SPDX-License-Identifier: Apache-2.0
import type { BuildTrust } from '#core/ledger/tables.ts'
import { addBuildTrust, removeBuildTrust } from '#core/people/build-trust.ts'
import { buildTrustsOf, grantJob } from '#core/people/grant.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import { notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import { IssuerKeys } from '#edge/builds/issuer-keys.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import type { Core } from '../core.ts'

type BuildVerbs = Pick<
  Verbs,
  'build-trust.add' | 'build-trust.list' | 'build-trust.remove' | 'build.sign-in'
>

/** Services that run builds, and their jobs. */
export function buildVerbs(core: Core): BuildVerbs {
  const { ledger, clock } = core
  const keys = new IssuerKeys()
  return {
    'build-trust.add': async (asked, { caller }) => {
      for (const product of asked.products)
        if ((await ledger.read('product', product)) === undefined) return notFound(product)
      const added = await addBuildTrust(asked, caller.actor, core)
      return added.kind === 'refused' ? added : show(added.trust)
    },

    'build-trust.list': async (paging) => {
      const { items, next } = await ledger.list('buildTrust', { ...pageOf(paging), by: 'created' })
      return { items: items.map(show), next }
    },

    'build-trust.remove': async ({ trust: id }, { caller }) => {
      const trust = await ledger.read('buildTrust', id)
      if (trust === undefined) return notFound(id)
      const removed = await removeBuildTrust(trust, caller.actor, core)
      return removed.kind === 'refused' ? removed : show(removed.trust)
    },

    'build.sign-in': async ({ token: idToken }) => {
      const { verifyIdToken } = await import('#edge/builds/verify-id-token.ts')
      const proved = await verifyIdToken(idToken, {
        ...{ keys, now: () => clock.now() },
        isKnown: async (issuer) => (await buildTrustsOf(issuer, ledger)).length > 0,
      })
      if (proved.kind === 'refused') return proved
      const granted = await grantJob(proved.job, core)
      if (granted.kind === 'refused') return granted
      const { grant, token } = granted
      const { id, products, expiresAt } = grant
      return { grant: id, token, products: [...products], expiresAt: `${expiresAt}` }
    },
  }
}

function show({
  version: _,
  products,
  createdAt,
  ...trust
}: BuildTrust): OutputOf<'build-trust.add'> {
  return { ...trust, products: [...products], createdAt: `${createdAt}` }
}
