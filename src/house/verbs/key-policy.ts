// SPDX-License-Identifier: Apache-2.0
import { readKeyPolicy, setKeyPolicy } from '#core/keywatch/key-policy.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'

type KeyPolicyVerbs = Pick<Verbs, 'key.policy' | 'key.set-policy'>

/** What is done by itself about a key in other hands. */
export function keyPolicyVerbs(core: Core): KeyPolicyVerbs {
  return {
    'key.policy': () => show(core),

    'key.set-policy': async ({ recovered, shared, product, because }, { caller }) => {
      if (product !== undefined && shared === undefined)
        return refuse('input-wrong', 'of a product it is said by --shared what is done')
      if (product !== undefined && (await core.ledger.read('product', product)) === undefined)
        return refuse('not-found', `there is no product ${product}`)
      const before = await readKeyPolicy(core.ledger)
      const ofAll = product === undefined ? shared : undefined
      const ofOne = product === undefined || shared === undefined ? {} : { [product]: shared }
      const policy = {
        recovered: recovered ?? before.recovered,
        shared: ofAll ?? before.shared,
        sharedOf: { ...before.sharedOf, ...ofOne },
      }
      return (await setKeyPolicy(policy, because, caller.actor, core)) ?? show(core)
    },
  }
}

async function show({ ledger }: Core): Promise<OutputOf<'key.policy'>> {
  const { recovered, shared, sharedOf } = await readKeyPolicy(ledger)
  const products = await Promise.all(
    Object.entries(sharedOf).map(async ([product, choice]) => {
      const record = await ledger.read('product', product)
      return { product, productName: record?.name ?? product, shared: choice }
    }),
  )
  return { recovered, shared, products }
}
