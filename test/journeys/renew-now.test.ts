// SPDX-License-Identifier: Apache-2.0
/** An authority is compromised: another takes over, and the herd renews, each at its own moment. */
import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { applyProfile } from '#core/policy/apply-profile.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { openAlarm } from '#core/watch/alarm.ts'
import { watchOnce } from '#core/watch/watch.ts'
import { enrol } from '#device/enrol.ts'
import { type Kept, keepUp } from '#device/keep-up.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { urlOf } from '#house/configuration.ts'
import { sha256 } from '#trust/digest.ts'
import {
  fetchStatus,
  openTestHouse,
  type TestHouse,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'
import { type Bench, benchOf, FragileFiles, workingOf } from './support/device-bench.ts'

const herd = 8
let house: TestHouse
let pump: Product
let silent: Bench | undefined
let ahead = Temporal.Duration.from({ hours: 0 })
const clock = { now: () => Temporal.Now.instant().add(ahead) }
/** Jobs run once at the start, and then only when a test runs them. */
const wait = (_: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))

before(async () => {
  house = await openTestHouse(undefined, { clock, wait })
  const { ldevid } = readyProfiles
  const renewal = { ...ldevid.renewal, fromPercent: 50 }
  const document = { ...ldevid, version: 2, renewal }
  const applied = await applyProfile(document, { kind: 'house', id: 'test' }, house.core)
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
  pump = await withProduct(house)
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

async function enrolled(serial: string): Promise<Bench> {
  const device = await withDevice(house, pump, serial)
  const root = house.core.doors.own.find(({ kind }) => kind === 'root')?.certificateSha256.toHex()
  const server = urlOf('https', house.addresses.devices)
  const settings = {
    server,
    label: undefined,
    serial,
    root: root ?? '',
    keyAlgorithm: 'p-256',
  } as const
  const bench = benchOf(new FragileFiles(), clock.now())
  const code = await withCode(house, device)
  const done = await enrol(bench, { settings, code, birth: false, again: false, attempts: 3 })
  assert.equal(done.kind, 'proved', JSON.stringify(done))
  return bench
}

const pass = (bench: Bench, now = false) => keepUp(benchOf(bench.files, clock.now()), { now })

async function kept(bench: Bench): Promise<Kept> {
  const outcome = await pass(bench)
  return outcome.kind === 'kept' ? outcome : assert.fail(JSON.stringify(outcome))
}

async function authorityOf(bench: Bench): Promise<string | undefined> {
  const { der } = workingOf(bench).leaf
  const record = await house.core.ledger.find('certificate', 'sha256', [sha256(der)])
  const authority = await house.core.ledger.read('authority', record?.authority ?? '')
  return authority?.name
}

const authorityNamed = async (name: string) =>
  (await house.core.ledger.find('authority', 'name', [name])) ?? assert.fail(name)

test('a herd moves to another authority within its window, and the silent ones are named', async () => {
  const devices: Bench[] = []
  for (let index = 0; index < herd; index++) devices.push(await enrolled(`PUMP-${index}`))
  const [first = assert.fail()] = devices
  const early = await pass(first, true)
  assert.match(JSON.stringify(early), /renewal-too-early|renews this certificate from/)

  const { id } = await authorityNamed('issuing-1')
  const order = { authority: id, within: 24, because: 'its key was copied' }
  const vain = await askLocal(house, 'POST', '/renewals', order)
  assert.deepEqual([vain.status, vain.document.code], [409, 'renewal-would-not-help'])
  const because = { because: 'its key was copied' }
  const alone = await askLocal(house, 'POST', `/authorities/${id}/stop`, because)
  assert.deepEqual([alone.status, alone.document.code], [409, 'issuing-stopped'])

  const root = join(house.directory, 'root')
  renameSync(root, `${root}-away`)
  const rootless = await askLocal(house, 'POST', '/authorities/issue', { name: 'issuing-2' })
  assert.deepEqual([rootless.status, rootless.document.code], [409, 'issuing-stopped'])
  renameSync(`${root}-away`, root)
  const odd = { name: 'issuing-2', algorithm: 'p-1' }
  assert.equal((await askLocal(house, 'POST', '/authorities/issue', odd)).status, 400)
  const made = await askLocal(house, 'POST', '/authorities/issue', { name: 'issuing-2' })
  assert.equal(made.status, 201, JSON.stringify(made.document))
  const twice = await askLocal(house, 'POST', '/authorities/issue', { name: 'issuing-2' })
  assert.deepEqual([twice.status, twice.document.code], [409, 'exists-already'])
  const stopped = await askLocal(house, 'POST', `/authorities/${id}/stop`, because)
  assert.deepEqual(stopped.document, { name: 'issuing-1', successor: 'issuing-2', entrances: 2 })

  const ordered = await askLocal(house, 'POST', '/renewals', order)
  assert.equal(ordered.status, 201, JSON.stringify(ordered.document))
  assert.equal(ordered.document.total, herd)
  const dues = new Set<string>()
  for (const device of devices) {
    const { due, what } = await kept(device)
    if (what === 'renewed') continue
    dues.add(due.toString())
    const until = Temporal.Instant.from(ordered.document.until)
    assert.ok(Temporal.Instant.compare(due, until) <= 0, `${due} is within the window`)
  }
  assert.ok(dues.size >= herd - 1, 'the moments are spread')

  ahead = Temporal.Duration.from({ hours: 25 })
  const [last = assert.fail(), ...others] = devices
  silent = last
  for (const device of others) {
    await kept(device)
    assert.equal(await authorityOf(device), 'issuing-2')
    assert.equal((await kept(device)).what, 'nothing-due', 'once is enough')
  }
  const shown = await askLocal(house, 'GET', `/renewals/${ordered.document.id}`)
  const { total, renewed, left, silent: silentCount } = shown.document
  assert.deepEqual([total, renewed, left, silentCount], [herd, herd - 1, 1, 1])

  await watchOnce(house.core, new AbortController().signal)
  const alarm = await openAlarm('renewal-order-silent', ordered.document.id, house.core.ledger)
  assert.equal(alarm?.facts['left'], 1)
  await askLocal(house, 'POST', `/renewals/${ordered.document.id}/end`)
  assert.equal(
    await openAlarm('renewal-order-silent', ordered.document.id, house.core.ledger),
    undefined,
  )
  assert.equal((await kept(silent)).what, 'nothing-due', 'no order, no haste')
  assert.equal(await authorityOf(silent), 'issuing-1')
})

test('who made and who stopped an authority is told', async () => {
  await house.sequence()
  for (const type of ['authority-made', 'authority-stopped']) {
    const { document } = await askLocal(house, 'GET', `/log?type=${type}`)
    assert.deepEqual(document.items[0].actor, { kind: 'person', id: 'local' })
  }
})

test('revoked at last, the old one is on the list of the root, and its last device comes over all the same', async () => {
  const root = house.core.doors.own.find(({ kind }) => kind === 'root')
  const listed = await askLocal(house, 'GET', `/certificates?authority=${root?.id}&kind=issuing`)
  const old = await authorityNamed('issuing-1')
  const found = listed.document.items.find(
    ({ sha256: print }: { sha256: string }) => print === old.certificateSha256.toHex(),
  )
  const reason = { reason: 'keyCompromise', because: 'its key was copied' }
  const led = await askLocal(house, 'POST', `/certificates/${found.id}/revoke`, reason)
  assert.deepEqual([led.status, led.document.code], [403, 'not-permitted'])
  assert.match(led.document.detail, /authority revoke/)
  const revoked = await askLocal(house, 'POST', `/authorities/${old.id}/revoke`, reason)
  assert.equal(revoked.document.revocation?.state, 'effective', JSON.stringify(revoked.document))
  const { body } = await fetchStatus(house, '/crl/root.crl')
  const { serialNumber } = parseCertificate(old.certificate)
  const serials = [...parseCrl(body).revoked].map((one) => one.serialNumber.toHex())
  assert.deepEqual(serials, [serialNumber.toHex()])
  // The silent one of before still shows a certificate of it, which the ledger knows by its bytes.
  assert.ok(silent)
  assert.equal(await authorityOf(silent), 'issuing-1')
  const again = { authority: old.id, within: 1, because: 'the last one' }
  const ordered = await askLocal(house, 'POST', '/renewals', again)
  assert.equal(ordered.document.total, 1, JSON.stringify(ordered.document))
  ahead = ahead.add({ hours: 2 })
  assert.equal((await kept(silent)).what, 'renewed')
  await askLocal(house, 'POST', `/renewals/${ordered.document.id}/end`)
  assert.equal(await authorityOf(silent), 'issuing-2')
})

test('an order that means nobody, or nothing, is refused; and the log still matches the ledger', async () => {
  const nobody = await askLocal(house, 'POST', '/renewals', { lot: 'L-9', because: 'a test' })
  assert.deepEqual([nobody.status, nobody.document.code], [404, 'not-found'])
  const nothing = await askLocal(house, 'POST', '/renewals', { because: 'a test' })
  assert.deepEqual([nothing.status, nothing.document.code], [400, 'input-wrong'])
  const { document } = await askLocal(house, 'POST', '/log/verify', {})
  assert.deepEqual([document.good, document.findings], [true, []])
})

test('a key algorithm can be ordered away, a lot of a product too', async () => {
  const algorithm = { algorithm: 'p-256', because: 'a new algorithm' }
  const ordered = await askLocal(house, 'POST', '/renewals', algorithm)
  assert.equal(ordered.document.total, herd)
  const odd = await askLocal(house, 'POST', '/renewals', { ...algorithm, algorithm: 'p-1' })
  assert.deepEqual([odd.status, odd.document.code], [400, 'input-wrong'])
  const listed = await askLocal(house, 'GET', '/renewals?state=open')
  assert.deepEqual(
    listed.document.items.map(({ id }: { id: string }) => id),
    [ordered.document.id],
  )
})
