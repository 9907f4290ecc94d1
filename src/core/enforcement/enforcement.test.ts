// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateKey } from '#trust/private-key.ts'
import {
  addPump,
  ask,
  codeFor,
  deviceOf,
  type Enrolled,
  enrolDevice,
  issuedOf,
  operator,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { enforcementsAt, FakeDesk, newIntegration } from '../../../test/support/enforcement.ts'
import { rebind, retire } from '../devices/life.ts'
import type { Enforcement, Integration } from '../ledger/tables.ts'
import { quarantine, release } from '../revocation/quarantine.ts'
import { carryOut } from './carry-out.ts'
import { removeIntegration, retryIntegration, syncIntegration } from './integrations.ts'
import { endLane } from './lane.ts'

const unended = new AbortController().signal
const down = { kind: 'down', detail: 'no answer' } as const

async function holdBack(core: TestCore, enrolled: Enrolled): Promise<void> {
  const done = await quarantine(await deviceOf(core, enrolled), 'seal broken', operator, core)
  assert.equal(done.kind, 'changed')
}

async function letGo(core: TestCore, enrolled: Enrolled): Promise<void> {
  const done = await release(await deviceOf(core, enrolled), 'looked at', operator, core)
  assert.equal(done.kind, 'changed')
}

interface Place {
  readonly core: TestCore
  readonly desk: FakeDesk
  readonly integration: Integration
  readonly pumps: readonly [Enrolled, Enrolled]
  /** What is booked beside the first look back. */
  booked(): Promise<readonly Enforcement[]>
}

/** Two pumps, and an integration that was told that nothing has ended. */
function withPlace(work: (place: Place) => Promise<void>): Promise<void> {
  return withCore(async (core) => {
    const product = await addPump(core)
    const pumps = [await enrolDevice(core, product, 'A'), await enrolDevice(core, product, 'B')]
    const integration = await newIntegration(core)
    const desk = new FakeDesk()
    await desk.run(core, integration)
    assert.deepEqual(desk.batches, [])
    const booked = async () => (await enforcementsAt(core, integration)).slice(1)
    const [first, second] = pumps
    await work({ core, desk, integration, pumps: [first!, second!], booked })
  })
}

test('who is held back is barred, who is let go is admitted, and both are kept as proof', async () => {
  await withPlace(async ({ core, desk, integration, pumps: [pump], booked }) => {
    await holdBack(core, pump)
    await desk.run(core, integration)
    assert.deepEqual(desk.wants, { [pump.device.id]: 'bar' })
    const [batch] = desk.batches
    const [shown] = batch?.wishes[0]?.certificates ?? []
    assert.deepEqual(shown?.der, pump.certificate)
    assert.equal(shown?.reason, 6)
    assert.deepEqual(batch?.revocation?.reason, 'certificateHold')
    await letGo(core, pump)
    await desk.run(core, integration)
    assert.deepEqual(desk.wants, { [pump.device.id]: 'admit' })
    for (const one of await booked()) {
      assert.equal(one.state, 'confirmed')
      assert.deepEqual([one.owners, one.sessionsEnded, one.sessionsKnown], [1, 1, true])
      assert.notEqual(one.confirmedAt, null)
    }
    const told = core.events.filter(({ type }) => type === 'enforcement-confirmed')
    assert.equal(told.length, 3)
    assert.ok(told[1]?.subjects.includes(batch?.revocation?.id ?? ''))
  })
})

test('carrying out an old act undoes no newer one', async () => {
  await withPlace(async ({ core, desk, integration, pumps: [pump] }) => {
    await holdBack(core, pump)
    await letGo(core, pump)
    await desk.run(core, integration)
    assert.deepEqual(
      desk.batches.map(({ wishes }) => wishes[0]?.want),
      ['drop', 'admit'],
    )
  })
})

test('what changes while it is told is told anew', async () => {
  await withPlace(async ({ core, desk, integration, pumps: [pump], booked }) => {
    await holdBack(core, pump)
    const confirm = desk.answer
    desk.answer = async (batch) => {
      desk.answer = confirm
      await letGo(core, pump)
      return confirm(batch)
    }
    const [first] = await booked()
    await carryOut(first!, integration, desk.portsOf(core), unended)
    assert.deepEqual(
      desk.batches.map(({ wishes }) => wishes[0]?.want),
      ['bar', 'drop'],
    )
    assert.notEqual(desk.batches[0]?.id, desk.batches[1]?.id)
  })
})

test('an integration that is down is tried later and later, and what waits behind it once it is back', async () => {
  await withPlace(async ({ core, desk, integration, pumps: [pump, other], booked }) => {
    desk.answer = () => down
    await holdBack(core, pump)
    await holdBack(core, other)
    const due = await desk.run(core, integration)
    assert.equal(desk.batches.length, 1, 'the second would fail alike')
    const [failed, waiting] = await booked()
    assert.deepEqual([failed?.state, failed?.tries, failed?.lastError], ['failed', 1, 'no answer'])
    assert.deepEqual([waiting?.state, waiting?.tries], ['waiting', 0])
    assert.ok(due !== undefined && Temporal.Instant.compare(due, core.clock.now()) > 0)
    const pauses: number[] = []
    for (let tries = 2; tries < 10; tries++) {
      core.clock.pass({ minutes: 6 })
      const before = core.clock.now()
      const again = await carryOut((await booked())[0]!, integration, desk.portsOf(core), unended)
      assert.equal(again, 'down')
      pauses.push(Math.round(before.until((await booked())[0]!.nextAt).total('seconds')))
    }
    assert.deepEqual(pauses, [2, 5, 10, 30, 60, 120, 300, 300])
    desk.answer = new FakeDesk().answer
    await desk.run(core, integration)
    assert.deepEqual(
      (await booked()).map(({ state }) => state),
      ['confirmed', 'confirmed'],
    )
    assert.equal(desk.troubles.at(-1), undefined)
  })
})

test('a message that is refused holds up none behind it', async () => {
  await withPlace(async ({ core, desk, integration, pumps: [pump, other], booked }) => {
    const confirm = desk.answer
    desk.answer = (batch) =>
      batch.wishes[0]?.owner === pump.device.id
        ? { kind: 'refused', detail: 'it did not confirm' }
        : confirm(batch)
    await holdBack(core, pump)
    await holdBack(core, other)
    await desk.run(core, integration)
    const states = (await booked()).map(({ state }) => state)
    assert.deepEqual(states, ['failed', 'confirmed'])
  })
})

test('what fails for two weeks is given up, loudly, and a person can have it tried anew', async () => {
  await withPlace(async ({ core, desk, integration, pumps: [pump], booked }) => {
    await holdBack(core, pump)
    desk.answer = () => down
    for (let tries = 0; tries < 20; tries++) {
      core.clock.pass({ hours: 20 })
      await desk.run(core, integration)
    }
    assert.equal((await booked())[0]?.state, 'given-up')
    assert.equal(desk.troubles.at(-1)?.isGivenUp, true)
    assert.ok(core.events.some(({ type }) => type === 'enforcement-given-up'))
    const told = desk.batches.length
    core.clock.pass({ hours: 1 })
    await desk.run(core, integration)
    assert.equal(desk.batches.length, told, 'nobody tries what was given up')
    const retried = await retryIntegration(integration, operator, core)
    assert.deepEqual(retried, { kind: 'booked', enforcements: 1 })
    await desk.run(core, integration)
    assert.equal((await booked())[0]?.state, 'failed', 'it has twenty tries again')
    desk.answer = new FakeDesk().answer
    await retryIntegration(integration, operator, core)
    await desk.run(core, integration)
    assert.equal((await booked())[0]?.state, 'confirmed')
  })
})

test('of two nodes one carries it out, and another follows one that died', async () => {
  await withPlace(async ({ core, desk, integration, pumps: [pump], booked }) => {
    await holdBack(core, pump)
    const [waiting] = await booked()
    const other = new FakeDesk()
    const asleep = Promise.withResolvers<void>()
    const reached = Promise.withResolvers<void>()
    desk.answer = async () => {
      reached.resolve()
      await asleep.promise
      return { kind: 'enforced', sessionsEnded: 7, isCounted: true }
    }
    const first = carryOut(waiting!, integration, desk.portsOf(core), unended)
    await reached.promise
    assert.equal(await carryOut(waiting!, integration, other.portsOf(core), unended), 'taken')
    await other.run(core, integration)
    assert.deepEqual(other.batches, [], 'it is held by the first')
    core.clock.pass({ seconds: 61 })
    await other.run(core, integration)
    assert.equal((await booked())[0]?.state, 'confirmed')
    asleep.resolve()
    assert.equal(await first, 'taken')
    assert.equal((await booked())[0]?.sessionsEnded, 1, 'who was too late books nothing')
  })
})

test('a clock that is put back puts nothing off', async () => {
  await withPlace(async ({ core, desk, integration, pumps: [pump], booked }) => {
    await holdBack(core, pump)
    desk.answer = () => down
    core.clock.pass({ hours: 24 })
    await desk.run(core, integration)
    core.clock.pass({ hours: -24 })
    desk.answer = new FakeDesk().answer
    await desk.run(core, integration)
    assert.equal((await booked())[0]?.state, 'confirmed')
  })
})

test('an integration that is added later is told of what had ended, and when it asks to be told anew', async () => {
  await withPlace(async ({ core, desk, pumps: [held, retired] }) => {
    await holdBack(core, held)
    await retire(await deviceOf(core, retired), 'broken', operator, core)
    const later = await newIntegration(core, 'later')
    await desk.run(core, later)
    assert.deepEqual(desk.wants, { [held.device.id]: 'bar', [retired.device.id]: 'bar' })
    assert.equal(desk.batches.flatMap(({ wishes }) => wishes).length, 2)
    const [first] = await enforcementsAt(core, later)
    assert.deepEqual([first?.owners, first?.revocation], [2, null])
    await syncIntegration(later, operator, core)
    await desk.run(core, later)
    assert.equal(desk.batches.flatMap(({ wishes }) => wishes).length, 4)
    // Past their end they open nothing, and nobody has to be told.
    core.clock.pass({ hours: 24 * 400 })
    await syncIntegration(later, operator, core)
    await desk.run(core, later)
    assert.equal(desk.batches.flatMap(({ wishes }) => wishes).length, 4)
  })
})

test('what waits for an integration that is removed is given up', async () => {
  await withPlace(async ({ core, desk, integration, pumps: [pump], booked }) => {
    desk.answer = () => down
    await holdBack(core, pump)
    await desk.run(core, integration)
    const removed = await removeIntegration(integration, operator, core)
    assert.equal(removed.kind, 'changed')
    await endLane(integration, core)
    const [ended] = await booked()
    assert.deepEqual([ended?.state, ended?.lastError], ['given-up', 'its integration was removed'])
    await letGo(core, pump)
    assert.equal((await booked()).length, 1, 'nothing more is booked for it')
  })
})

test('whose certificates all ended is let in again with the next one', async () => {
  await withPlace(async ({ core, desk, integration, pumps: [pump] }) => {
    const rebound = await rebind(await deviceOf(core, pump), 'new board', operator, core)
    assert.equal(rebound.kind, 'changed')
    await syncIntegration(integration, operator, core)
    await desk.run(core, integration)
    assert.deepEqual(desk.wants, { [pump.device.id]: 'bar' })
    const code = await codeFor(core, await deviceOf(core, pump))
    const credential = { kind: 'code', user: 'A', code } as const
    issuedOf(await ask(core, credential, await generateKey('p-256')))
    await desk.run(core, integration)
    assert.deepEqual(desk.wants, { [pump.device.id]: 'admit' })
  })
})

test('what a stop cuts off is free for whoever comes next', async () => {
  await withPlace(async ({ core, desk, integration, pumps: [pump, other], booked }) => {
    await holdBack(core, pump)
    const [long] = await booked()
    const stopping = new AbortController()
    desk.answer = (batch) => {
      stopping.abort()
      return { kind: 'enforced', sessionsEnded: batch.wishes.length, isCounted: true }
    }
    assert.equal(await carryOut(long!, integration, desk.portsOf(core), stopping.signal), 'more')
    const [rest] = await booked()
    assert.deepEqual([rest?.state, rest?.tries, rest?.owners], ['waiting', 0, 0])
    await holdBack(core, other)
    await desk.run(core, integration)
    assert.deepEqual(
      (await booked()).map(({ state }) => state),
      ['confirmed', 'confirmed'],
    )
  })
})

test('sessions that nobody counted are not called counted', async () => {
  await withPlace(async ({ core, desk, integration, pumps: [pump], booked }) => {
    desk.answer = () => ({ kind: 'enforced', sessionsEnded: 0, isCounted: false })
    await holdBack(core, pump)
    await desk.run(core, integration)
    assert.deepEqual(
      (await booked()).map(({ sessionsKnown }) => sessionsKnown),
      [false],
    )
  })
})
