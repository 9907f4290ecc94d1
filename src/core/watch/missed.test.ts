// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retire } from '#core/devices/life.ts'
import {
  addPump,
  ask,
  certificateOf,
  deviceOf,
  type Enrolled,
  enrolDevice,
  expectDevice,
  force,
  issuedOf,
  operator,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { renewalBy } from '../../../test/support/house.ts'
import { kindsOf, lifeOf, look, openAlarms, quiet } from '../../../test/support/watch.ts'
import { newId } from '../ledger/ids.ts'
import type { CertificateRecord } from '../ledger/tables.ts'
import { watchOnce } from './watch.ts'

test('a device that has not renewed when it should is marked, told, and cleared when it has', () =>
  withCore(async (core) => {
    await quiet(core)
    const pump = await addPump(core)
    const [silent, well] = [
      await enrolDevice(core, pump, 'PUMP-1'),
      await enrolDevice(core, pump, 'PUMP-2'),
    ]
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
    const life = await lifeOf(core, silent.id)
    core.clock.pass({ hours: Math.ceil(life * 0.75) })
    const renewal = await renewalBy(well.key, well.certificate)
    issuedOf(await ask(core, well.shown, renewal, { operation: 'reenrol' }))
    core.clock.pass({ hours: Math.ceil(life * 0.06) })
    await look(core)
    assert.ok((await deviceOf(core, silent)).missedSince)
    assert.equal((await deviceOf(core, well)).missedSince, null)
    const told = (await openAlarms(core)).filter(({ kind }) => kind.startsWith('renewal'))
    assert.deepEqual(
      told.map(({ kind, subject }) => [kind, subject]),
      [
        ['renewals-missed', pump.id],
        ['renewal-missed', silent.device.id],
      ],
    )
    assert.equal(told[0]?.facts['count'], 1)
    const late = await renewalBy(silent.key, silent.certificate)
    issuedOf(await ask(core, silent.shown, late, { operation: 'reenrol' }))
    await look(core)
    assert.deepEqual(
      (await kindsOf(core)).filter((kind) => kind.startsWith('renewal')),
      [],
    )
  }))

test('a look that was cut off is done again, and a look repeated says nothing twice', () =>
  withCore(async (core) => {
    await quiet(core)
    const pump = await addPump(core)
    const device = await enrolDevice(core, pump, 'PUMP-1')
    core.clock.pass({ hours: Math.ceil((await lifeOf(core, device.id)) * 0.82) })
    await assert.rejects(watchOnce(core, AbortSignal.abort()))
    await look(core)
    await look(core)
    const raised = core.events.filter(
      ({ type, facts }) => type === 'alarm-raised' && facts['kind'] === 'renewals-missed',
    )
    assert.equal(raised.length, 1)
  }))

test('a silent herd is one alarm with a number, not one for each', () =>
  withCore(async (core) => {
    await quiet(core)
    const pump = await addPump(core)
    const first = await enrolDevice(core, pump, 'PUMP-0')
    for (let index = 1; index <= 24; index++) {
      const { device } = await expectDevice(core, pump, `PUMP-${index}`)
      await force(core, device, { state: 'active', missedSince: core.clock.now() })
    }
    core.clock.pass({ hours: Math.ceil((await lifeOf(core, first.id)) * 0.82) })
    await look(core)
    const open = (await openAlarms(core)).filter(({ kind }) => kind.startsWith('renewal'))
    assert.deepEqual(
      open.map(({ kind, severity, facts }) => [kind, severity, facts['count']]),
      [['renewals-missed', 'critical', 25]],
    )
  }))

test('a device that was retired is not waited for', () =>
  withCore(async (core) => {
    await quiet(core)
    const pump = await addPump(core)
    const enrolled = await enrolDevice(core, pump, 'PUMP-1')
    core.clock.pass({ hours: Math.ceil((await lifeOf(core, enrolled.id)) * 0.82) })
    await look(core)
    assert.ok((await deviceOf(core, enrolled)).missedSince)
    await retire(await deviceOf(core, enrolled), 'scrapped', operator, core)
    await look(core)
    assert.deepEqual(
      (await kindsOf(core)).filter((kind) => kind.startsWith('renewal')),
      [],
    )
  }))

/** Puts another working identity of the same device, as if it had been issued there and then. */
async function putLike(core: TestCore, { id }: Enrolled, columns: Partial<CertificateRecord>) {
  const like = await certificateOf(core, id)
  const record = {
    ...{ ...like, id: newId('certificate', core), version: 1, sha256: null },
    ...{ serialNumber: core.random.bytes(16), ...columns },
  }
  await core.ledger.commit({ puts: [{ kind: 'certificate', record }], events: [] })
  return record
}

const missedOf = async (core: TestCore, enrolled: Enrolled) =>
  (await deviceOf(core, enrolled)).missedSince !== null

test('whoever renewed in time is never told of, though what it held ends', () =>
  withCore(async (core) => {
    await quiet(core)
    const pump = await addPump(core)
    const device = await enrolDevice(core, pump, 'PUMP-1')
    const life = await lifeOf(core, device.id)
    core.clock.pass({ hours: Math.ceil(life * 0.7) })
    const renewal = await renewalBy(device.key, device.certificate)
    issuedOf(await ask(core, device.shown, renewal, { operation: 'reenrol' }))
    for (const share of [0.11, 0.06, 0.06]) {
      core.clock.pass({ hours: Math.ceil(life * share) })
      await look(core)
      assert.equal(await missedOf(core, device), false)
    }
    const told = core.events.filter(({ type, facts }) => {
      return type === 'alarm-raised' && `${facts['kind']}`.startsWith('renewal')
    })
    assert.deepEqual(told, [])
  }))

test('a life that no profile of ours gave is late a month or a week before its end', () =>
  withCore(async (core) => {
    await quiet(core)
    const pump = await addPump(core)
    const [long, short] = [
      await enrolDevice(core, pump, 'PUMP-L'),
      await enrolDevice(core, pump, 'PUMP-S'),
    ]
    const now = core.clock.now()
    const put = (enrolled: Enrolled, days: number) =>
      putLike(core, enrolled, { notBefore: now, notAfter: now.add({ hours: days * 24 }) })
    await put(long, 155)
    await put(short, 103)
    const days = async (count: number) => {
      for (let day = 0; day < count; day++) {
        core.clock.pass({ hours: 24 })
        await look(core)
      }
      return [await missedOf(core, long), await missedOf(core, short)]
    }
    assert.deepEqual(await days(95), [false, false])
    assert.deepEqual(await days(2), [false, true], 'a week before its end')
    assert.deepEqual(await days(27), [false, true])
    assert.deepEqual(await days(2), [true, true], 'a month before its end')
  }))

test('what was booked while a look was under way, or by a node whose clock is behind, is looked at', () =>
  withCore(async (core) => {
    await quiet(core)
    const pump = await addPump(core)
    const device = await enrolDevice(core, pump, 'PUMP-1')
    const behind = core.clock.now()
    core.clock.pass({ minutes: 10 })
    await look(core)
    // Its id says that it was there before the look began, and its end is far within the threshold.
    const late = { notBefore: behind.subtract({ hours: 900 }), notAfter: behind.add({ hours: 50 }) }
    const id = newId('certificate', { ...core, clock: { now: () => behind } })
    await putLike(core, device, { id, ...late })
    core.clock.pass({ hours: 1 })
    await look(core)
    assert.equal(await missedOf(core, device), true)
  }))

test('a look goes on where another clock, far ahead, had looked before', () =>
  withCore(async (core) => {
    await quiet(core)
    const pump = await addPump(core)
    await look(core)
    const mark = (await core.ledger.find('setting', 'name', ['watch'])) ?? assert.fail()
    const until = core.clock.now().add({ hours: 24 * 365 }).epochMilliseconds
    const record = { ...mark, version: mark.version + 1, value: { until } }
    await core.ledger.commit({ puts: [{ kind: 'setting', record }], events: [] })
    const device = await enrolDevice(core, pump, 'PUMP-1')
    core.clock.pass({ hours: Math.ceil((await lifeOf(core, device.id)) * 0.82) })
    await look(core)
    assert.equal(await missedOf(core, device), true)
  }))
