// SPDX-License-Identifier: Apache-2.0
/** What a device tests before it makes a key, and what the real house knows of that afterwards. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { main } from '#device/command/main.ts'
import { type Enrolment, enrol } from '#device/enrol.ts'
import { keepUp } from '#device/keep-up.ts'
import type { NoisePorts } from '#device/noise/machine.ts'
import { noiseSettingsOf } from '#device/noise/noise-settings.ts'
import type { Settings } from '#device/state/settings.ts'
import { parseKeyMaking } from '#format/est/key-making.ts'
import { urlOf } from '#house/configuration.ts'
import {
  openTestHouse,
  type TestHouse,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { benchOf } from './support/device-bench.ts'

let house: TestHouse
let pump: Product
const home = mkdtempSync(join(tmpdir(), 'vitalsign-noise-'))
before(async () => {
  house = await openTestHouse()
  pump = await withProduct(house)
})
after(async () => {
  rmSync(home, { recursive: true })
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

async function wishOf(serial: string, more: Partial<Settings> = {}): Promise<Enrolment> {
  const device = await withDevice(house, pump, serial)
  return {
    settings: { ...bond(), label: undefined, serial, keyAlgorithm: 'p-256', ...more },
    ...{ code: await withCode(house, device), birth: false, again: false, attempts: 1 },
  }
}

function bond() {
  const root = house.core.doors.own.find(({ kind }) => kind === 'root')?.certificateSha256.toHex()
  return { server: urlOf('https', house.addresses.devices), root: root ?? assert.fail() }
}

/** A raw source of this machine: a file, for want of hardware, with samples of its own. */
function sourceOf(name: string, samples: Uint8Array): { readonly path: string } {
  const path = join(home, name)
  writeFileSync(path, samples)
  return { path }
}

function noiseAt(path: string): Pick<Settings, 'noise'> {
  const noise = noiseSettingsOf(path, {})
  return typeof noise === 'string' ? assert.fail(noise) : { noise }
}

/** What the house knows of the keys of a device, the latest first. */
async function makingsOf(serial: string) {
  const { ledger } = house.core
  const device = await ledger.find('device', 'serial', [pump.id, serial])
  const query = { by: 'owner', equal: [device?.id], descending: true, limit: 10 } as const
  return (await ledger.list('keyMaking', query)).items
}

test('a device without a raw source says so, and what its kernel says, in its first request', async () => {
  const done = await enrol(benchOf(), await wishOf('PUMP-1', { firmware: 'pump-os 4.2.1' }))
  assert.equal(done.kind, 'proved', JSON.stringify(done))
  const [making, more] = await makingsOf('PUMP-1')
  assert.equal(more, undefined)
  assert.deepEqual(
    [making?.source, making?.mode, making?.result, making?.firmware],
    ['getrandom', 'conditioned', 'not-testable', 'pump-os 4.2.1'],
  )
  assert.match(making?.client ?? '', /^vitalsign-device \d/)
  assert.notEqual(making?.kernelReady, false)
})

test('a raw source is tested before each key, and each key is said to have been made after it', async () => {
  const { path } = sourceOf('good', randomBytes(1_024))
  const bench = benchOf()
  const done = await enrol(bench, await wishOf('PUMP-2', noiseAt(path)))
  assert.equal(done.kind, 'proved', JSON.stringify(done))
  sourceOf('good', randomBytes(1_024))
  assert.equal((await keepUp(bench, { now: true })).kind, 'kept')
  const makings = await makingsOf('PUMP-2')
  assert.equal(new Set(makings.map(({ key }) => key)).size, 2)
  for (const making of makings)
    assert.deepEqual([making.source, making.mode, making.result], [path, 'raw', 'passed'])
})

test('a source that fails is asked again after growing pauses, and no request is sent before it passes', async () => {
  const bench = benchOf()
  let times = 0
  const noise: NoisePorts = {
    read: async (_, octets) => (++times < 3 ? new Uint8Array(octets) : randomBytes(octets)),
    kernelReady: () => true,
    readText: () => undefined,
  }
  const wish = await wishOf('PUMP-3', noiseAt('/dev/hwrng'))
  const before = await house.core.ledger.count('certificate', {})
  const done = await enrol({ ...bench, noise }, { ...wish, attempts: 5 })
  assert.equal(done.kind, 'proved', JSON.stringify(done))
  assert.equal(bench.waited.length, 2)
  assert.ok((bench.waited[1] ?? 0) > (bench.waited[0] ?? 0))
  assert.match(bench.said[0] ?? '', /failed the repetition-count test .*; again in \d+ s$/)
  assert.equal(await house.core.ledger.count('certificate', {}), before + 1)
  const [making] = await makingsOf('PUMP-3')
  const { tests } = parseKeyMaking(making?.statement ?? assert.fail())
  assert.equal(tests?.failuresBefore, 2)
})

test('the program refuses to make a key of a source that fails, by name and status, and nothing is half made', async () => {
  const { path } = sourceOf('stuck', new Uint8Array(4_096))
  const state = join(home, 'PUMP-4')
  const told = join(home, 'told')
  const hook = join(home, 'hook')
  writeFileSync(hook, `#!/bin/sh\necho "$@" > ${told}\n`, { mode: 0o700 })
  const wish = await wishOf('PUMP-4')
  const { server, root } = bond()
  const code = join(home, 'code')
  writeFileSync(code, wish.code ?? assert.fail(), { mode: 0o600 })
  const words = [
    ...['enrol', '--server', server, '--root', root, '--serial', 'PUMP-4', '--code-file', code],
    ...['--state', state, '--once', '--json', '--noise', path],
    ...['--on-noise-failure', `${hook} lamp`],
  ]
  const failed = await run(words)
  assert.equal(failed.status, 3)
  const { kind, reason, detail, hint } = JSON.parse(failed.out)
  assert.deepEqual([kind, reason], ['broken', 'noise-unhealthy'])
  assert.match(detail, /failed the repetition-count test at sample 31/)
  assert.match(hint, /no key is made/)
  assert.equal(readFileSync(told, 'utf8'), 'lamp noise-unhealthy\n')
  assert.deepEqual(
    readdirSync(state).filter((name) => /request|working/.test(name)),
    [],
  )
  assert.deepEqual(await makingsOf('PUMP-4'), [])

  sourceOf('stuck', randomBytes(4_096))
  const enrolled = await run(words)
  assert.equal(enrolled.status, 0, enrolled.out)
  assert.ok(existsSync(join(state, 'working.pem')))
  const [making] = await makingsOf('PUMP-4')
  assert.equal(making?.result, 'passed')
  const shown = await here(['show', '--state', state])
  assert.match(shown.out, /noise source .*stuck, tested before each key; its tests failed 1 times/)
})

test('a source can be tried without a key', async () => {
  const { path } = sourceOf('trial', randomBytes(2_048))
  const good = await here(['test-noise', '--noise', path, '--noise-samples', '2048'])
  assert.equal(good.status, 0, good.error)
  assert.match(good.out, /passed the start-up tests of SP 800-90B section 4\.4\n {2}2048 samples/)
  for (const [words, status, said] of [
    [['--noise', '/dev/urandom'], 3, /noise-conditioned: .*\nhint: name the source itself/],
    [['--noise', path, '--noise-samples', '2049'], 3, /noise-ended: .* after 2048 of 2049 octets/],
    [['--noise', join(home, 'none')], 3, /noise-unreachable: /],
    [['--noise', path, '--noise-width', '9'], 2, /--noise-width 9 is not from 1 to 8/],
    [['--noise-width', '8'], 2, /--noise-width needs --noise/],
    [[], 2, /--noise is missing/],
  ] as const) {
    const ended = await here(['test-noise', ...words])
    assert.equal(ended.status, status, ended.error)
    assert.match(ended.error, said)
  }
})

interface Ended {
  readonly status: number | null
  readonly out: string
  readonly error: string
}

/** What the program does, in this process. */
async function here(words: readonly string[]): Promise<Ended> {
  let [out, error] = ['', '']
  const status = await main(words, {
    out: (line) => (out += `${line}\n`),
    error: (line) => (error += `${line}\n`),
  })
  return { status, out, error }
}

/** The program itself, as a process of its own. */
function run(words: readonly string[]): Promise<Ended> {
  const child = spawn('bin/vitalsign-device', words, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, error] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (error += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => resolve({ status, out, error }))
  })
}
