// SPDX-License-Identifier: Apache-2.0
/** One-time codes in time: expired, replaced, guessed at. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { allowReEnrolment } from '#core/devices/life.ts'
import type { Product } from '#core/ledger/tables.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import {
  certificateIn,
  enrolled,
  openTestHouse,
  postEst,
  requestBy,
  type TestHouse,
  withCode,
  withProduct,
} from '../support/house.ts'
import { expectDevice, refusalOf } from '../support/refusing.ts'

const operator = { kind: 'person', id: 'test' } as const
const wrong = 'AAAA-BBBB-CCCC-DDDD-EEEE-FFFF'

let house: TestHouse
let pump: Product
let key: KeyPair
let ahead = Temporal.Duration.from({ hours: 0 })
const clock = { now: () => Temporal.Now.instant().add(ahead) }

before(async () => {
  house = await openTestHouse(undefined, { clock })
  pump = await withProduct(house)
  key = await generateKey('p-256')
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

function wait(span: Temporal.DurationLike): void {
  ahead = ahead.add(span)
}

test('a code serves until its last hour is over, and not after', async () => {
  const [early, late] = [
    await expectDevice(house, pump, 'TIME-1'),
    await expectDevice(house, pump, 'TIME-2'),
  ]
  wait({ hours: 23, minutes: 59 })
  const request = await requestBy(await generateKey('p-256'))
  certificateIn(await postEst(house, 'simpleenroll', request, early))
  wait({ minutes: 2 })
  assert.equal(await refusalOf(house, key, late), '401 code-expired')
})

test('a new code ends the one before', async () => {
  const device = await expectDevice(house, pump, 'NEW-1')
  const code = await withCode(house, device.device)
  assert.match(await refusalOf(house, key, device), /^401 code-(expired|wrong)$/)
  const request = await requestBy(await generateKey('p-256'))
  certificateIn(await postEst(house, 'simpleenroll', request, { user: 'NEW-1', code }))
})

test('a code is read as people write it: small letters, spaces, no dashes', async () => {
  const { user, code } = await expectDevice(house, pump, 'SPELL-1')
  const spelt = code.toLowerCase().replaceAll('-', '')
  const request = await requestBy(await generateKey('p-256'))
  certificateIn(await postEst(house, 'simpleenroll', request, { user, code: spelt }))
})

test('after ten wrong codes further ones wait for five minutes, and the right one does not', async () => {
  const device = await expectDevice(house, pump, 'GUESS-1')
  const other = await expectDevice(house, pump, 'GUESS-2')
  for (let count = 0; count < 10; count++) {
    assert.equal(await refusalOf(house, key, { user: 'GUESS-1', code: wrong }), '401 code-wrong')
  }
  const guess = { user: 'GUESS-1', code: wrong }
  const { status, headers, body } = await postEst(
    house,
    'simpleenroll',
    await requestBy(key),
    guess,
  )
  assert.equal(`${status} ${body.split(':')[0]}`, '429 rate-limited')
  assert.ok(Number(headers['retry-after']) > 0)
  for (const right of [device, other]) {
    const request = await requestBy(await generateKey('p-256'))
    certificateIn(await postEst(house, 'simpleenroll', request, right))
  }
  wait({ minutes: 5, seconds: 1 })
  assert.equal(await refusalOf(house, key, guess), '401 code-wrong')
})

test('a device that was allowed to enrol again may once, with a new code', async () => {
  const first = await enrolled(house, pump, 'AGAIN-1')
  const device = await house.core.ledger.read('device', first.device.id)
  const allowed = await allowReEnrolment(device!, 'flash was erased', operator, house.core)
  assert.ok(allowed.kind === 'changed')
  const code = await withCode(house, allowed.device)
  const call = { user: 'AGAIN-1', code }
  certificateIn(
    await postEst(house, 'simpleenroll', await requestBy(await generateKey('p-256')), call),
  )
  const exceptions = await house.core.ledger.list('exception', { limit: 10 })
  assert.deepEqual(
    exceptions.items.map(({ rule, subject, reason }) => [rule, subject, reason]),
    [['device-already-enrolled', first.device.id, 'flash was erased']],
  )
  assert.equal(await refusalOf(house, await generateKey('p-256'), call), '401 code-used')
})
