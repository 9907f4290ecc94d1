// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { ArtefactKey } from '../ledger/tables.ts'
import { type PublishedRelease, publishedBy } from '../releases/published-by.ts'
import { anchorsOfKey, otherAnchors } from './anchors-of-key.ts'
import { fleetOf } from './fleet.ts'

/** Who would take no update any more if a key signed nothing more. */
export interface Dependents {
  readonly inService: number
  /** Devices that report its anchor, whatever else they believe. */
  readonly holding: number
  /** Those of them that report no other live key's: they would be left behind. */
  readonly dependent: number
  /** Devices that never said whom they believe, if the key signed anything that was published. */
  readonly unknown: number
  /** The first dependent ones, by the ids of the devices. */
  readonly first: readonly string[]
  readonly lots: readonly { readonly lot: string; readonly devices: number }[]
  readonly versions: readonly { readonly firmwareVersion: string; readonly devices: number }[]
  readonly published: readonly PublishedRelease[]
}

/** Lots and versions that are named one by one. */
const mostGroups = 100
const mostNamed = 10

/** Counts who depends on a key, by what devices reported. */
export async function dependentsOn(key: ArtefactKey, ledger: Ledger): Promise<Dependents> {
  const own = new Set(await anchorsOfKey(key, ledger))
  const others = await otherAnchors(key, ledger)
  const published = await publishedBy(key, ledger)
  let [inService, holding, dependent, silent] = [0, 0, 0, 0]
  const first: string[] = []
  const lots = new Map<string, number>()
  const versions = new Map<string, number>()
  for await (const units of fleetOf(key.product, ledger)) {
    inService += units.length
    for (const { device, installed } of units) {
      if (installed === undefined) {
        silent++
        continue
      }
      if (!installed.anchors.some((one) => own.has(one))) continue
      holding++
      if (installed.anchors.some((one) => others.has(one))) continue
      dependent++
      if (first.length < mostNamed) first.push(device.serial)
      count(lots, device.lot ?? '')
      count(versions, installed.firmwareVersion)
    }
  }
  return {
    ...{ inService, holding, dependent, first, published },
    unknown: published.length > 0 ? silent : 0,
    lots: groupsOf(lots).map(([lot, devices]) => ({ lot, devices })),
    versions: groupsOf(versions).map(([firmwareVersion, devices]) => ({
      firmwareVersion,
      devices,
    })),
  }
}

function count(groups: Map<string, number>, name: string): void {
  groups.set(name, (groups.get(name) ?? 0) + 1)
}

/** The largest first. */
function groupsOf(groups: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...groups].toSorted(([, one], [, other]) => other - one).slice(0, mostGroups)
}
