// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ArtefactKey, Product } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'

/** More products than one maker has. */
const mostProducts = 1_000

export interface WorkerPorts {
  readonly ledger: Ledger
  readonly environment: ArtefactKey['environment']
}

/**
 * The signing key that somebody calls by its id, by `PRODUCT/NAME`, or by its name alone where only one product has a
 * key of that name.
 *
 * @param within the products that the asker is for; undefined: all. Keys of others are to it as if they were not there.
 */
export async function findWorker(
  idOrName: string,
  within: readonly string[] | undefined,
  { ledger, environment }: WorkerPorts,
): Promise<ArtefactKey | Refused> {
  const isWithin = (product: string) => within?.includes(product) !== false
  const unknown = () => refuseUnknown(idOrName, within !== undefined)
  if (/^sgk_[0-9a-f]{32}$/.test(idOrName)) {
    const key = await ledger.read('artefactKey', idOrName)
    return key !== undefined && isWithin(key.product) ? key : unknown()
  }
  const slash = idOrName.indexOf('/')
  const [of, name] =
    slash < 0 ? [undefined, idOrName] : [idOrName.slice(0, slash), idOrName.slice(slash + 1)]
  const found: ArtefactKey[] = []
  for (const product of await productsOf(of, within, ledger)) {
    const key = await ledger.find('artefactKey', 'name', [product.id, environment, name])
    if (key !== undefined) found.push(key)
  }
  const [key, ...more] = found
  if (key === undefined) return unknown()
  return more.length === 0
    ? key
    : refuse(
        'not-found',
        `${found.length} products have a signing key ${shown(name)}: say PRODUCT/${shown(name)}, or its id`,
      )
}

/** The products that may be meant: asked for one by one where they are known, since every signature asks. */
async function productsOf(
  name: string | undefined,
  within: readonly string[] | undefined,
  ledger: Ledger,
): Promise<readonly Product[]> {
  const isMeant = (product: Product) => name === undefined || product.name === name
  if (within === undefined) {
    if (name === undefined) return (await ledger.list('product', { limit: mostProducts })).items
    const product = await ledger.find('product', 'name', [name])
    return product === undefined ? [] : [product]
  }
  const products = await Promise.all(within.map((id) => ledger.read('product', id)))
  return products.flatMap((one) => (one !== undefined && isMeant(one) ? [one] : []))
}

function refuseUnknown(idOrName: string, isScoped: boolean): Refused {
  const what = isScoped ? 'a signing key of a product that this machine is for' : 'a signing key'
  return refuse(
    'not-found',
    `there is no worker ${shown(idOrName)}: it is ${what}, by its id or name`,
  )
}

/** A stranger's word as it may stand in an answer. */
function shown(word: string): string {
  return word.replace(/[^ -~]/g, '?').slice(0, 100)
}
