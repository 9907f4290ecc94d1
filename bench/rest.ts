// SPDX-License-Identifier: Apache-2.0
/**
 * The server at rest: how fast it is ready, and what memory it holds, empty and with a full store.
 *
 *     node bench/rest.ts [--certificates 100000] [--store DIR, with as many] [--database URL]
 */
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { benchDirectory, openBenchHouse } from './tools/bench-house.ts'
import { median, type Row } from './tools/row.ts'
import { startServing } from './tools/serving.ts'
import { printRows } from './tools/table.ts'

export interface RestOptions {
  readonly rounds: number
  /** Certificates in the full store. */
  readonly certificates: number
}

/** Long enough for what a start leaves behind to be collected. */
const settleMilliseconds = 3_000

export async function benchRest({ rounds, certificates }: RestOptions): Promise<Row[]> {
  const empty = benchDirectory()
  const rows = [await first(empty), ...(await again(empty, rounds, 'empty store'))]
  const full = benchDirectory()
  const house = await openBenchHouse('p-256', full)
  await house.fill(certificates)
  await house.close()
  return [...rows, ...(await again(full, rounds, storeOf(certificates)))]
}

/** The same for a store that is there, on either database; its watch on keys is paused first. */
export async function benchRestOf(
  { rounds, certificates }: RestOptions,
  directory: string,
  database?: string,
): Promise<Row[]> {
  const words = database === undefined ? [] : ['--database', database]
  await (await openBenchHouse('p-256', directory, words)).close()
  const what = `${storeOf(certificates)}${database === undefined ? '' : ', PostgreSQL'}`
  return again(directory, rounds, what, words)
}

function storeOf(certificates: number): string {
  return `${certificates.toLocaleString('en')} certificates`
}

async function first(directory: string): Promise<Row> {
  const serving = await startServing(directory)
  await serving.stop()
  return {
    name: 'ready, first start',
    value: Number(serving.readySeconds.toFixed(2)),
    unit: 's',
    note: 'makes directory, root, issuing authority, log key and server certificate',
  }
}

async function again(
  directory: string,
  rounds: number,
  what: string,
  words: readonly string[] = [],
): Promise<Row[]> {
  const ready: number[] = []
  const processor: number[] = []
  const memory: number[] = []
  for (let round = 0; round < rounds; round++) {
    const serving = await startServing(directory, words)
    processor.push(serving.processorSeconds())
    await pause(settleMilliseconds)
    ready.push(serving.readySeconds)
    memory.push(serving.memory())
    await serving.stop()
  }
  return [
    {
      name: `ready, ${what}`,
      value: Number(median(ready).toFixed(2)),
      unit: 's',
      note: 'from the start of the process to its greeting; goal under 1 s',
    },
    {
      name: `the same in processor time, ${what}`,
      value: Number(median(processor).toFixed(2)),
      unit: 's',
      note: 'of all threads: what a start takes on a machine that has other work, too',
    },
    {
      name: `memory at rest, ${what}`,
      value: median(memory),
      unit: 'MB',
      note: `resident, ${settleMilliseconds / 1_000} s after the greeting; goal under 180 MB`,
    },
  ]
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      certificates: { type: 'string', default: '100000' },
      store: { type: 'string' },
      database: { type: 'string' },
    },
  })
  const options = { rounds: 3, certificates: Number(values.certificates) }
  printRows(
    values.store === undefined
      ? await benchRest(options)
      : await benchRestOf(options, values.store, values.database),
  )
}
