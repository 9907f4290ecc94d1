// SPDX-License-Identifier: Apache-2.0
import { glance, type Ledger, type Page } from '../ledger/ledger.ts'
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
/** Of some columns alone a page may have so many. */
const pageSize = 10_000

/**
 * Every device of a product that is in service, beside its report, some thousand at once: both lists are walked once,
 * in the order of device ids, and no more than a page of each is held.
 */
export async function* fleetOf(
  product: string,
  ledger: Ledger,
): AsyncGenerator<readonly Unit[], void> {
  const devices = inService.map(
    (state) => new Walk((after) => devicesIn(product, state, after, ledger)),
  )
  const reports = new Walk((after) => reportsOf(product, after, ledger))
  const walks = [...devices, reports]
  do {
    await Promise.all(walks.map((walk) => walk.refill()))
    // In memory from here on: to wait for each device costs more than all that is done with it.
    const units = joined(devices, reports)
    if (units.length > 0) yield units
    // A page of reports may end before the first device that has to be joined: nothing was joined, and there is more.
  } while (walks.some(({ mustRead }) => mustRead))
}

/** All that can be joined before one of the walks has to read on. */
function joined(
  devices: readonly Walk<Unit['device']>[],
  reports: Walk<NonNullable<Unit['installed']>>,
): readonly Unit[] {
  const units: Unit[] = []
  while (devices.every(({ mustRead }) => !mustRead)) {
    const least = devices.reduce((one, other) => (before(other.head, one.head) ? other : one))
    const device = least.head
    if (device === undefined) break
    while (reports.head !== undefined && reports.head.device < device.id) reports.pass()
    if (reports.mustRead) break
    units.push({
      device,
      installed: reports.head?.device === device.id ? reports.head : undefined,
    })
    least.pass()
  }
  return units
}

function before(one: Unit['device'] | undefined, other: Unit['device'] | undefined): boolean {
  return one !== undefined && (other === undefined || one.id < other.id)
}

/** A list from page to page, of which one is held. */
class Walk<T> {
  readonly #read: (after: string | null) => Promise<Page<T>>
  #page: readonly T[] = []
  #at = 0
  /** Undefined before the first page. */
  #next: string | null | undefined

  constructor(read: (after: string | null) => Promise<Page<T>>) {
    this.#read = read
  }

  /** The item that it stands at; undefined at the end of the list, and where it has to read on. */
  get head(): T | undefined {
    return this.#page[this.#at]
  }

  /** Whether there may be more behind the page, which is used up. */
  get mustRead(): boolean {
    return this.#at >= this.#page.length && this.#next !== null
  }

  pass(): void {
    this.#at++
  }

  async refill(): Promise<void> {
    while (this.mustRead) {
      const { items, next } = await this.#read(this.#next ?? null)
      this.#page = items
      this.#at = 0
      this.#next = next
    }
  }
}

function devicesIn(
  product: string,
  state: (typeof inService)[number],
  after: string | null,
  ledger: Ledger,
) {
  const walk = { by: 'productState', equal: [product, state], limit: pageSize } as const
  return glance('device', ofDevice, { ...walk, ...(after !== null && { after }) }, ledger)
}

function reportsOf(product: string, after: string | null, ledger: Ledger) {
  const walk = { by: 'productDevice', equal: [product], limit: pageSize } as const
  return glance('installed', ofInstalled, { ...walk, ...(after !== null && { after }) }, ledger)
}
