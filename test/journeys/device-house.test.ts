// SPDX-License-Identifier: Apache-2.0
/** The device clients against the real house, on a real store. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { applyProfile } from '#core/policy/apply-profile.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { type Enrolment, enrol } from '#device/enrol.ts'
import { type Kept, keepUp } from '#device/keep-up.ts'
import { fileOf, readCredential } from '#device/state/state.ts'
import { urlOf } from '#house/configuration.ts'
import { sha256 } from '#trust/digest.ts'
import {
  openTestHouse,
  type TestHouse,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { type Bench, benchOf, FragileFiles, workingOf } from './support/device-bench.ts'

let house: TestHouse
let pump: Product
/** How far the house's clock, and the device's with it, stands from the machine's. */
let ahead = Temporal.Duration.from({ hours: 0 })
const clock = { now: () => Temporal.Now.instant().add(ahead) }

before(async () => {
  house = await openTestHouse(undefined, { clock })
  pump = await withProduct(house)
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

/** From now on working identities live for a day. */
async function shortenLives() {
  const { ldevid } = readyProfiles
  const validity = { hours: 24, because: 'this test has no year' }
  const document = { ...ldevid, version: 2, validity }
  const applied = await applyProfile(document, { kind: 'house', id: 'test' }, house.core)
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
}

async function wishOf(serial: string, more: Partial<Enrolment> = {}): Promise<Enrolment> {
  const device = await withDevice(house, pump, serial)
  const root = house.core.doors.own.find(({ kind }) => kind === 'root')?.certificateSha256.toHex()
  const server = urlOf('https', house.addresses.devices)
  const label = more.birth ? 'pump' : undefined
  const settings = { server, label, serial, root: root ?? '', keyAlgorithm: 'p-256' } as const
  return {
    settings,
    code: await withCode(house, device),
    birth: false,
    again: false,
    attempts: 3,
    ...more,
  }
}

function deviceNow(files = new FragileFiles()): Bench {
  return benchOf(files, clock.now())
}

async function enrolled(serial: string, more: Partial<Enrolment> = {}): Promise<Bench> {
  const bench = deviceNow()
  const done = await enrol(bench, await wishOf(serial, more))
  assert.equal(done.kind, 'proved', JSON.stringify(done))
  return bench
}

async function kept(bench: Bench, now = false): Promise<Kept> {
  const outcome = await keepUp(bench, { now })
  assert.equal(outcome.kind, 'kept', JSON.stringify(outcome))
  return outcome as Kept
}

test('a device enrols with a code, renews at once with a new key, and the house saw it in use', async () => {
  const bench = await enrolled('PUMP-1')
  const { leaf: old } = workingOf(bench)
  assert.equal((await kept(bench)).what, 'nothing-due')
  assert.equal((await kept(bench, true)).what, 'renewed')
  const { leaf } = workingOf(bench)
  assert.notDeepEqual(leaf.publicKey.der, old.publicKey.der)
  assert.deepEqual(leaf.subject.der, old.subject.der)
  const record = await house.core.ledger.find('certificate', 'sha256', [sha256(leaf.der)])
  assert.ok(record?.usedAt)
})

test('a code that was used once is refused for another key', async () => {
  const wish = await wishOf('PUMP-2')
  assert.equal((await enrol(deviceNow(), wish)).kind, 'proved')
  const again = await enrol(deviceNow(), wish)
  assert.equal(again.kind === 'refused' && again.reason, 'refused-by-server')
  assert.match(again.kind === 'refused' ? again.detail : '', /code-used|already-enrolled/)
})

test('a device whose clock stands at 1970 enrols and renews', async () => {
  const files = new FragileFiles()
  const neverSet = Temporal.Instant.from('1970-01-01T00:00:07Z')
  const done = await enrol(benchOf(files, neverSet), await wishOf('PUMP-4'))
  assert.equal(done.kind, 'proved', JSON.stringify(done))
  assert.equal((await kept(benchOf(files, neverSet), true)).what, 'renewed')
})

test('birth by code, work by birth; what expired in a drawer comes back by itself', async () => {
  await shortenLives()
  const bench = await enrolled('PUMP-3', { birth: true })
  assert.ok(readCredential(bench.files, fileOf.inUse('birth')))
  const { leaf } = workingOf(bench)
  ahead = Temporal.Duration.from({ hours: 48 })
  const recovered = await kept(deviceNow(bench.files))
  assert.equal(recovered.what, 'recovered')
  assert.ok(Temporal.Instant.compare(workingOf(bench).leaf.notAfter, leaf.notAfter) > 0)
  assert.equal((await kept(deviceNow(bench.files))).what, 'nothing-due')
})
