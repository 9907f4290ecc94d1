// SPDX-License-Identifier: Apache-2.0

import { newestOf } from '#core/enrolment/anchors/believed.ts'
import type { Authority, Key } from '#core/ledger/tables.ts'
import { type Succeeded, succeedAuthority } from '#core/watch/succeed-authority.ts'
import { whatIf } from '#core/watch/what-if.ts'
import { showAuthority } from '#edge/admin/ledger-verbs/show.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import { shellWord } from '#format/admin/shell-word.ts'
import { isKeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'
import { foundingFor } from '../foundation.ts'

/** The role of an authority goes to a new key, where the keys are. */
export function successionVerbs(core: Core): Pick<Verbs, 'authority.succeed'> {
  const { ledger, environment } = core
  return {
    'authority.succeed': async (asked, { caller }) => {
      const before = await ledger.read('authority', asked.authority)
      if (before === undefined)
        return refuse('not-found', `there is no authority ${asked.authority}`)
      const root = core.doors.rootOf(before)
      if (root === undefined)
        return refuse('input-wrong', `${before.name} hangs under no root that is known here`)
      const algorithm = asked.algorithm ?? before.algorithm
      if (!isKeyAlgorithmName(algorithm) || !keyAlgorithms[algorithm].uses.includes('authority'))
        return refuse('input-wrong', `algorithm: no authority signs with "${algorithm}"`)
      const wanted = {
        ...({ environment, rootAlgorithm: 'p-384', algorithm, twin: false } as const),
        maker: core.installation.maker,
      }
      const succeeded = await succeedAuthority(
        {
          ...{ before, name: asked.name, keysIn: asked.keysIn, because: asked.because },
          // Under the root that devices are led to, once there is another.
          root: newestOf(root, core.doors),
          founding: { ...foundingFor(wanted), actor: caller.actor },
        },
        core,
      )
      return succeeded.kind === 'refused' ? succeeded : told(succeeded, core)
    },
  }
}

async function told(succeeded: Succeeded & { kind: 'succeeded' }, core: Core) {
  const { before, successor, entrances } = succeeded
  const { products } = await whatIf(before, core)
  const devices = products.reduce((sum, product) => sum + product.devices, 0)
  const [old, key] = [await keyOf(before, core), await keyOf(successor, core)]
  return {
    ...{ before: showAuthority(before, old), successor: showAuthority(successor, key) },
    ...{
      entrances,
      devices,
      done: doneBy(succeeded, key),
      remains: remainsOf(before, old, devices),
    },
  }
}

function doneBy(
  { before, successor, entrances, made }: Succeeded & { kind: 'succeeded' },
  key?: Key,
) {
  const where = `its ${successor.algorithm} key is in ${key?.custody ?? 'file'}`
  const stays = key?.exportable === false ? ' and cannot be taken out' : ''
  return [
    `${successor.name} ${made ? 'was made' : 'was there already, from a call that was cut off'}: ${where}${stays}`,
    `${before.name} issues nothing more`,
    `${entrances} entrance${entrances === 1 ? ' issues' : 's issue'} from ${successor.name}; devices keep their labels and renew as ever`,
  ]
}

function remainsOf({ name, notAfter }: Authority, key: Key | undefined, devices: number) {
  const list = `${name} signs revocation lists until what it issued has ended, at the latest ${notAfter}: its key stays in ${key?.custody ?? 'file'} so long`
  if (devices === 0)
    return [list, `no device hangs under ${name}: "authority retire ${name}" ends it`]
  return [
    `${devices} device${devices === 1 ? ' moves' : 's move'} with the next renewal; sooner by: vitalsign renewal order --authority ${shellWord(name)} --within 24 --because …`,
    list,
    `what still hangs on it: vitalsign authority what-if ${shellWord(name)}; once nothing does: vitalsign authority retire ${shellWord(name)}`,
  ]
}

async function keyOf({ key }: Authority, { ledger }: Core): Promise<Key | undefined> {
  return key === null ? undefined : ledger.read('key', key)
}
