// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random, seedOfRun } from '../../../test/fuzz/random.ts'
import { DeviceFault } from '../fault.ts'
import { noiseSettingsOf } from '../noise/noise-settings.ts'
import { type DevicePorts, networkLimits } from '../ports.ts'
import type { Files } from '../state/files.ts'
import type { Settings } from '../state/settings.ts'
import { fileOf } from '../state/state.ts'
import { howMade } from './how-made.ts'

const random = new Random(seedOfRun())
const path = '/dev/hwrng'

function filesInMemory(): Files {
  const held = new Map<string, Uint8Array>()
  return {
    read: (name) => held.get(name),
    names: () => [...held.keys()],
    write: (name, bytes) => void held.set(name, bytes),
    rename(from, to) {
      held.set(to, held.get(from) ?? assert.fail())
      held.delete(from)
    },
    remove: (name) => void held.delete(name),
    sync() {},
  }
}

/** A device with a source of these octets, a kernel that says this, and a hook that is heard. */
function device(
  octetsOf: (octets: number) => Uint8Array | Promise<Uint8Array>,
  kernelReady: boolean | undefined = true,
) {
  const told: string[][] = []
  const said: string[] = []
  const ports: DevicePorts = {
    files: filesInMemory(),
    clock: { now: () => Temporal.Instant.from('2026-11-29T00:00:00Z') },
    chance: { fraction: () => 0.5 },
    wait: async () => {},
    say: (line) => said.push(line),
    limits: networkLimits,
    programs: {
      give: () => assert.fail(),
      hangUp: () => assert.fail(),
      run: async (command) => void told.push([...command]),
    },
    noise: {
      read: async (_, octets) => octetsOf(octets),
      kernelReady: () => kernelReady,
      readText: () => 'ID=pump-os\nVERSION_ID=4\n',
    },
  }
  return { ports, told, said }
}

const settings: Settings = {
  ...{ server: 'https://pki.example.com:8443', label: undefined, serial: 'PUMP-1' },
  ...{ root: 'ab'.repeat(32), keyAlgorithm: 'p-256' },
}

function withNoise(words = {}, more: Partial<Settings> = {}): Settings {
  const noise = noiseSettingsOf(path, words)
  return typeof noise === 'string' ? assert.fail(noise) : { ...settings, noise, ...more }
}

async function faultOf(act: Promise<unknown>): Promise<DeviceFault> {
  const [done] = await Promise.allSettled([act])
  const reason: unknown = done?.status === 'rejected' ? done.reason : undefined
  return reason instanceof DeviceFault ? reason : assert.fail(`no fault: ${reason}`)
}

test('without a raw source it is said that nothing was tested, and whether the kernel was ready', async () => {
  const { client, ...said } = await howMade(device(() => assert.fail()).ports, settings)
  assert.match(client, /^vitalsign-device \d+\.\d+\.\d+/)
  assert.deepEqual(said, {
    ...{ source: 'getrandom', tests: undefined, kernelReady: true, firmware: 'pump-os 4' },
  })
  const silent = device(() => assert.fail()).ports
  const kernelReady = () => undefined
  const machine = { ...(silent.noise ?? assert.fail()), kernelReady }
  assert.equal((await howMade({ ...silent, noise: machine }, settings)).kernelReady, undefined)
})

test('a key in a TPM is not testable, and does not wait for the kernel', async () => {
  const { ports } = device(() => assert.fail(), false)
  const said = await howMade(ports, { ...settings, tpm: 'device:/dev/tpmrm0' })
  assert.deepEqual([said.source, said.tests, said.kernelReady], ['tpm', undefined, false])
})

test('no key is made in a file while the kernel says that its generator is not seeded', async () => {
  for (const one of [settings, withNoise()]) {
    const fault = await faultOf(howMade(device(() => assert.fail(), false).ports, one))
    assert.deepEqual([fault.code, fault.passing], ['generator-not-ready', true])
  }
})

test('a raw source that passes is said with all that it was tested by', async () => {
  const words = { 'noise-width': '4', 'noise-entropy': '1.25', 'noise-samples': '2048' }
  const { ports } = device((octets) => random.bytes(octets).map((octet) => octet & 15))
  const said = await howMade(ports, withNoise({ ...words, 'noise-alpha': '40' }))
  assert.equal(said.source, path)
  assert.deepEqual(said.tests, {
    ...{ samples: 2_048, symbolBits: 4, claimedMillibits: 1_250, alphaExponent: 40 },
    ...{ window: 512, failuresBefore: 0 },
  })
})

test('a source that fails makes no key, is told to the hook, and is counted from then on', async () => {
  const source = { good: false }
  const { ports, told } = device((octets) =>
    source.good ? random.bytes(octets) : new Uint8Array(octets),
  )
  const wishes = withNoise({}, { onNoiseFailure: ['/bin/blink', 'red'] })
  for (let times = 1; times <= 2; times++) {
    const fault = await faultOf(howMade(ports, wishes))
    assert.deepEqual([fault.code, fault.passing], ['noise-unhealthy', true])
    assert.match(fault.message, /^\/dev\/hwrng failed the repetition-count test at sample 31: /)
  }
  assert.deepEqual(told, [
    ['/bin/blink', 'red', 'noise-unhealthy'],
    ['/bin/blink', 'red', 'noise-unhealthy'],
  ])
  source.good = true
  assert.equal((await howMade(ports, wishes)).tests?.failuresBefore, 2)
})

test('each way in which a source can be bad has its name', async () => {
  const leaning = (octets: number) =>
    random.bytes(octets).map((octet) => (random.below(100) < 80 ? 0x20 : octet))
  const fault = async (octetsOf: (octets: number) => Uint8Array, words = {}) =>
    faultOf(howMade(device(octetsOf).ports, withNoise({ 'noise-samples': '4096', ...words })))
  assert.match((await fault(leaning)).message, /the (adaptive-proportion|repetition-count) test/)
  const stuck = await fault((octets) => new Uint8Array(octets).map((_, at) => at % 5))
  assert.match(stuck.message, /failed the repeated-pattern test/)
  const wide = await fault((octets) => random.bytes(octets), { 'noise-width': '1' })
  assert.match(wide.message, /sample \d+ of \/dev\/hwrng is wider than 1 bits$/)
})

test('a source that gives the same samples again is found out, though they are good ones', async () => {
  const recording = random.bytes(1_024)
  const { ports } = device(() => recording.slice())
  assert.equal((await howMade(ports, withNoise())).tests?.failuresBefore, 0)
  const fault = await faultOf(howMade(ports, withNoise()))
  assert.equal(fault.code, 'noise-repeated')
})

test('of a sample in several octets the first is tested, cut to its width', async () => {
  const words = { 'noise-sample-octets': '8', 'noise-width': '2' }
  const counters = (octets: number) =>
    random.bytes(octets).map((octet, at) => (at % 8 === 0 ? octet : 0))
  const good = await howMade(device(counters).ports, withNoise(words))
  assert.equal(good.tests?.symbolBits, 2)
  const highOnly = (octets: number) => random.bytes(octets).map((octet) => octet & 0xfc)
  assert.equal(
    (await faultOf(howMade(device(highOnly).ports, withNoise(words)))).code,
    'noise-unhealthy',
  )
})

test('a source that cannot be read is told, but has failed no test', async () => {
  const source = { there: false }
  const { ports, told } = device((octets) => {
    if (source.there) return random.bytes(octets)
    throw new DeviceFault('noise-unreachable', 'cannot read it')
  })
  const wishes = withNoise({}, { onNoiseFailure: ['/bin/blink'] })
  assert.equal((await faultOf(howMade(ports, wishes))).code, 'noise-unreachable')
  assert.deepEqual(told, [['/bin/blink', 'noise-unreachable']])
  source.there = true
  assert.equal((await howMade(ports, wishes)).tests?.failuresBefore, 0)
})

test('a hook that does not listen changes nothing', async () => {
  const { ports, said } = device((octets) => new Uint8Array(octets))
  const programs = {
    ...(ports.programs ?? assert.fail()),
    run: async () => {
      throw new DeviceFault('program-not-told', '"/bin/blink" did not start')
    },
  }
  const wishes = withNoise({}, { onNoiseFailure: ['/bin/blink'] })
  assert.equal((await faultOf(howMade({ ...ports, programs }, wishes))).code, 'noise-unhealthy')
  assert.deepEqual(said, ['"/bin/blink" did not start'])
})

test('a book that does not read holds up no key', async () => {
  const { ports } = device((octets) => random.bytes(octets))
  ports.files.write(fileOf.noise, new TextEncoder().encode('failures=many\n'))
  assert.equal((await howMade(ports, withNoise())).tests?.failuresBefore, 0)
})
