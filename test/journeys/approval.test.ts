// SPDX-License-Identifier: Apache-2.0
/** Requests that wait for a person, over real TLS: the wire, our own client, and a house that is ended in between. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { approveRequest, turnDownRequest } from '#core/enrolment/approval/decide-request.ts'
import type { Product } from '#core/ledger/tables.ts'
import { enrol } from '#device/enrol.ts'
import { urlOf } from '#house/configuration.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  certificateIn,
  openTestHouse,
  postEst,
  requestBy,
  type TestHouse,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { changeProfile, manual } from '../support/profiles.ts'
import { benchOf } from './support/device-bench.ts'

const operator = { kind: 'person', id: 'psn_test' } as const
let house: TestHouse
let pump: Product

before(async () => {
  house = await openTestHouse()
  pump = await withProduct(house)
  await changeProfile(house.core, manual)
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

async function rowOf(serial: string) {
  const device = await house.core.ledger.find('device', 'serial', [pump.id, serial])
  const { items } = await house.core.ledger.list('request', {
    ...{ by: 'device', equal: [device?.id, 'waiting'], limit: 1 },
  })
  return items[0] ?? assert.fail(`nothing of ${serial} waits`)
}

test('202 with Retry-After until a person decides; then 200, also after the house was ended', async () => {
  const device = await withDevice(house, pump, 'PUMP-1')
  const code = await withCode(house, device)
  const request = await requestBy(await generateKey('p-256'))
  const post = () => postEst(house, 'simpleenroll', request, { user: 'PUMP-1', code })
  for (let times = 0; times < 2; times++) {
    const answer = await post()
    assert.equal(answer.status, 202)
    assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/)
  }
  await approveRequest(await rowOf('PUMP-1'), undefined, operator, house.core)
  await house.stop()
  house = await openTestHouse(house.directory)
  const [one, other] = await Promise.all([post(), post()])
  const certificate = certificateIn(one)
  assert.deepEqual(certificateIn(other), certificate)
  assert.deepEqual(certificateIn(await post()), certificate)
  const { items } = await house.core.ledger.list('certificate', {
    ...{ by: 'owner', equal: [device.id], limit: 10 },
  })
  assert.equal(items.length, 1)
})

test('403 with the words of the person who said no', async () => {
  const code = await withCode(house, await withDevice(house, pump, 'PUMP-2'))
  const request = await requestBy(await generateKey('p-256'))
  const post = () => postEst(house, 'simpleenroll', request, { user: 'PUMP-2', code })
  assert.equal((await post()).status, 202)
  await turnDownRequest(await rowOf('PUMP-2'), 'no unit of this lot', operator, house.core)
  const answer = await post()
  assert.equal(answer.status, 403)
  assert.match(answer.body, /^approval-refused: .*no unit of this lot/)
})

function wishOf(serial: string, code: string) {
  const root = house.core.doors.own.find(({ kind }) => kind === 'root')?.certificateSha256.toHex()
  const server = urlOf('https', house.addresses.devices)
  // Without a label the server cannot say what an entrance wants of a request.
  const words = { label: 'pump', keyAlgorithm: 'p-256' } as const
  const settings = { ...words, server, serial, root: root ?? '' }
  return { settings, code, birth: false, again: false, attempts: 6 } as const
}

test('our own client waits as long as it is told, and takes its certificate after the yes', async () => {
  const code = await withCode(house, await withDevice(house, pump, 'PUMP-3'))
  const bench = benchOf()
  const wait = async (span: Temporal.Duration) => {
    await bench.wait(span)
    if (bench.waited.length === 2)
      await approveRequest(await rowOf('PUMP-3'), undefined, operator, house.core)
  }
  const done = await enrol({ ...bench, wait }, wishOf('PUMP-3', code))
  assert.equal(done.kind, 'proved', JSON.stringify(done))
  assert.equal(bench.waited.length, 2)
  for (const milliseconds of bench.waited) assert.ok(milliseconds >= 24_000, `${milliseconds}`)
})

test('where the profile binds requests to their connection, our own client names it', async () => {
  await changeProfile(house.core, {
    channelBinding: { type: 'tls-exporter', because: 'RFC 9266: a test' },
  })
  const code = await withCode(house, await withDevice(house, pump, 'PUMP-4'))
  const plain = await requestBy(await generateKey('p-256'))
  const answer = await postEst(house, 'simpleenroll', plain, { user: 'PUMP-4', code })
  assert.equal(answer.status, 400)
  assert.match(answer.body, /^channel-binding-missing: /)
  const done = await enrol(benchOf(), { ...wishOf('PUMP-4', code), attempts: 1 })
  assert.equal(done.kind, 'proved', JSON.stringify(done))
})
