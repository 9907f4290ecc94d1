// SPDX-License-Identifier: Apache-2.0
import { glance, type Ledger } from '../ledger/ledger.ts'
import type { Device, Installed } from '../ledger/tables.ts'

/** A device in service, and what it last said of itself; undefined: it never said anything. */
export interface Unit {
  readonly device: Pick<Device, (typeof ofDevice)[number]>
  readonly installed: Pick<Installed, (typeof ofInstalled)[number]> | undefined
}

const ofDevice = ['id', 'serial', 'lot', 'seenAt'] as const
const ofInstalled = [
  ...(['device', 'firmwareVersion', 'securityVersion', 'anchors', 'reportedAt'] as const),
] as const

/** One that was made and waits in a box believes what it was made with, and one in quarantine may come back. */
const inService = ['provisioned', 'active', 'quarantined'] as const
const pageSize = 1000

/**
 * Every device of a product that is in service, beside its report: both lists are walked once, in the order of
 * device ids, and no more than a page of each is held.
 */
export async function* fleetOf(product: string, ledger: Ledger): AsyncGenerator<Unit> {
  const walks = inService.map((state) => devicesIn(product, state, ledger))
  const heads = await Promise.all(walks.map((walk) => walk.next()))
  const reports = reportsOf(product, ledger)
  let report = await reports.next()
  for (;;) {
    let least = -1
    for (const [index, head] of heads.entries()) {
      const best = heads[least]
      if (!head.done && (best === undefined || best.done || head.value.id < best.value.id))
        least = index
    }
    const head = heads[least]
    const walk = walks[least]
    if (head === undefined || head.done || walk === undefined) return
    const device = head.value
    while (!report.done && report.value.device < device.id) report = await reports.next()
    yield {
      device,
      installed: !report.done && report.value.device === device.id ? report.value : undefined,
    }
    heads[least] = await walk.next()
  }
}

async function* devicesIn(product: string, state: (typeof inService)[number], ledger: Ledger) {
  let after: string | null | undefined
  do {
    const walk = { by: 'productState', equal: [product, state], limit: pageSize } as const
    const page = await glance('device', ofDevice, { ...walk, ...(after && { after }) }, ledger)
    yield* page.items
    after = page.next
  } while (after !== null)
}

async function* reportsOf(product: string, ledger: Ledger) {
  let after: string | null | undefined
  do {
    const walk = { by: 'productDevice', equal: [product], limit: pageSize } as const
    const page = await glance(
      'installed',
      ofInstalled,
      { ...walk, ...(after && { after }) },
      ledger,
    )
    yield* page.items
    after = page.next
  } while (after !== null)
}
