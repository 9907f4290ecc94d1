// SPDX-License-Identifier: Apache-2.0
/**
 * Durable issuance from CSR, as a door asks for it: parse, prove, gate, lint, book, sign, store, event;
 * by turns with bare verify + sign on all cores.
 *
 *     node bench/issue.ts [--algorithm p-384] [--sizes 10000,100000] [--rounds 3] [--count 3000] [--clients 256]
 *       [--store DIR, with the size that it has] [--database URL]
 */
import { parseArgs } from 'node:util'
import { enrol } from '#core/enrolment/enrol.ts'
import { BareCrypto } from './tools/bare-crypto.ts'
import {
  type BenchHouse,
  benchDirectory,
  type Expected,
  openBenchHouse,
} from './tools/bench-house.ts'
import { atOnce, meter, type Spent } from './tools/meter.ts'
import { median, type Row } from './tools/row.ts'
import { giveScalarList } from './tools/scalar-list.ts'
import { printRows } from './tools/table.ts'

export interface IssueOptions {
  readonly algorithm: 'p-256' | 'p-384'
  /** Certificates in the store, ascending. */
  readonly sizes: readonly number[]
  readonly rounds: number
  /** Certificates in a round. */
  readonly count: number
  /** Requests under way at a time. */
  readonly clients: number
  /** A data directory that is there, and is kept; absent: one that is made, and removed. */
  readonly store?: string
  /** A PostgreSQL to keep the ledger in; absent: SQLite. */
  readonly database?: string
  /** Further words of `serve`. */
  readonly words?: readonly string[]
}

const goals: Readonly<Record<number, number>> = {
  10000: 0.6,
  100000: 0.6,
  1000000: 0.55,
  10000000: 0.4,
}

export async function benchIssue(options: IssueOptions): Promise<Row[]> {
  const { algorithm, sizes, count, clients } = options
  const bare = new BareCrypto(algorithm === 'p-256' ? 'P-256' : 'P-384')
  const database = options.database === undefined ? [] : ['--database', options.database]
  const words = [...database, ...(options.words ?? [])]
  const directory = options.store ?? benchDirectory()
  await giveScalarList(directory)
  const house = await openBenchHouse(algorithm, directory, words)
  const rows: Row[] = []
  try {
    await issueAll(house, await house.expect(count), clients) // to warm up
    for (const size of sizes) {
      if (options.store === undefined) await house.fill(size)
      await house.sequence()
      rows.push(await measure(house, bare, size, options))
    }
  } finally {
    await (options.store === undefined ? house.remove() : house.close())
  }
  return rows
}

async function measure(
  house: BenchHouse,
  bare: BareCrypto,
  size: number,
  { algorithm, rounds, count, clients, database }: IssueOptions,
): Promise<Row> {
  const taken: { issued: number; limit: number; spent: Spent }[] = []
  for (let round = 0; round < rounds; round++) {
    const expected = await house.expect(count)
    const before = await bare.measure(count)
    const spent = await issueAll(house, expected, clients)
    const after = await bare.measure(count)
    const limit = Math.max((before.pool + after.pool) / 2, (before.threads + after.threads) / 2)
    taken.push({ issued: count / spent.seconds, limit, spent })
  }
  const { issued, limit, spent } = taken.find(
    ({ issued, limit }) => issued / limit === median(taken.map((one) => one.issued / one.limit)),
  )!
  const own = Math.round(spent.ownCpu / count)
  const others = Math.round((spent.cpu - spent.ownCpu) / count)
  return {
    name: `issue${database ? ' on PostgreSQL' : ''}, ${algorithm} issuer, ${size.toLocaleString('en')} certificates`,
    value: Math.round(issued),
    unit: '/s',
    limit: { name: 'bare verify + sign, all cores', value: Math.round(limit) },
    ...(goals[size] && { goal: goals[size] }),
    note: `${clients} at a time; processor: ${own} us main thread, ${others} us others each`,
  }
}

async function issueAll(house: BenchHouse, expected: readonly Expected[], clients: number) {
  return meter(() =>
    atOnce(clients, expected.length, async (index) => {
      const { serial, code, request } = expected[index]!
      const outcome = await enrol(
        {
          ...{ protocol: 'est', operation: 'enrol', label: undefined, request },
          ...{ credential: { kind: 'code', user: serial, code }, sourceAddress: '127.0.0.1' },
        },
        house.core,
      )
      if (outcome.kind !== 'issued') throw new Error(JSON.stringify(outcome))
    }),
  )
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      algorithm: { type: 'string', default: 'p-256' },
      sizes: { type: 'string', default: '10000,100000' },
      rounds: { type: 'string', default: '3' },
      count: { type: 'string', default: '3000' },
      clients: { type: 'string', default: '256' },
      store: { type: 'string' },
      database: { type: 'string' },
    },
  })
  printRows(
    await benchIssue({
      algorithm: values.algorithm === 'p-384' ? 'p-384' : 'p-256',
      sizes: values.sizes.split(',').map(Number),
      rounds: Number(values.rounds),
      count: Number(values.count),
      clients: Number(values.clients),
      ...(values.store && { store: values.store }),
      ...(values.database && { database: values.database }),
    }),
  )
}
