// SPDX-License-Identifier: Apache-2.0
/**
 * Lists of devices and certificates in a store of millions: each filter of the page and the command line, a page of
 * 100 at a place of chance.
 *
 *     node bench/lists.ts DIR [--devices 10000000]   an SQLite ledger that bulk-load.ts filled
 *     node bench/lists.ts --database URL             the same in PostgreSQL
 */
import { deviceQuery } from '#edge/admin/ledger-verbs/queries.ts'
import type { Store } from '#edge/store/store.ts'
import { serialOf } from './tools/enrolled.ts'
import { openLoaded } from './tools/loaded.ts'
import type { Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

const asks = 120
const limit = 100

export async function benchLists(store: Store, what: string, devices: number): Promise<Row[]> {
  const product = (await store.ledger.find('product', 'name', ['bench']))?.id ?? ''
  const any = () => Math.floor(Math.random() * devices) + 1
  const lot = () => `LOT-${any() >> 10}`
  const prefix = () => serialOf(any()).slice(0, 12)
  const filters: readonly (readonly [string, () => Record<string, unknown>])[] = [
    ['no filter', () => ({})],
    ['product', () => ({ product })],
    ['state', () => ({ state: 'active' })],
    ['state that none is in', () => ({ state: 'quarantined' })],
    ['lot', () => ({ lot: lot() })],
    ['serial', () => ({ serial: serialOf(any()) })],
    ['beginning of serials', () => ({ serialPrefix: prefix() })],
    ['product and state', () => ({ product, state: 'active' })],
    ['product and lot', () => ({ product, lot: lot() })],
    ['product and beginning', () => ({ product, serialPrefix: prefix() })],
    ['lot and state', () => ({ lot: lot(), state: 'active' })],
  ]
  const rows: Row[] = []
  for (const [name, filter] of filters) {
    const taken = await timed(async () => {
      await store.ledger.list('device', deviceQuery({ limit, ...filter() } as never))
    })
    rows.push(rowOf(`${what}: devices by ${name}`, taken))
  }
  rows.push(rowOf(`${what}: devices, a page deep in the list`, await timed(await deep(store))))
  return rows
}

/** A page that begins thousands of pages down, as a cursor brings it. */
async function deep({ ledger }: Store): Promise<() => Promise<unknown>> {
  let after: string | undefined
  for (let page = 0; page < 50; page++) {
    const { next } = await ledger.list('device', { limit: 1_000, ...(after && { after }) })
    after = next ?? undefined
  }
  return () => ledger.list('device', { limit, ...(after && { after }) })
}

async function timed(work: () => Promise<unknown>): Promise<readonly number[]> {
  const taken: number[] = []
  for (let count = 0; count < asks; count++) {
    const start = performance.now()
    await work()
    taken.push(performance.now() - start)
  }
  return taken.sort((left, right) => left - right)
}

function rowOf(name: string, taken: readonly number[]): Row {
  const at = (share: number) => taken[Math.floor(taken.length * share)] ?? Number.NaN
  return {
    ...{ name, value: Number(at(0.95).toFixed(1)), unit: 'ms p95' },
    note: `${at(0.5).toFixed(1)} ms median, ${at(0.999).toFixed(1)} ms the slowest of ${asks}; a page of ${limit}; goal under 300 ms`,
  }
}

if (import.meta.main) {
  const { store, what, devices } = await openLoaded()
  printRows(await benchLists(store, what, devices))
  await store.close()
}
