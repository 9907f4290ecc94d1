// SPDX-License-Identifier: Apache-2.0
import { keyAlgorithms } from '#trust/algorithms.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { BuilderKey } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'

interface KeyPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

export type BuilderKeyChanged = { readonly kind: 'changed'; readonly key: BuilderKey } | Refused

/** Believes, of a product's builds, what this key signs from now on. */
export async function addBuilderKey(
  asked: Pick<BuilderKey, 'product' | 'name' | 'builders'>,
  key: PublicKey,
  actor: Actor,
  { ledger, clock, random }: KeyPorts,
): Promise<BuilderKeyChanged> {
  const { product, name, builders } = asked
  if ((await ledger.read('product', product)) === undefined)
    return refuse('not-found', `nothing here has the id ${product}`)
  const { signsWith, strength } = keyAlgorithms[key.algorithm]
  if (signsWith === null)
    return refuse('key-algorithm-not-admitted', `a key of ${key.algorithm} signs nothing`)
  if (strength < leastStrength)
    return refuse(
      'key-too-weak',
      `key has ${strength} bits of strength, ${leastStrength} are asked`,
    )
  const { spki, fingerprint } = key
  const record: BuilderKey = {
    ...{ id: newId('builderKey', { clock, random }), version: 1, product, name, builders },
    ...{ spki, fingerprint, addedBy: actor.id, addedAt: clock.now(), endedAt: null, because: null },
  }
  const refused = await settle(
    {
      puts: [{ kind: 'builderKey', record }],
      events: [
        {
          ...{ type: 'builder-key-added', at: record.addedAt, actor },
          subjects: [record.id, product],
          facts: { name, fingerprint: fingerprint.toHex(), builders: builders.join(', ') },
        },
      ],
    },
    ledger,
  )
  return refused ?? { kind: 'changed', key: record }
}

/** Below it a statement can be forged (SP 800-57 part 1 table 2). */
const leastStrength = 112

/** Believes it no more: what it signed counts nowhere from now on, also of releases that wait. */
export async function endBuilderKey(
  key: BuilderKey,
  because: string,
  actor: Actor,
  { ledger, clock }: Pick<KeyPorts, 'ledger' | 'clock'>,
): Promise<BuilderKeyChanged> {
  if (key.endedAt !== null) return refuse('conflict', `${key.name} has ended already`)
  const record: BuilderKey = { ...key, version: key.version + 1, endedAt: clock.now(), because }
  const refused = await settle(
    {
      puts: [{ kind: 'builderKey', record }],
      events: [
        {
          ...{ type: 'builder-key-ended', at: clock.now(), actor },
          subjects: [key.id, key.product],
          facts: { name: key.name, because },
        },
      ],
    },
    ledger,
  )
  return refused ?? { kind: 'changed', key: record }
}

/** As many as a product may have. */
const mostKeys = 1_000

/** All keys of a product's build services, ended ones among them. */
export async function builderKeysOf(
  product: string,
  ledger: Ledger,
): Promise<readonly BuilderKey[]> {
  const { items } = await ledger.list('builderKey', {
    ...{ by: 'product', equal: [product], limit: mostKeys },
  })
  return items
}
