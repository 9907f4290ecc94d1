// SPDX-License-Identifier: Apache-2.0
/**
 * The batch greatest common divisor over a fleet's keys beside a C program with GMP, on two threads each, and what a
 * day's new keys and the deep tests of one key cost.
 *
 *     node bench/batch-gcd.ts [--moduli 10000,100000] [--fresh 1000]
 *
 * The moduli are made of factors that share nothing and are mostly not prime (tools/coprime-moduli.ts): the same
 * arithmetic, made in a second. Two of them are given a common factor, which every program has to find.
 */
import { execFile, spawnSync } from 'node:child_process'
import { generatePrimeSync } from 'node:crypto'
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { openPrimeWatch } from '#house/keywatch/prime-watch.ts'
import { SmallScalars } from '#trust/weak-keys/deep/small-scalars.ts'
import { checkModulusDeeply } from '#trust/weak-keys/deep/smooth-primes.ts'
import { multiply, shortCurves } from '#trust/weak-keys/scalars/short-curve.ts'
import { bytesOf } from '#trust/weak-keys/shared-primes/octets.ts'
import { benchDirectory } from './tools/bench-house.ts'
import { coprimeModuli } from './tools/coprime-moduli.ts'
import type { Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

export interface BatchGcdOptions {
  /** How many at a time, ascending. */
  readonly moduli: readonly number[]
  /** So many come after the last of them. */
  readonly fresh: number
}

export async function benchBatchGcd({ moduli, fresh }: BatchGcdOptions): Promise<Row[]> {
  const directory = benchDirectory()
  const program = compile(directory)
  if (program === undefined)
    process.stderr.write('bench: batch-gcd without its C program: gcc or gmp.h is missing\n')
  const rows: Row[] = []
  for (const count of moduli) {
    const made = plantedModuli(count + fresh)
    const [first, later] = [made.slice(0, count), made.slice(count)]
    const c = program === undefined ? undefined : await timesOfC(program, first, directory)
    const place = join(directory, `watch-${count}`)
    const watch = await openPrimeWatch(place)
    await watch.add(keysOf(first, 0))
    const ours = await metered(() => watch.run())
    if (ours.result.length !== 1) throw new Error(`${ours.result.length} shared factors were found`)
    rows.push({
      ...{ name: `batch GCD, ${count.toLocaleString('en')} RSA-2048`, unit: 'moduli/s' },
      value: Math.round(count / ours.seconds),
      ...(c && {
        limit: { name: 'C + GMP, same trees', value: Math.round(count / c.scaled.seconds) },
        goal: 1 / 3,
      }),
      note: `${ours.seconds.toFixed(1)} s (${ours.processorSeconds.toFixed(1)} s of processor time), from files to files, and ${ours.megabytes} MB more than before${c ? `; ${wordsOn(c)}` : ''}`,
    })
    if (count === moduli.at(-1) && fresh > 0) {
      const before = productsIn(place)
      await watch.add(keysOf(later, count))
      const day = await metered(() => watch.run())
      const { productsMade, productsRemade } = await watch.state()
      const kept = productsIn(place).filter((one) => before.includes(one)).length
      rows.push({
        ...{ name: `${fresh.toLocaleString('en')} new keys`, unit: 's' },
        value: Number(day.seconds.toFixed(2)),
        note: `against a history of ${count.toLocaleString('en')}; ${day.megabytes} MB more than before; ${kept} of ${before.length} products of the history as they were, ${productsRemade} made anew, ${productsMade} made in all`,
      })
    }
    await watch.close()
    rmSync(place, { recursive: true })
  }
  return [...rows, ...deepRows()]
}

function deepRows(): Row[] {
  const rows: Row[] = []
  for (const bits of [2_048, 4_096]) {
    const modulus = primeOf(bits / 2) * primeOf(bits / 2)
    const { seconds } = timed(() => checkModulusDeeply(modulus))
    rows.push({
      ...{ name: `deep tests of RSA-${bits}`, value: Number(seconds.toFixed(2)), unit: 's a key' },
      note: "p-1, prime, power; one core, by OpenSSL's exponentiation",
    })
  }
  for (const name of ['p-256', 'p-384'] as const) {
    const curve = shortCurves[name]
    const made = timed(() => SmallScalars.forKeys(curve, 1_000))
    const point = multiply(curve.order / 3n, curve.generator, curve.prime)
    made.result.has(point)
    const asked = timed(() => {
      for (let round = 0; round < 10; round++) made.result.has(point)
    })
    rows.push({
      ...{
        name: `scalars below 2^36, ${name}`,
        value: Math.round(asked.seconds * 100),
        unit: 'ms a key',
      },
      note: `a table of 2^21 points first: ${made.seconds.toFixed(1)} s`,
    })
  }
  return rows
}

function primeOf(bits: number): bigint {
  return generatePrimeSync(bits, { bigint: true })
}

/** The first and the last have a factor in common. */
function plantedModuli(count: number): bigint[] {
  const moduli = coprimeModuli(count + 1, 1)
  const [first = 0n] = moduli
  const spare = moduli.pop() ?? 0n
  // Each is a number of 1,024 bits times another; the shared one is found as a divisor of both.
  const shared = (1n << 1023n) + 1155n
  moduli[0] = shared * ((first >> 1024n) | 1n)
  moduli[moduli.length >> 1] = shared * ((spare >> 1024n) | 1n)
  return moduli
}

function keysOf(moduli: readonly bigint[], from: number) {
  return moduli.map((modulus, at) => ({ id: idOf(from + at + 1), modulus: bytesOf(modulus) }))
}

/** Its end is as good as random, as that of a UUIDv7 is. */
function idOf(at: number): string {
  const mixed = Math.imul(at, 0x9e37_79b1) >>> 0
  return `key_${at.toString(16).padStart(24, '0')}${mixed.toString(16).padStart(8, '0')}`
}

function compile(directory: string): string | undefined {
  const program = join(directory, 'batch-gcd')
  const source = join(import.meta.dirname, 'tools', 'batch-gcd.c')
  const words = ['-O2', '-o', program, source, '-lgmp', '-lpthread']
  return spawnSync('gcc', words, { stdio: 'ignore' }).status === 0 ? program : undefined
}

interface TimeOfC {
  readonly seconds: number
  /** Of processor time: what others do at the same time does not change it much. */
  readonly processorSeconds: number
  readonly megabytes: number
}

async function timesOfC(program: string, moduli: readonly bigint[], directory: string) {
  const file = join(directory, 'moduli')
  const octets = new Uint8Array(256 * moduli.length)
  for (const [at, modulus] of moduli.entries()) {
    const bytes = bytesOf(modulus)
    octets.set(bytes, 256 * (at + 1) - bytes.length)
  }
  writeFileSync(file, octets)
  const timeOf = async (kind: string): Promise<TimeOfC> => {
    // As low in priority as our own threads are, or others at work would count for one of both only.
    const { stdout } = await promisify(execFile)('nice', ['-n', '19', program, kind, file])
    const [seconds, sharing, kilobytes, processorSeconds] = stdout.split(' ').map(Number)
    if (sharing === 0) throw new Error(`the C program (${kind}) found nothing`)
    return {
      ...{ seconds: seconds ?? 0, processorSeconds: processorSeconds ?? 0 },
      megabytes: Math.round((kilobytes ?? 0) / 1e3),
    }
  }
  const scaled = await timeOf('scaled')
  const classical = await timeOf('classical')
  // Slower than either, and the more so the more there are.
  const binary = moduli.length > 20_000 ? undefined : await timeOf('binary')
  return { scaled, classical, binary }
}

function wordsOn({ scaled, classical, binary }: Awaited<ReturnType<typeof timesOfC>>): string {
  const words = ({ seconds, processorSeconds, megabytes }: TimeOfC) =>
    `${seconds.toFixed(1)} s (${processorSeconds.toFixed(1)} s of processor time) and ${megabytes} MB`
  const last = binary === undefined ? '' : `, ${words(binary)} with a binary tree of divisors`
  return `C took ${words(scaled)}; ${words(classical)} with squares, as fastgcd does it${last}`
}

function productsIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.product'))
    .map((name) => `${name} ${statSync(join(directory, name)).mtimeMs}`)
}

async function metered<Result>(act: () => Promise<Result>) {
  const before = process.memoryUsage.rss()
  let most = before
  const looking = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 20)
  const start = performance.now()
  const spent = process.cpuUsage()
  try {
    const result = await act()
    const seconds = (performance.now() - start) / 1e3
    const { user, system } = process.cpuUsage(spent)
    const processorSeconds = (user + system) / 1e6
    return { result, seconds, processorSeconds, megabytes: Math.round((most - before) / 1e6) }
  } finally {
    clearInterval(looking)
  }
}

function timed<Result>(act: () => Result) {
  const start = performance.now()
  const result = act()
  return { result, seconds: (performance.now() - start) / 1e3 }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      moduli: { type: 'string', default: '10000,100000' },
      fresh: { type: 'string', default: '1000' },
    },
  })
  printRows(
    await benchBatchGcd({
      moduli: values.moduli.split(',').map(Number),
      fresh: Number(values.fresh),
    }),
  )
}
