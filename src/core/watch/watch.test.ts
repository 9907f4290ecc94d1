// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retire } from '#core/devices/life.ts'
import {
  addPump,
  ask,
  certificateOf,
  codeFor,
  deviceOf,
  enrolDevice,
  expectDevice,
  force,
  issuedOf,
  operator,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { renewalBy } from '../../../test/support/house.ts'
import { newId } from '../ledger/ids.ts'
import type { Alarm, Authority } from '../ledger/tables.ts'
import { invite } from '../people/invitation.ts'
import { watchOnce } from './watch.ts'

const never = new AbortController().signal

async function openAlarms(core: TestCore): Promise<readonly Alarm[]> {
  const walk = { by: 'state', equal: ['open'], limit: 1000 } as const
  return (await core.ledger.list('alarm', walk)).items
}

async function kindsOf(core: TestCore): Promise<readonly string[]> {
  return (await openAlarms(core)).map(({ kind, severity }) => `${kind} ${severity}`).toSorted()
}

/** Days after which a working identity of the usual profile is late, and its life. */
async function lifeOf(core: TestCore, id: string) {
  const { notBefore, notAfter } = await certificateOf(core, id)
  return notAfter.since(notBefore).total('hours')
}

const look = (core: TestCore) => watchOnce(core, never)

/** A core whose authorities are far from their end, so that only what a test does raises alarms. */
async function quiet(core: TestCore): Promise<void> {
  const { items } = await core.ledger.list('authority', { limit: 100 })
  for (const one of items) {
    const far = core.clock.now().add({ hours: 24 * 365 * 40 })
    const record: Authority = { ...one, version: one.version + 1, notAfter: far, issueUntil: far }
    await core.ledger.commit({ puts: [{ kind: 'authority', record }], events: [] })
  }
}

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

test('an authority that ends is told sooner and then louder, and again only when it gets worse', () =>
  withCore(async (core) => {
    const trial = await openTrial(core)
    await look(core)
    const before = core.events.length
    await look(core)
    assert.equal(core.events.length, before)
    const severityOf = async () =>
      (await openAlarms(core)).find(({ subject }) => subject === trial.id)?.severity
    // A trial ends in 90 days, so it is a notice from the first day.
    assert.equal(await severityOf(), 'notice')
    core.clock.pass({ hours: 24 * 61 })
    await look(core)
    assert.equal(await severityOf(), 'warning')
    core.clock.pass({ hours: 24 * 24 })
    await look(core)
    assert.equal(await severityOf(), 'critical')
  }))

async function openTrial(core: TestCore): Promise<Authority> {
  const { items } = await core.ledger.list('authority', {
    by: 'kind',
    equal: ['issuing'],
    limit: 1,
  })
  return items[0] ?? assert.fail('no issuing authority')
}

test('a revocation list past half of its life without a successor is stale, and a new one clears it', () =>
  withCore(async (core) => {
    await quiet(core)
    const authority = await openTrial(core)
    await core.shelf.refresh(core.doors.own)
    core.clock.pass({ hours: 24 * 3 })
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
    core.clock.pass({ hours: 24 * 2 })
    await look(core)
    const [alarm] = await openAlarms(core)
    assert.deepEqual(
      [alarm?.kind, alarm?.severity, alarm?.subject],
      ['status-stale', 'warning', authority.id],
    )
    core.clock.pass({ hours: 24 * 4 })
    await look(core)
    assert.ok((await kindsOf(core)).includes('status-stale critical'))
    await core.shelf.refresh(core.doors.own)
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
  }))

test('a certificate that nobody renews by itself is told before its end, and cleared when it is followed', () =>
  withCore(async (core) => {
    await quiet(core)
    const pump = await addPump(core)
    const like = await certificateOf(core, (await enrolDevice(core, pump, 'PUMP-1')).id)
    const put = async (kind: 'server' | 'client', notAfter: Temporal.Instant) => {
      const id = newId('certificate', core)
      const record = {
        ...{ ...like, id, version: 1, kind, owner: 'server', subject: 'CN=here', notAfter },
        ...{ serialNumber: core.random.bytes(16), sha256: null },
      }
      await core.ledger.commit({ puts: [{ kind: 'certificate', record }], events: [] })
      return id
    }
    const now = core.clock.now()
    const server = await put('server', now.add({ hours: 24 * 10 }))
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
    core.clock.pass({ hours: 24 * 4 })
    await core.shelf.refresh(core.doors.own)
    await look(core)
    assert.deepEqual(await kindsOf(core), ['certificate-ending warning'])
    core.clock.pass({ hours: 24 * 5 })
    await core.shelf.refresh(core.doors.own)
    await look(core)
    assert.deepEqual(await kindsOf(core), ['certificate-ending critical'])
    assert.equal(
      (await openAlarms(core)).find(({ subject }) => subject === server)?.facts['kind'],
      'server',
    )
    await put('server', now.add({ hours: 24 * 90 }))
    await put('client', now.add({ hours: 24 * 30 }))
    await core.shelf.refresh(core.doors.own)
    await look(core)
    assert.deepEqual(await kindsOf(core), ['certificate-ending notice'])
  }))

test('many codes that end unused within a day are one notice', () =>
  withCore(async (core) => {
    await quiet(core)
    const pump = await addPump(core)
    const { device } = await expectDevice(core, pump, 'PUMP-1')
    const code = (await core.ledger.list('code', { limit: 1 })).items[0] ?? assert.fail('no code')
    await codeFor(core, device)
    const puts = Array.from({ length: 120 }, () => ({
      kind: 'code' as const,
      record: {
        ...{ ...code, id: newId('code', core), version: 1 },
        ...{ codeSha256: core.random.bytes(32), expiresAt: core.clock.now().add({ hours: 23 }) },
      },
    }))
    await core.ledger.commit({ puts, events: [] })
    await look(core)
    assert.deepEqual(await kindsOf(core), ['codes-unused notice'])
    core.clock.pass({ hours: 30 })
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
  }))

test('an invitation on its last day is a notice, until it ends', () =>
  withCore(async (core) => {
    await quiet(core)
    await invite({ name: 'Grace', role: 'operator' }, operator, core)
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
    core.clock.pass({ hours: 60 })
    await look(core)
    assert.deepEqual(await kindsOf(core), ['invitation-ending notice'])
    core.clock.pass({ hours: 13 })
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
  }))
