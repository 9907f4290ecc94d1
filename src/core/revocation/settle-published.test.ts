// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addPump,
  certificateOf,
  enrolDevice,
  operator,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { Fault } from '../fault.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import { onNoList } from '../ledger/shards.ts'
import type { RevocationRecord } from '../ledger/tables.ts'
import { openAlarm } from '../watch/alarm.ts'
import { watchRevocations } from '../watch/revocations.ts'
import { askAct } from './acts/ask.ts'
import { carryOut } from './acts/carry-out.ts'
import { revoke } from './revoke.ts'
import { settlePublished } from './settle-published.ts'

async function actOf(core: TestCore, certificate: string): Promise<RevocationRecord> {
  const { revocation } = await certificateOf(core, certificate)
  return (await core.ledger.read('revocation', revocation ?? '')) ?? assert.fail('no act')
}

const end = (core: TestCore, id: string) =>
  revoke({ id, reason: 'superseded', because: 'test' }, operator, core)

test('an act is published once every list of its certificates was made after it', async () => {
  await withCore(async (core) => {
    const { id } = await enrolDevice(core, await addPump(core), 'A')
    await end(core, id)
    const before = await actOf(core, id)
    assert.deepEqual([before.publishedAt, before.unpublishedSince], [null, before.effectiveAt])
    assert.equal(await settlePublished(core), 1)
    const after = await actOf(core, id)
    assert.ok(after.publishedAt !== null && after.effectiveAt !== null)
    assert.ok(Temporal.Instant.compare(after.effectiveAt, after.publishedAt) <= 0)
    assert.equal(await settlePublished(core), 0)
    const told = core.events.filter(({ type }) => type === 'revocation-published')
    assert.equal(told.length, 1)
  })
})

test('a list of before an act does not publish it, whatever its time says', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const { id: before } = await enrolDevice(core, pump, 'A')
    const { id } = await enrolDevice(core, pump, 'B')
    // Lists of a clock that went ahead; set right, it may sign nothing for a while.
    core.clock.pass({ hours: 1 })
    await end(core, before)
    assert.equal(await settlePublished(core), 1)
    core.clock.pass({ minutes: -50 })
    await end(core, id)
    assert.equal(await settlePublished(core), 0)
    core.clock.pass({ hours: 1 })
    // Its time has come, and the list still does not say it.
    assert.equal(await settlePublished(core), 0)
    assert.equal((await actOf(core, id)).publishedAt, null)
    await core.shelf.refresh(core.doors.own)
    assert.equal(await settlePublished(core), 1)
  })
})

test('a release is published when the lists do not name its certificates any more', async () => {
  await withCore(async (core) => {
    const { id } = await enrolDevice(core, await addPump(core), 'A')
    for (const act of ['hold', 'release'] as const) {
      const wish = { act, chosen: { certificate: id }, because: 'a test' } as const
      const asked = await askAct({ ...wish, reason: 'certificateHold' }, operator, core)
      await carryOut(asked.kind === 'asked' ? asked.record.id : '', core)
      assert.equal(await settlePublished(core), 1, act)
    }
  })
})

test('what no list ever tells of is published at once', async () => {
  await withCore(async (core) => {
    const { id } = await enrolDevice(core, await addPump(core), 'A')
    const record = await certificateOf(core, id)
    await core.ledger.commit({
      puts: [
        {
          kind: 'certificate',
          record: { ...record, version: record.version + 1, shard: onNoList },
        },
      ],
      events: [],
    })
    await end(core, id)
    assert.equal(await settlePublished(core), 1)
  })
})

test('while a list cannot be made its act is not published, and somebody is told after a while', async () => {
  let away = false
  await withCore(
    async (core) => {
      const { id } = await enrolDevice(core, await addPump(core), 'A')
      core.clock.pass({ hours: 1 })
      away = true
      await end(core, id)
      const { id: act } = await actOf(core, id)
      assert.equal(await settlePublished(core), 0)
      const open = () => openAlarm('revocation-unpublished', act, core.ledger)
      await watchRevocations(core)
      assert.equal(await open(), undefined)
      core.clock.pass({ minutes: 20 })
      await watchRevocations(core)
      assert.equal((await open())?.severity, 'critical')
      away = false
      await core.shelf.refresh(core.doors.own)
      assert.equal(await settlePublished(core), 1)
      await watchRevocations(core)
      assert.equal(await open(), undefined)
    },
    ({ keys }) => ({
      keys: {
        make: (algorithm, keyId, place) => keys.make(algorithm, keyId, place),
        has: (keyId) => keys.has(keyId),
        sign: async (keyId, toBeSigned) => {
          if (away) throw new Fault('key-missing', `there is no key ${keyId}`)
          return keys.sign(keyId, toBeSigned)
        },
      },
    }),
  )
})

test('of more acts than are looked at none that stands still is told to be over', async () => {
  await withCore(async (core) => {
    const { id } = await enrolDevice(core, await addPump(core), 'A')
    await end(core, id)
    const act = await actOf(core, id)
    const ids = Array.from({ length: 200 }, () => newId('revocation', core))
    core.clock.pass({ minutes: 1 })
    const late = newId('revocation', core)
    const running = (id: string, minutes: number): Put => {
      const decidedAt = core.clock.now().subtract({ minutes })
      return { kind: 'revocation', record: { ...act, id, version: 1, state: 'running', decidedAt } }
    }
    const open = () => openAlarm('revocation-slow', late, core.ledger)
    await core.ledger.commit({ puts: [running(late, 11)], events: [] })
    await watchRevocations(core)
    assert.ok(await open())
    await core.ledger.commit({ puts: ids.map((one) => running(one, 0)), events: [] })
    await watchRevocations(core)
    assert.ok(await open(), 'it still runs')
  })
})

test('an act that stands still is told, until it is in force', async () => {
  await withCore(async (core) => {
    const { id } = await enrolDevice(core, await addPump(core), 'A')
    const wish = { act: 'end', chosen: { certificate: id }, because: 'a test' } as const
    const asked = await askAct({ ...wish, reason: 'superseded' }, operator, core)
    const act = asked.kind === 'asked' ? asked.record.id : assert.fail(asked.kind)
    core.clock.pass({ minutes: 11 })
    await watchRevocations(core)
    assert.equal((await openAlarm('revocation-slow', act, core.ledger))?.severity, 'critical')
    await carryOut(act, core)
    await watchRevocations(core)
    assert.equal(await openAlarm('revocation-slow', act, core.ledger), undefined)
  })
})
