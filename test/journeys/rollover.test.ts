// SPDX-License-Identifier: Apache-2.0
/**
 * From one root to the next, in a real house: devices follow by themselves, renew under the new issuer, and go on
 * when the old root is ended; one that slept meanwhile finds the way for as long as the old root is in force.
 */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { type Enrolment, enrol } from '#device/enrol.ts'
import { keepUp } from '#device/keep-up.ts'
import { readRoots, readSettings } from '#device/state/state.ts'
import { encodePem } from '#format/pem.ts'
import { urlOf } from '#house/configuration.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import {
  heardElsewhere,
  nodeDirectory,
  openTestHouse,
  sharedWords,
  type TestHouse,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'
import { type PostgresPlace, postgresPlace, withoutPostgres } from '../support/postgres.ts'
import { type Bench, benchOf, FragileFiles } from './support/device-bench.ts'

const script = 'clients/sh/vitalsign-enrol.sh'
const missing = ['dash', 'openssl', 'curl'].filter(
  (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
)
const skip = missing.length === 0 ? false : `peer not installed: ${missing.join(', ')}`
if (skip && process.env.PEERS === 'required') throw new Error(skip)

function authority(house: TestHouse, name: string) {
  return house.core.doors.authorities.find((one) => one.name === name) ?? assert.fail(`no ${name}`)
}

async function ask(house: TestHouse, path: string, body?: object) {
  const answer = await askLocal(house, body === undefined ? 'GET' : 'POST', path, body)
  assert.ok(answer.status < 300, JSON.stringify(answer.document))
  return answer.document
}

async function enrolmentAt(house: TestHouse, serial: string): Promise<Enrolment> {
  const product = await house.core.ledger.find('product', 'name', ['pump'])
  const device = await withDevice(house, product ?? assert.fail('no product'), serial)
  const settings = {
    ...{ server: urlOf('https', house.addresses.devices), label: 'pump', serial },
    root: authority(house, 'root').certificateSha256.toHex(),
    keyAlgorithm: 'p-256' as KeyAlgorithmName,
  }
  return { settings, code: await withCode(house, device), birth: false, again: false, attempts: 1 }
}

function rootsOf({ files }: Bench): number {
  const settings = readSettings(files)
  return settings === undefined ? 0 : readRoots(files, settings).length
}

const run = promisify(execFile)

async function shell(...words: readonly string[]): Promise<string> {
  return (await run('dash', [script, ...words])).stdout
}

test('a fleet goes from one root to the next', { skip }, async (t) => {
  let ahead = Temporal.Duration.from({ hours: 0 })
  const clock = { now: () => Temporal.Now.instant().add(ahead) }
  const bench = (files = new FragileFiles()) => benchOf(files, clock.now())
  const house = await openTestHouse(undefined, { clock })
  t.after(() => house.stop())
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-rollover-'))
  t.after(() => rmSync(directory, { recursive: true }))
  await withProduct(house)

  const awake = bench()
  assert.equal((await enrol(awake, await enrolmentAt(house, 'PUMP-1'))).kind, 'proved')
  const asleep = bench()
  assert.equal((await enrol(asleep, await enrolmentAt(house, 'PUMP-2'))).kind, 'proved')
  const { settings, code } = await enrolmentAt(house, 'PUMP-3')
  const [state, codeFile] = [join(directory, 'state'), join(directory, 'code')]
  writeFileSync(codeFile, `${code}\n`)
  const { server, serial, root, label = '' } = settings
  const words = ['--server', server, '--serial', serial, '--root', root, '--label', label]
  await shell('enrol', ...words, '--code-file', codeFile, '--state', state)

  await t.test('the next root is made, and every device is told of it', async () => {
    // A link that does not lead forward in time is not followed.
    ahead = Temporal.Duration.from({ minutes: 10 })
    const made = await ask(house, '/authorities/new-root', { name: 'root-2', issuing: 'issuing-2' })
    assert.equal(made.before.name, 'root')
    assert.equal(made.issuing.parent, made.root.id)
    const [set] = (await ask(house, '/anchors')).items
    assert.deepEqual([set.number, set.given], [2, 0])
    const found = await ask(house, `/authorities/${made.before.id}/what-if`)
    assert.equal(found.breaks, true)
    assert.equal(found.products[0].withoutAnchor, 3)
    const refused = await askLocal(house, 'POST', `/authorities/${made.before.id}/retire`, {})
    assert.deepEqual([refused.status, refused.document.code], [409, 'authority-in-use'])
  })

  await t.test('both clients follow by themselves', async () => {
    const kept = await keepUp(bench(awake.files), { now: false })
    assert.equal(kept.kind === 'kept' && kept.roots?.followed.length, 1, JSON.stringify(kept))
    assert.match(
      await shell('renew', '--state', state),
      /believes the root [0-9a-f]{64} from now on/,
    )
    const product = authority(house, 'root') && (await ask(house, '/products')).items[0].id
    const shown = await ask(house, `/anchors/${product}`)
    assert.deepEqual([shown.devices, shown.sets[0].given, shown.none], [3, 2, 0])
  })

  await t.test('they renew under the new issuer, and the server moves to it, too', async () => {
    const old = authority(house, 'issuing-1')
    await ask(house, `/authorities/${old.id}/stop`, { because: 'the root changes' })
    const renewed = await keepUp(bench(awake.files), { now: true })
    assert.equal(renewed.kind === 'kept' && renewed.what, 'renewed', JSON.stringify(renewed))
    await shell('renew', '--now', '--state', state)
    const left = await ask(house, `/authorities/${old.id}/what-if`)
    assert.deepEqual(left.products[0].first, ['PUMP-2'])
  })

  await t.test('one that slept through finds the way by the link, and follows', async () => {
    assert.equal(rootsOf(asleep), 1)
    const back = await keepUp(bench(asleep.files), { now: true })
    assert.equal(back.kind === 'kept' && back.what, 'renewed', JSON.stringify(back))
    assert.equal(rootsOf(asleep), 2)
  })

  await t.test('openssl and curl check the server under either root', async () => {
    for (const name of ['root', 'root-2']) {
      const file = join(directory, `${name}.pem`)
      writeFileSync(file, encodePem('CERTIFICATE', authority(house, name).certificate))
      const { host, port } = house.addresses.devices
      const words = ['s_client', '-connect', `${host}:${port}`, '-CAfile', file]
      const shaking = run('openssl', [...words, '-verify_return_error'])
      shaking.child.stdin?.end()
      assert.match((await shaking).stdout, /Verify return code: 0 \(ok\)/, name)
      const only = ['--silent', '--show-error', '--cacert', file, '--capath', directory]
      const asked = await run('curl', [...only, `${server}/.well-known/est/pump/cacerts`])
      assert.ok(asked.stdout.length > 1000, name)
    }
  })

  await t.test('then the old root ends, and nobody is cut off', async () => {
    const old = authority(house, 'root')
    const found = await ask(house, `/authorities/${old.id}/what-if`)
    assert.equal(found.breaks, false, JSON.stringify(found))
    const done = await ask(house, `/authorities/${old.id}/retire`, {})
    assert.deepEqual(done.retired, ['root', 'issuing-1'])
    for (const one of [awake, asleep]) {
      const kept = await keepUp(bench(one.files), { now: false })
      assert.equal(kept.kind === 'kept' && kept.roots?.dropped.length, 1, JSON.stringify(kept))
      assert.equal(rootsOf(one), 1)
    }
    assert.match(await shell('renew', '--now', '--state', state), /believes the root .* no more/)
    assert.equal(readFileSync(join(state, 'root.pem'), 'utf8').split('BEGIN').length - 1, 1)
    assert.deepEqual(house.troubles, [])
  })
})

test('a device goes from a P-384 root to one that withstands quantum computers', async (t) => {
  let ahead = Temporal.Duration.from({ hours: 0 })
  const clock = { now: () => Temporal.Now.instant().add(ahead) }
  const house = await openTestHouse(undefined, { clock })
  t.after(() => house.stop())
  await withProduct(house)
  const device = benchOf(new FragileFiles(), clock.now())
  assert.equal((await enrol(device, await enrolmentAt(house, 'PUMP-1'))).kind, 'proved')
  ahead = Temporal.Duration.from({ minutes: 10 })
  const wish = { name: 'root-2', algorithm: 'ml-dsa-87', issuing: 'issuing-2' }
  await ask(house, '/authorities/new-root', wish)
  const pass = (now: boolean) => keepUp(benchOf(device.files, clock.now()), { now })
  const followed = await pass(false)
  assert.equal(followed.kind === 'kept' && followed.roots?.followed.length, 1)
  const old = authority(house, 'issuing-1')
  await ask(house, `/authorities/${old.id}/stop`, { because: 'the root changes' })
  const renewed = await pass(true)
  assert.equal(renewed.kind === 'kept' && renewed.what, 'renewed', JSON.stringify(renewed))
  await ask(house, `/authorities/${authority(house, 'root').id}/retire`, {})
  const last = await pass(true)
  assert.equal(last.kind === 'kept' && last.roots?.dropped.length, 1, JSON.stringify(last))
  assert.equal(rootsOf(device), 1)
  assert.deepEqual(house.troubles, [])
})

test('every node tells devices of the new root, whichever made it', {
  skip: withoutPostgres,
}, async (t) => {
  const place: PostgresPlace = await postgresPlace()
  t.after(() => place.remove())
  let ahead = Temporal.Duration.from({ hours: 0 })
  const clock = { now: () => Temporal.Now.instant().add(ahead) }
  const open = () => openTestHouse(nodeDirectory(), { clock }, sharedWords(place.url))
  const one = await open()
  t.after(() => one.stop())
  const other = await open()
  t.after(() => other.stop())
  await withProduct(one)
  const device = benchOf(new FragileFiles(), clock.now())
  assert.equal((await enrol(device, await enrolmentAt(other, 'PUMP-1'))).kind, 'proved')
  const heard = heardElsewhere(other, 'root-followed')
  ahead = Temporal.Duration.from({ seconds: 2 })
  await ask(one, '/authorities/new-root', { name: 'root-2' })
  await heard
  const kept = await keepUp(benchOf(device.files, clock.now()), { now: false })
  assert.equal(kept.kind === 'kept' && kept.roots?.followed.length, 1, JSON.stringify(kept))
  assert.deepEqual([...one.troubles, ...other.troubles], [])
})
