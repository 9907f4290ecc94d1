// SPDX-License-Identifier: Apache-2.0
import { importBundle } from '#core/ceremony/import-bundle.ts'
import { verifyBundle } from '#core/ceremony/verify-bundle.ts'
import { Fault } from '#core/fault.ts'
import { CursorError } from '#core/ledger/ledger.ts'
import type { CeremonyRecord } from '#core/ledger/tables.ts'
import { showAuthority } from '#edge/admin/ledger-verbs/show.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'

type CeremonyVerbs = Pick<
  Verbs,
  'ceremony.export' | 'ceremony.import' | 'ceremony.list' | 'ceremony.show'
>

/** What ceremonies made, and what is kept of them. */
export function ceremonyVerbs(core: Core): CeremonyVerbs {
  const { ledger, environment, installation } = core
  return {
    'ceremony.import': async ({ bundle }, { caller }) => {
      const bytes = new TextEncoder().encode(bundle)
      const target = { environment, publicUrl: installation.publicUrl }
      const done = await importBundle(bytes, target, caller.actor, core)
      if (done.kind === 'refused') return done
      const { ceremony, changed, roots, authorities, others, lists, links, linksLeft } = done
      return {
        ...{ ceremony: showCeremony(ceremony), changed, others, lists, links, linksLeft },
        roots: roots.map((one) => showAuthority(one)),
        authorities: authorities.map((one) => showAuthority(one)),
      }
    },

    'ceremony.list': async ({ limit, after }) => {
      try {
        const query = { descending: true, limit, ...(after && { after }) }
        const page = await ledger.list('ceremony', query)
        return { items: page.items.map(showCeremony), next: page.next }
      } catch (error) {
        if (!(error instanceof CursorError)) throw error
        return refuse('input-wrong', `after: "${after}" is no cursor of this list`)
      }
    },

    'ceremony.show': async ({ ceremony: asked }) => {
      const ceremony = await ledger.read('ceremony', asked)
      if (ceremony === undefined) return refuse('not-found', `there is no ceremony ${asked}`)
      const bundle = await verifyBundle(ceremony.bundle)
      if (bundle.kind === 'refused')
        throw new Fault('ledger-damaged', `ceremony ${asked}: ${bundle.detail}`)
      return {
        ceremony: showCeremony(ceremony),
        people: bundle.script.people.map(({ role, name }) => ({ role, name })),
        transcript: bundle.entries.map(({ number, at, step, what, by, facts }) => ({
          ...{ number, at, step, what, facts: { ...facts } },
          by: by.map(({ role, name }) => `${name} (${role})`).join(', '),
        })),
      }
    },

    'ceremony.export': async ({ ceremony: asked }) => {
      const ceremony = await ledger.read('ceremony', asked)
      if (ceremony === undefined) return refuse('not-found', `there is no ceremony ${asked}`)
      return { bundle: new TextDecoder().decode(ceremony.bundle) }
    },
  }
}

function showCeremony({
  version: _,
  bundle: __,
  ...ceremony
}: CeremonyRecord): OutputOf<'ceremony.list'> {
  return {
    ...ceremony,
    bundleSha256: ceremony.bundleSha256.toHex(),
    scriptSha256: ceremony.scriptSha256.toHex(),
    transcriptSha256: ceremony.transcriptSha256.toHex(),
    previousSha256: ceremony.previousSha256?.toHex() ?? null,
    heldAt: ceremony.heldAt.toString(),
    importedAt: ceremony.importedAt.toString(),
  }
}
