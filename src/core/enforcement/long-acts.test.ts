// SPDX-License-Identifier: Apache-2.0
/** Acts that take a while, and integrations that come while they do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addPump,
  deviceOf,
  enrolDevice,
  Interrupted,
  multiply,
  operator,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { enforcementsAt, FakeDesk, newIntegration } from '../../../test/support/enforcement.ts'
import type { Integration, Product } from '../ledger/tables.ts'
import { askAct } from '../revocation/acts/ask.ts'
import { carryOut } from '../revocation/acts/carry-out.ts'
import { quarantine } from '../revocation/quarantine.ts'
import { settlePublished } from '../revocation/settle-published.ts'

/** The first device and the last of an act on so many certificates, which are carried out 240 at a time. */
async function enrolMany(core: TestCore, product: Product, count = 250) {
  const first = await enrolDevice(core, product, 'A')
  await multiply(core, first.id, count)
  return { first: first.device.id, last: (await enrolDevice(core, product, 'B')).device.id }
}

async function endAll(core: TestCore, product: Product) {
  const because = 'a test'
  const chosen = { product: product.id }
  const asked = await askAct({ act: 'end', chosen, reason: 'superseded', because }, operator, core)
  if (asked.kind !== 'asked') assert.fail(asked.kind)
  return carryOut(asked.record.id, core)
}

test('sessions begin to end with the first part of a long act, and all of it is confirmed at its end', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    const product = await addPump(core)
    const integration = await newIntegration(core)
    const { first, last } = await enrolMany(core, product, 600)
    const desk = new FakeDesk()
    await desk.run(core, integration)
    const told: number[] = []
    const run = async () => {
      core.clock.pass({ seconds: 2 })
      await desk.run(core, integration)
      told.push(desk.batches.length)
    }
    interrupted.beforeNext('certificate', async () => {
      interrupted.beforeNext('certificate', async () => {
        await run()
        await run()
        assert.deepEqual(desk.wants, { [first]: 'bar' })
        const [, early] = await enforcementsAt(core, integration)
        assert.deepEqual([early?.state, early?.confirmedAt], ['waiting', null])
        interrupted.beforeNext('certificate', run)
      })
    })
    const act = await endAll(core, product)
    await run()
    assert.deepEqual(
      told,
      [1, 1, 2, 3],
      'told again only when the act is twice as far, and at its end',
    )
    assert.deepEqual(desk.wants, { [first]: 'bar', [last]: 'bar' })
    const [, proof, ...more] = await enforcementsAt(core, integration)
    assert.deepEqual([proof?.state, proof?.owners, more], ['confirmed', 2, []])
    assert.ok(proof?.confirmedAt && act?.effectiveAt)
    assert.ok(Temporal.Instant.compare(proof.confirmedAt, act.effectiveAt) >= 0)
    const ids = desk.batches.map(({ id }) => id)
    assert.equal(
      new Set(ids).size,
      ids.length,
      'a receiver that knows a message does not do it again',
    )
  }, interrupted.replace)
})

test('what fails early is tried again, and confirmed when the act is in force', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    const product = await addPump(core)
    const integration = await newIntegration(core)
    const { first, last } = await enrolMany(core, product)
    const desk = new FakeDesk()
    await desk.run(core, integration)
    const confirm = desk.answer
    interrupted.beforeNext('certificate', async () => {
      interrupted.beforeNext('certificate', async () => {
        desk.answer = () => ({ kind: 'down', detail: 'no answer' })
        await desk.run(core, integration)
        desk.answer = confirm
      })
    })
    await endAll(core, product)
    core.clock.pass({ seconds: 5 })
    await desk.run(core, integration)
    const [, proof] = await enforcementsAt(core, integration)
    assert.deepEqual([proof?.state, proof?.owners, proof?.tries], ['confirmed', 2, 2])
    assert.deepEqual(desk.wants, { [first]: 'bar', [last]: 'bar' })
  }, interrupted.replace)
})

test('an integration that is added while a long act is carried out is told of all of it', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    const product = await addPump(core)
    const { first, last } = await enrolMany(core, product)
    const desk = new FakeDesk()
    let added: Integration | undefined
    interrupted.beforeNext('certificate', async () => {
      interrupted.beforeNext('certificate', async () => {
        added = await newIntegration(core)
        await desk.run(core, added)
      })
    })
    await endAll(core, product)
    await desk.run(core, added ?? assert.fail('not added'))
    assert.deepEqual(desk.wants, { [first]: 'bar', [last]: 'bar' })
  }, interrupted.replace)
})

test('an integration that is added in the moment of an act is told of it', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    const pump = await enrolDevice(core, await addPump(core), 'A')
    const desk = new FakeDesk()
    let added: Integration | undefined
    interrupted.beforeNext('revocation', async () => {
      added = await newIntegration(core)
      await desk.run(core, added)
    })
    const held = await quarantine(await deviceOf(core, pump), 'seal broken', operator, core)
    assert.equal(held.kind, 'changed')
    await settlePublished(core)
    await desk.run(core, added ?? assert.fail('not added'))
    assert.deepEqual(desk.wants, { [pump.device.id]: 'bar' })
  }, interrupted.replace)
})
