// SPDX-License-Identifier: Apache-2.0
/**
 * What the bench measures on SQLite, again on PostgreSQL: a cluster of its own on the disk, at the other end of a socket,
 * on the same cores.
 *
 *     node bench/postgres.ts                               a minute: issue, EST, commits, point reads, rest
 *     node bench/postgres.ts --sizes 1000000,5000000       loads so many devices and measures at each size
 *     node bench/postgres.ts --lists 5000000               loads the devices alone, and measures their lists
 */
import { parseArgs } from 'node:util'
import { benchEst } from './est.ts'
import { benchIssue } from './issue.ts'
import { benchLists } from './lists.ts'
import { benchRestOf } from './rest.ts'
import { benchOpenStore } from './store.ts'
import { type BenchCluster, openBenchCluster } from './tools/bench-cluster.ts'
import { benchDirectory, openBenchHouse } from './tools/bench-house.ts'
import { bulkLoadPostgres } from './tools/bulk-load-postgres.ts'
import { openDatabase } from './tools/loaded.ts'
import type { Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'
import { benchWatch } from './watch.ts'

const algorithm = 'p-256'
const what = 'PostgreSQL'

export interface PostgresOptions {
  readonly rounds: number
  /** Certificates in a round. */
  readonly count: number
}

/** Small stores, in about a minute. */
export async function benchPostgres({ rounds, count }: PostgresOptions): Promise<Row[]> {
  const cluster = await openBenchCluster()
  try {
    const issue = { algorithm, rounds, count, sizes: [10_000], clients: 256 } as const
    const rows = await benchIssue({ ...issue, database: await cluster.database('issue') })
    const database = await cluster.database('est')
    rows.push(...(await benchEst({ rounds, count, clients: 64, database })))
    const store = await openDatabase(await cluster.database('store'))
    rows.push(...(await benchOpenStore(store, what, [10_000])))
    await store.close()
    const facts = await cluster.facts()
    return rows.map((row, at) => (at === 0 ? { ...row, note: `${row.note}; ${facts}` } : row))
  } finally {
    await cluster.remove()
  }
}

/** Grows a store from size to size; `tell` is given the rows of each as they come. */
export async function benchGrowing(
  sizes: readonly number[],
  tell: (rows: readonly Row[]) => void,
): Promise<void> {
  const cluster = await openBenchCluster()
  try {
    console.log(await cluster.facts())
    const directory = benchDirectory()
    const database = await cluster.database('large')
    await (await openBenchHouse(algorithm, directory, ['--database', database])).close()
    let loaded = 0
    for (const size of sizes) {
      tell([await load(cluster, database, size, loaded)])
      loaded = size
      tell(await measure(directory, database, size, size === sizes.at(-1)))
    }
  } finally {
    await cluster.remove()
  }
}

async function load(
  cluster: BenchCluster,
  database: string,
  size: number,
  before: number,
): Promise<Row> {
  const start = performance.now()
  // Devices that were issued to between two loads have numbers of their own.
  const from = before === 0 ? 0 : before + 100_000
  await bulkLoadPostgres(database, size - before, from, (done) => {
    if (done % 500_000 === 0) process.stderr.write(`bench: ${before + done} loaded\n`)
  })
  const seconds = (performance.now() - start) / 1_000
  return {
    ...{ name: `${what}: loaded to ${size.toLocaleString('en')}`, unit: 'devices/s' },
    value: Math.round((size - before) / seconds),
    note: `${Math.round((await cluster.bytesOf('large')) / 1e6)} MB on the disk, in ${Math.round(seconds)} s with indexes`,
  }
}

async function measure(
  directory: string,
  database: string,
  size: number,
  isLast: boolean,
): Promise<Row[]> {
  const issue = { algorithm, rounds: 3, count: 4_000, sizes: [size], clients: 256 } as const
  const rows = await benchIssue({ ...issue, store: directory, database })
  rows.push(...(await benchRestOf({ rounds: 3, certificates: size }, directory, database)))
  const store = await openDatabase(database)
  rows.push(...(await benchLists(store, what, size)), ...(await benchWatch(store, what, isLast)))
  await store.close()
  return rows
}

/** The devices alone, which load in a fraction of the time. */
async function benchListsAlone(devices: number): Promise<Row[]> {
  const cluster = await openBenchCluster()
  try {
    const database = await cluster.database('lists')
    await (await openBenchHouse(algorithm, benchDirectory(), ['--database', database])).close()
    await bulkLoadPostgres(database, devices, 0, () => {}, ['device'])
    const store = await openDatabase(database)
    const rows = await benchLists(store, what, devices)
    await store.close()
    return rows
  } finally {
    await cluster.remove()
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { sizes: { type: 'string' }, lists: { type: 'string' } },
  })
  if (values.lists !== undefined) printRows(await benchListsAlone(Number(values.lists)))
  else if (values.sizes === undefined) printRows(await benchPostgres({ rounds: 3, count: 4_000 }))
  else await benchGrowing(values.sizes.split(',').map(Number), printRows)
}
