// SPDX-License-Identifier: Apache-2.0
import { addEntrance } from '#core/devices/entrance.ts'
import { addProduct, entrancesOf } from '#core/devices/product.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Product } from '#core/ledger/tables.ts'
import type { Verbs } from '../verbs.ts'
import type { LedgerVerbPorts } from './ports.ts'
import { pageOf } from './queries.ts'
import { notFound } from './record.ts'
import { showEntrance, showProduct } from './show.ts'

export function productVerbs(
  ports: LedgerVerbPorts,
): Pick<Verbs, 'entrance.add' | 'product.add' | 'product.list' | 'product.show'> {
  const { ledger } = ports
  return {
    'entrance.add': async ({ label, product: id, profile, authority: issuer }, { caller }) => {
      const product = await ledger.read('product', id)
      if (product === undefined) return notFound(id)
      const authority = issuer === undefined ? undefined : await ledger.read('authority', issuer)
      if (issuer !== undefined && authority === undefined) return notFound(issuer)
      const asked = { label, product, profile, authority }
      const added = await addEntrance(asked, caller.actor, ports)
      return added.kind === 'refused' ? added : showEntrance(added.entrance)
    },

    'product.add': async ({ name, exposure, maker, profile, birthProfile }, { caller }) => {
      const asked = { name, exposure, maker, profile, birthProfile }
      const added = await addProduct(asked, caller.actor, ports)
      if (added.kind === 'refused') return added
      return {
        product: await shown(added.product, ledger),
        entrances: added.entrances.map(showEntrance),
      }
    },

    'product.list': async ({ name, ...paging }) => {
      if (name !== undefined) {
        const product = await ledger.find('product', 'name', [name])
        return { items: product === undefined ? [] : [await shown(product, ledger)], next: null }
      }
      const { items, next } = await ledger.list('product', pageOf(paging))
      return { items: await Promise.all(items.map((product) => shown(product, ledger))), next }
    },

    'product.show': async ({ product: id }) => {
      const product = await ledger.read('product', id)
      if (product === undefined) return notFound(id)
      const entrances = await entrancesOf(product.id, ledger)
      return { ...(await shown(product, ledger)), entrances: entrances.map(showEntrance) }
    },
  }
}

async function shown(product: Product, ledger: Ledger) {
  const maker = await ledger.read('party', product.party)
  return showProduct(product, maker?.name ?? product.party)
}
