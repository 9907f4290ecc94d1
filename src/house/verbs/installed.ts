// SPDX-License-Identifier: Apache-2.0
import type { Installed } from '#core/ledger/tables.ts'
import { anchorsOfKey, keysOfProduct } from '#core/rotation/anchors-of-key.ts'
import { countInstalled } from '#core/rotation/count-installed.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import { notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import type { Core } from '../core.ts'

/** What devices say of themselves. */
export function installedVerbs(core: Core): Pick<Verbs, 'installed.list' | 'installed.show'> {
  const { ledger } = core
  return {
    'installed.list': async (asked) => {
      const { product, firmwareVersion, anchor } = asked
      const walk =
        product === undefined
          ? {}
          : firmwareVersion === undefined
            ? ({ by: 'productDevice', equal: [product] } as const)
            : ({ by: 'product', equal: [product, firmwareVersion] } as const)
      const where = firmwareVersion === undefined ? {} : { firmwareVersion }
      const { items, next } = await ledger.list('installed', { ...walk, where, ...pageOf(asked) })
      const names = new Map<string, ReadonlyMap<string, string>>()
      const shown: OutputOf<'installed.list'>[] = []
      for (const one of items) {
        // A page may show fewer than it looked at; the next goes on behind it.
        if (anchor !== undefined && !one.anchors.includes(anchor)) continue
        const known = names.get(one.product) ?? (await namesOf(one.product, core))
        names.set(one.product, known)
        shown.push(await show(one, known, core))
      }
      return { items: shown, next }
    },

    'installed.show': async ({ product }) => {
      if ((await ledger.read('product', product)) === undefined) return notFound(product)
      const names = await namesOf(product, core)
      const { inService, reported, versions, anchors } = await countInstalled(product, ledger)
      return {
        ...{ product, inService, reported, versions: [...versions] },
        anchors: anchors.map((one) => ({ ...one, name: names.get(one.anchor) ?? null })),
      }
    },
  }
}

async function show(
  { device: id, ...said }: Installed,
  names: ReadonlyMap<string, string>,
  { ledger }: Core,
): Promise<OutputOf<'installed.list'>> {
  const device = await ledger.read('device', id)
  const { product, lot, firmwareVersion, securityVersion, highestSecurityVersion } = said
  return {
    ...{ id: said.id, device: id, serial: device?.serial ?? '', product, lot },
    ...{ firmwareVersion, securityVersion, highestSecurityVersion, anchors: [...said.anchors] },
    believes: [...new Set(said.anchors.flatMap((one) => names.get(one) ?? []))],
    reportedAt: said.reportedAt.toString(),
  }
}

/** Of anchors of this installation, whose they are; a root has the names of all keys below it. */
async function namesOf(
  product: string,
  { ledger, environment }: Core,
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>()
  for (const key of await keysOfProduct({ product, environment }, ledger))
    for (const anchor of await anchorsOfKey(key, ledger)) {
      const others = names.get(anchor)
      names.set(anchor, others === undefined ? key.name : `${others}, ${key.name}`)
    }
  return names
}
