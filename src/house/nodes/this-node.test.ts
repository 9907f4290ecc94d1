// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { openStore } from '#edge/store/open-store.ts'
import type { Shared } from '#edge/store/store.ts'
import { TestClock } from '../../../test/support/core.ts'
import { temporaryDirectory } from '../../../test/support/house.ts'
import { tellSilentNodes } from './tell-silent.ts'
import { beginNode, isSilent, type NodeFacts, type NodePorts } from './this-node.ts'

const facts: NodeFacts = {
  ...{ host: 'here', directory: '/data', process: 1, programVersion: '2', publicUrl: null },
  names: [],
}

/** A database's clock beside our own; its keys are nobody's matter here. */
function sharedAt(now: () => Temporal.Instant): Shared {
  return { sealed: undefined as never, now: async () => now() }
}

async function withPorts(
  work: (ports: NodePorts & { clock: TestClock }) => Promise<void>,
  shared?: (clock: TestClock) => Shared,
): Promise<void> {
  const clock = new TestClock()
  const store = await openStore(temporaryDirectory(), { clock, random: systemRandomness })
  try {
    const common = { ledger: store.ledger, clock, random: systemRandomness }
    await work({ ...common, shared: shared?.(clock) })
  } finally {
    await store.close()
  }
}

test('a node with the only clock goes by it, and is alone', async () => {
  await withPorts(async (ports) => {
    const node = await beginNode(facts, ports)
    const [record] = await node.running()
    assert.equal(record?.clockAheadMilliseconds, null)
    assert.ok(node.sharedClock.now().until(ports.clock.now()).total('milliseconds') < 100)
    assert.equal(await node.isAlone(), true)
  })
})

test('the shared clock is the own one, put right by what the database says', async () => {
  let ahead = 0
  await withPorts(
    async (ports) => {
      ahead = 62_000
      const node = await beginNode(facts, ports)
      const off = () => node.sharedClock.now().until(ports.clock.now()).total('milliseconds')
      assert.ok(Math.abs(off() - 62_000) < 100)
      ahead = -5_000
      await node.beat()
      assert.ok(Math.abs(off() + 5_000) < 100)
      const [record] = await node.running()
      assert.ok(Math.abs((record?.clockAheadMilliseconds ?? 0) + 5_000) < 100)
    },
    (clock) => sharedAt(() => clock.now().subtract({ milliseconds: ahead })),
  )
})

test('a node is not alone while another gives signs of life', async () => {
  await withPorts(
    async (ports) => {
      const one = await beginNode(facts, ports)
      const other = await beginNode({ ...facts, host: 'there' }, ports)
      assert.deepEqual([await one.isAlone(), await other.isAlone()], [false, false])
      ports.clock.pass({ seconds: 75 })
      await one.beat()
      assert.deepEqual([await one.isAlone(), await other.isAlone()], [true, false])
      await one.end()
      assert.equal(await other.isAlone(), true)
    },
    (clock) => sharedAt(() => clock.now()),
  )
})

test('whoever starts in the same place is the successor, and a dead one is forgotten after a day', async () => {
  await withPorts(
    async (ports) => {
      const dead = await beginNode(facts, ports)
      const gone = await beginNode({ ...facts, host: 'there' }, ports)
      const next = await beginNode(facts, ports)
      const names = async () => (await next.running()).map(({ name }) => name)
      assert.deepEqual(await names(), [gone.name, next.name])
      assert.equal((await ports.ledger.read('node', dead.id))?.stoppedAt, null)
      ports.clock.pass({ hours: 25 })
      await next.beat()
      assert.deepEqual(await names(), [next.name])
    },
    (clock) => sharedAt(() => clock.now()),
  )
})

test('a node that was taken for dead and was only slow says so with its next sign', async () => {
  await withPorts(
    async (ports) => {
      const slow = await beginNode(facts, ports)
      const other = await beginNode({ ...facts, host: 'there' }, ports)
      ports.clock.pass({ hours: 25 })
      await other.beat()
      assert.deepEqual((await other.running()).length, 1)
      await slow.beat()
      assert.deepEqual((await other.running()).length, 2)
    },
    (clock) => sharedAt(() => clock.now()),
  )
})

test('a sign of life is missed after more than a minute', async () => {
  await withPorts(async (ports) => {
    const node = await beginNode(facts, ports)
    const record = (await node.running())[0] ?? assert.fail('no record')
    assert.equal(isSilent(record, record.seenAt.add({ seconds: 60 })), false)
    assert.equal(isSilent(record, record.seenAt.add({ seconds: 71 })), true)
  })
})

test('a node that is cut off is an alarm, until it is heard again or somebody takes its place', async () => {
  await withPorts(
    async (ports) => {
      const one = await beginNode(facts, ports)
      const other = await beginNode({ ...facts, host: 'there' }, ports)
      const open = async () => {
        await one.beat()
        await tellSilentNodes(one, ports)
        const alarms = await ports.ledger.list('alarm', { by: 'state', equal: ['open'], limit: 9 })
        return alarms.items.map(({ kind, text }) => `${kind}: ${text}`)
      }
      assert.deepEqual(await open(), [])
      const { seenAt } = (await one.running()).find(({ id }) => id === other.id) ?? {}
      ports.clock.pass({ seconds: 75 })
      const told = [`node-silent: node ${other.name} on there was last seen ${seenAt}`]
      assert.deepEqual(await open(), told)
      assert.deepEqual(await open(), told)
      await other.beat()
      assert.deepEqual(await open(), [])
      ports.clock.pass({ seconds: 75 })
      assert.equal((await open()).length, 1)
      await beginNode({ ...facts, host: 'there' }, ports)
      assert.deepEqual(await open(), [])
    },
    (clock) => sharedAt(() => clock.now()),
  )
})
