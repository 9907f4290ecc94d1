// SPDX-License-Identifier: Apache-2.0
import { shellWord } from '#format/admin/shell-word.ts'
import { refuse } from '#trust/refusal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ArtefactKey, Product, Release } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { PlanLine } from './plan-lines.ts'

/** The states in which a key signs. */
export const signingStates: readonly ArtefactKey['state'][] = ['current', 'retiring']

/** More than a product has in one environment. */
const mostKeys = 1_000

type Place = Pick<Release, 'product' | 'environment'>

/** Every key of artefacts that a product has in an environment, whatever its state; the oldest first. */
export async function artefactKeysOf(
  { product, environment }: Place,
  ledger: Ledger,
): Promise<readonly ArtefactKey[]> {
  const { items } = await ledger.list('artefactKey', {
    ...{ by: 'product', equal: [product, environment], limit: mostKeys },
  })
  // Whatever their states: signatures keep their order.
  return items.toSorted((one, other) => (one.id < other.id ? -1 : 1))
}

/**
 * The keys that a line of a plan means: those that it names, of which each must sign in its form, else every key of the
 * product that does.
 *
 * @param states in which a key that is named may be
 */
export async function keysOfLine(
  line: Pick<PlanLine, 'form' | 'keys'>,
  place: Place,
  product: Pick<Product, 'name'>,
  ledger: Ledger,
  states: readonly ArtefactKey['state'][] = signingStates,
): Promise<{ readonly kind: 'keys'; readonly keys: readonly ArtefactKey[] } | Refused> {
  const items = await artefactKeysOf(place, ledger)
  if (line.keys === undefined) {
    const keys = items.filter(
      (key) => key.forms.includes(line.form) && signingStates.includes(key.state),
    )
    return keys.length > 0
      ? { kind: 'keys', keys }
      : refuse(
          'signing-key-missing',
          `${product.name} has no key of ${place.environment} that signs as ${line.form}; make one: "vitalsign signing-key make ${shellWord(product.name)} --for ${line.form}"`,
        )
  }
  const keys: ArtefactKey[] = []
  for (const name of line.keys) {
    const key = items.find((one) => one.name === name)
    if (key === undefined) return refuseMissing(name, place, ledger)
    const no = checkKey(key, line, states)
    if (no !== undefined) return no
    keys.push(key)
  }
  return { kind: 'keys', keys }
}

/** Of another environment, or nowhere. */
async function refuseMissing(name: string, place: Place, ledger: Ledger): Promise<Refused> {
  for (const environment of ['trial', 'test', 'production'] as const) {
    const there = await ledger.find('artefactKey', 'name', [place.product, environment, name])
    if (there !== undefined)
      return refuse(
        'environment-wrong',
        `signing key ${name} is of ${environment}, the release is for ${place.environment}: keys of environments never meet`,
      )
  }
  return refuse('signing-key-missing', `there is no signing key ${name}`)
}

function checkKey(
  { name, state, forms }: ArtefactKey,
  { form }: Pick<PlanLine, 'form'>,
  states: readonly ArtefactKey['state'][],
): Refused | undefined {
  if (!states.includes(state))
    return refuse('key-retired', `signing key ${name} is ${state}, and signs nothing`)
  return forms.includes(form)
    ? undefined
    : refuse(
        'signing-plan-wrong',
        `signing key ${name} is for ${forms.join(', ')}, not for ${form}`,
      )
}
