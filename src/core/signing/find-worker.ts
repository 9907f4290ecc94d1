// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ArtefactKey } from '../ledger/tables.ts'
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
  const { items } = await ledger.list('product', { limit: mostProducts })
  const found: ArtefactKey[] = []
  for (const product of items) {
    if ((of !== undefined && product.name !== of) || !isWithin(product.id)) continue
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
