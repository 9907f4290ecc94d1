// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import { fleetOf } from './fleet.ts'

/** What devices of a product in service run and believe, counted. */
export interface InstalledCounts {
  readonly inService: number
  /** Those that ever said anything. */
  readonly reported: number
  readonly versions: readonly {
    readonly firmwareVersion: string
    readonly securityVersion: number
    readonly devices: number
  }[]
  readonly anchors: readonly { readonly anchor: string; readonly devices: number }[]
}

/** Versions and anchors that are told, the most frequent first. */
const mostGroups = 200

export async function countInstalled(product: string, ledger: Ledger): Promise<InstalledCounts> {
  let [inService, reported] = [0, 0]
  const versions = new Map<string, InstalledCounts['versions'][number]>()
  const anchors = new Map<string, number>()
  for await (const units of fleetOf(product, ledger)) {
    inService += units.length
    for (const { installed } of units) {
      if (installed === undefined) continue
      reported++
      const { firmwareVersion, securityVersion } = installed
      const name = `${securityVersion} ${firmwareVersion}`
      const devices = (versions.get(name)?.devices ?? 0) + 1
      versions.set(name, { firmwareVersion, securityVersion, devices })
      for (const anchor of installed.anchors) anchors.set(anchor, (anchors.get(anchor) ?? 0) + 1)
    }
  }
  return {
    ...{ inService, reported },
    versions: mostFirst([...versions.values()]),
    anchors: mostFirst([...anchors].map(([anchor, devices]) => ({ anchor, devices }))),
  }
}

function mostFirst<T extends { readonly devices: number }>(groups: readonly T[]): readonly T[] {
  return groups.toSorted((one, other) => other.devices - one.devices).slice(0, mostGroups)
}
