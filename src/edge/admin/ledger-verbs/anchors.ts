// SPDX-License-Identifier: Apache-2.0
import type { Ledger, ListQuery } from '#core/ledger/ledger.ts'
import type { AnchorSet, Device } from '#core/ledger/tables.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import type { Verbs } from '../verbs.ts'
import type { LedgerVerbPorts } from './ports.ts'
import { pageOf } from './queries.ts'
import { notFound } from './record.ts'

/** Sets of a product that are counted one by one, the newest first; it gets one a change of roots. */
const mostSets = 20

const inService = ['provisioned', 'active', 'quarantined'] as const

/** Which roots devices are to believe, and which they were given. */
export function anchorVerbs({
  ledger,
}: LedgerVerbPorts): Pick<Verbs, 'anchor.list' | 'anchor.show'> {
  return {
    'anchor.list': async ({ product, ...paging }) => {
      const walk = product === undefined ? {} : ({ by: 'product', equal: [product] } as const)
      const query = { ...walk, descending: true, ...pageOf(paging) }
      const page = await ledger.list('anchorSet', query)
      return {
        items: await Promise.all(page.items.map((set) => showSet(set, ledger))),
        next: page.next,
      }
    },

    'anchor.show': async ({ product: id, lot = null }) => {
      if ((await ledger.read('product', id)) === undefined) return notFound(id)
      const { items } = await ledger.list('anchorSet', {
        ...{ by: 'product', equal: [id], descending: true, limit: mostSets },
      })
      const devices = await countInService(id, lot, ledger)
      const sets: OutputOf<'anchor.show'>['sets'] = []
      for (const set of items) {
        const given = await countGiven(set, lot, ledger)
        if (given === 0 && set !== items[0]) continue
        sets.push({ number: set.number, anchors: set.anchors.map(({ name }) => name), given })
      }
      const [newest] = items
      const given = sets.reduce((sum, set) => sum + set.given, 0)
      return {
        ...{ product: id, lot, devices, sets, none: Math.max(0, devices - given) },
        newest: newest === undefined ? null : await showSet(newest, ledger),
      }
    },
  }
}

async function countInService(product: string, lot: string | null, ledger: Ledger) {
  let count = 0
  for (const state of inService)
    count +=
      lot === null
        ? await ledger.count('device', { by: 'productState', equal: [product, state] })
        : await ledger.count('device', { ...ofLot(lot), where: { product, state } })
  return count
}

function countGiven({ id }: AnchorSet, lot: string | null, ledger: Ledger): Promise<number> {
  return lot === null
    ? ledger.count('device', { by: 'anchors', equal: [id] })
    : ledger.count('device', { ...ofLot(lot), where: { anchors: id } })
}

function ofLot(lot: string): Pick<ListQuery<'device'>, 'by' | 'equal'> {
  return { by: 'lot', equal: [lot] }
}

async function showSet(set: AnchorSet, ledger: Ledger): Promise<OutputOf<'anchor.list'>> {
  const { id, product, number, anchors } = set
  return {
    ...{ id, product, number, anchors: anchors.map((one) => ({ ...one })) },
    createdAt: set.createdAt.toString(),
    given: await countGiven(set, null, ledger),
  }
}

/** The set that a device was given last, and whether it is the newest of its product. */
export async function setOf(
  { anchors, product }: Device,
  ledger: Ledger,
): Promise<OutputOf<'device.show'>['anchorSet']> {
  const set = anchors === null ? undefined : await ledger.read('anchorSet', anchors)
  if (set === undefined) return null
  const { items } = await ledger.list('anchorSet', {
    ...{ by: 'product', equal: [product], descending: true, limit: 1 },
  })
  const names = set.anchors.map(({ name }) => name)
  return { number: set.number, anchors: names, isNewest: items[0]?.id === set.id }
}
