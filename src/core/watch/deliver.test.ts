// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operator, type TestCore, withCore } from '../../../test/support/core.ts'
import { raise } from './alarm.ts'
import { type DeliveryPorts, deliverOnce } from './deliver.ts'
import { addTarget } from './targets.ts'

const never = new AbortController().signal

async function addHook(core: TestCore, name: string): Promise<void> {
  const address = `https://${name}.example.com/`
  const asked = { name, kind: 'webhook', address, settings: {}, severity: 'notice' } as const
  const added = await addTarget({ ...asked, kinds: [] }, operator, core)
  assert.equal(added.kind, 'added')
}

const stale = (core: TestCore, subject: string) =>
  raise({ kind: 'status-stale', subject, severity: 'warning', text: 'old', facts: {} }, core)

async function statesOf(core: TestCore): Promise<readonly string[]> {
  const { items } = await core.ledger.list('delivery', { limit: 1000 })
  return items.map(({ state, tries }) => `${state} ${tries}`)
}

test('cut off between sending and booking, a message goes out again under the same id', () =>
  withCore(async (core) => {
    await addHook(core, 'desk')
    await stale(core, 'aut_1')
    const heard: string[] = []
    let isAway = false
    const ports: DeliveryPorts = {
      ...{ clock: core.clock, random: core.random },
      ledger: {
        ...{ read: (kind, id) => core.ledger.read(kind, id) },
        ...{ find: (kind, key, values) => core.ledger.find(kind, key, values) },
        ...{ list: (kind, query) => core.ledger.list(kind, query) },
        ...{ count: (kind, query) => core.ledger.count(kind, query) },
        commit: (change) =>
          isAway ? Promise.reject(new Error('the power went')) : core.ledger.commit(change),
      },
      send: async ({ id }) => {
        heard.push(id)
        isAway = heard.length === 1
        return { kind: 'sent' }
      },
    }
    await assert.rejects(deliverOnce(ports, never), /the power went/)
    isAway = false
    assert.deepEqual(await statesOf(core), ['waiting 0'])
    await deliverOnce(ports, never)
    assert.deepEqual(await statesOf(core), ['sent 1'])
    assert.equal(heard.length, 2)
    assert.equal(heard[0], heard[1])
  }))

test('a target that fails or takes its time keeps nothing from the others', () =>
  withCore(async (core) => {
    for (const name of ['slow', 'dead', 'well']) await addHook(core, name)
    for (let index = 0; index < 5; index++) await stale(core, `aut_${index}`)
    const heard: string[] = []
    const { ledger, clock, random } = core
    const ports: DeliveryPorts = {
      ...{ ledger, clock, random },
      send: async (_, { name }) => {
        if (name === 'slow') clock.pass({ seconds: 25 })
        if (name === 'dead') return { kind: 'failed', detail: 'no answer' }
        heard.push(name)
        return { kind: 'sent' }
      },
    }
    const times = (name: string) => heard.filter((one) => one === name).length
    await deliverOnce(ports, never)
    assert.ok(times('slow') > 0 && times('slow') < 5, `${times('slow')} in one run`)
    while (times('well') < 5 || times('slow') < 5) await deliverOnce(ports, never)
    assert.deepEqual([times('well'), times('slow')], [5, 5], 'each once')
  }))
