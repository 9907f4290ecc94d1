// SPDX-License-Identifier: Apache-2.0

import { foundTwins } from '#core/authority/founding.ts'
import { isTwin, twinAlgorithms, twinName } from '#core/authority/twin.ts'
import { showAuthority } from '#edge/admin/ledger-verbs/show.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import { shellWord } from '#format/admin/shell-word.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'
import { foundingFor } from '../foundation.ts'

/** Twins are made where the keys are. */
export function twinVerbs(core: Core): Pick<Verbs, 'authority.twin'> {
  return {
    'authority.twin': async ({ authority: asked, keysIn }, { caller }) => {
      const issuing = await core.ledger.read('authority', asked)
      if (issuing === undefined) return refuse('not-found', `there is no authority ${asked}`)
      const root = core.doors.rootOf(issuing)
      if (issuing.kind !== 'issuing' || isTwin(issuing) || root === undefined) {
        return refuse(
          'input-wrong',
          `${issuing.name} is no issuing authority under a root of ours; name one that is`,
        )
      }
      if (root.key === null) {
        return refuse(
          'issuing-stopped',
          `the key of ${root.name} is elsewhere; ask for the twin there: "vitalsign authority request ${shellWord(twinName(issuing))} --algorithm ml-dsa-65 --twin-of ${shellWord(issuing.name)}"`,
        )
      }
      const name = twinName(issuing)
      if ((await core.ledger.find('authority', 'name', [name])) !== undefined)
        return refuse('exists-already', `${issuing.name} has its twin already: ${name}`)
      for (const algorithm of Object.values(twinAlgorithms)) {
        const unable = core.keys.unable?.(algorithm, keysIn)
        if (unable !== undefined) return refuse('input-wrong', `keys-in: ${unable}`)
      }
      const { environment } = core
      const wanted = {
        environment,
        maker: core.installation.maker,
        rootAlgorithm: 'p-384',
        algorithm: 'p-256',
        twin: true,
        keysIn: { root: keysIn, issuing: keysIn, twin: keysIn },
      } as const
      const founding = { ...foundingFor(wanted), actor: caller.actor }
      const made = await foundTwins({ root, issuing }, founding, core)
      return { root: showAuthority(made.root), issuing: showAuthority(made.issuing) }
    },
  }
}
