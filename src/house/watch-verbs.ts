// SPDX-License-Identifier: Apache-2.0

import { foundIssuing } from '#core/authority/founding.ts'
import { isTwin } from '#core/authority/twin.ts'
import { newestOf } from '#core/enrolment/anchors/believed.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import { shellWord } from '#format/admin/shell-word.ts'
import { encodePem } from '#format/pem.ts'
import { isKeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from './core.ts'
import { foundingFor } from './foundation.ts'
import { notifyKeyOf } from './watch.ts'

/** What watching needs of the house's keys. */
export function houseWatchVerbs(core: Core): Pick<Verbs, 'authority.issue' | 'notification.key'> {
  return {
    'notification.key': async () => {
      const { id, spki } = await notifyKeyOf(core)
      return { keyId: id, algorithm: 'ed25519', pem: encodePem('PUBLIC KEY', spki) }
    },

    'authority.issue': async ({ name, algorithm, keysIn }, { caller }) => {
      if (!isKeyAlgorithmName(algorithm) || !keyAlgorithms[algorithm].uses.includes('authority'))
        return refuse('input-wrong', `algorithm: no authority signs with "${algorithm}"`)
      if ((await core.ledger.find('authority', 'name', [name])) !== undefined)
        return refuse('exists-already', `an authority is named "${name}"; choose another name`)
      const unable = core.keys.unable?.(algorithm, keysIn)
      if (unable !== undefined) return refuse('input-wrong', `keys-in: ${unable}`)
      const first = core.doors.own.find((one) => one.kind === 'root' && !isTwin(one))
      // Under the root that devices are led to, once there is another.
      const root = first && newestOf(first, core.doors)
      if (root?.key == null || !(await core.keys.has(root.key))) {
        return refuse(
          'issuing-stopped',
          root?.key === null
            ? `the key of the root is elsewhere; ask for the certificate there: "vitalsign authority request ${shellWord(name)}"`
            : 'the key of the root is not here; bring its directory back, and take it away again after this',
        )
      }
      const { environment } = core
      const wanted = {
        ...({ environment, rootAlgorithm: 'p-384', algorithm, twin: false } as const),
        maker: core.installation.maker,
        keysIn: { root: keysIn, issuing: keysIn, twin: keysIn },
      }
      const founding = { ...foundingFor(wanted), actor: caller.actor }
      const made = await foundIssuing(name, founding, root, core)
      return { id: made.id, name, algorithm, sha256: made.certificateSha256.toHex() }
    },
  }
}
