// SPDX-License-Identifier: Apache-2.0
/**
 * What the start-up tests add to a key, and what an assessment of a million samples takes: `node bench/entropy.ts`.
 *
 * The tests stand beside the making of a key and its request, which they come before; reading the source is left out,
 * since that is the source's own pace.
 */
import { randomBytes } from 'node:crypto'
import { assess } from '#trust/entropy/assess/assess.ts'
import { type StartUp, StartUpTest, usualClaim } from '#trust/entropy/start-up.ts'
import { generateKey } from '#trust/private-key.ts'
import { requestBy } from '../test/support/house.ts'

const rounds = 500

/** Seconds of processor time since a moment; the clock says little where others work, too. */
function spent(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000_000
}

/** Microseconds of processor time, on average. */
async function average(act: () => unknown): Promise<number> {
  for (let round = 0; round < rounds; round++) await act() // to warm up
  const before = process.cpuUsage()
  for (let round = 0; round < rounds; round++) await act()
  return (spent(before) * 1_000_000) / rounds
}

function startUp(samples: Uint8Array, symbolBits: number): void {
  const parameters: StartUp = {
    ...{ symbolBits, samples: samples.length, alphaExponent: 30 },
    bitsPerSample: usualClaim(symbolBits),
  }
  const test = new StartUpTest(parameters)
  for (const sample of samples) if (test.take(sample) !== undefined) throw new Error('it failed')
}

const samples = new Uint8Array(randomBytes(1_024))
const key = await average(async () => requestBy(await generateKey('p-256')))
const tested = await average(() => startUp(samples, 8))
console.log(`make a P-256 key and its request   ${key.toFixed(0)} µs`)
console.log(
  `start-up tests of 1,024 samples    ${tested.toFixed(0)} µs, ${(tested / key).toFixed(2)} of that`,
)

for (const symbolBits of [1, 8]) {
  const octets = new Uint8Array(randomBytes(1_000_000)).map(
    (octet) => octet & (2 ** symbolBits - 1),
  )
  const before = process.cpuUsage()
  const { atMostBits } = assess(octets, symbolBits)
  const seconds = spent(before)
  const memory = process.memoryUsage().rss / 1e6
  console.log(
    `assess 1,000,000 samples of ${symbolBits} bit  ${seconds.toFixed(2)} s, ${memory.toFixed(0)} MB, at most ${atMostBits.toFixed(3)}`,
  )
}
