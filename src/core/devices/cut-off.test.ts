// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addPump,
  deviceOf,
  enrolDevice,
  force,
  Interrupted,
  multiply,
  operator,
  withCore,
} from '../../../test/support/core.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import { openCodes } from './cut-off.ts'
import { rebind, retire } from './life.ts'

for (const [name, act, state] of [
  ['retired', retire, 'retired'],
  ['rebound', rebind, 'expected'],
] as const) {
  test(`a device that is ${name} loses every certificate, key and code, however many they are`, async () => {
    await withCore(async (core) => {
      const enrolled = await enrolDevice(core, await addPump(core), 'A')
      const owner = enrolled.device.id
      await multiply(core, enrolled.id, 1000)
      const [code] = (await core.ledger.list('code', { by: 'device', equal: [owner], limit: 1 }))
        .items
      const [key] = (await core.ledger.list('key', { by: 'owner', equal: [owner], limit: 1 })).items
      assert.ok(code !== undefined && key !== undefined)
      const puts = Array.from({ length: 1000 }, (): readonly Put[] => [
        {
          kind: 'code',
          record: {
            ...{ ...code, id: newId('code', core), version: 1, codeSha256: core.random.bytes(32) },
            ...{ usedAt: null, usedFor: null },
          },
        },
        {
          kind: 'key',
          record: {
            ...{ ...key, id: newId('key', core), version: 1, fingerprint: core.random.bytes(32) },
          },
        },
      ])
      await core.means.ledger.commit({ puts: puts.flat(), events: [] })
      const told = core.events.length
      const changed = await act(await deviceOf(core, enrolled), 'lost', operator, core)
      assert.equal(changed.kind === 'changed' && changed.device.state, state)
      const live = { where: { state: 'issued' }, by: 'owner', equal: [owner] } as const
      assert.equal(await core.ledger.count('certificate', live), 0)
      const active = { where: { state: 'active' }, by: 'owner', equal: [owner] } as const
      assert.equal(await core.ledger.count('key', active), 0)
      assert.deepEqual(await openCodes(enrolled.device, core), [])
      const types = core.events.slice(told).map(({ type }) => type)
      assert.equal(types.filter((type) => type === 'certificate-revoked').length, 1001)
      assert.equal(types.filter((type) => type === `device-${name}`).length, 1)
    })
  })
}

test('a retirement that was interrupted is ended by the next, and then changes nothing', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    const enrolled = await enrolDevice(core, await addPump(core), 'A')
    await multiply(core, enrolled.id, 600)
    const leave = () => retireNow().then((changed) => changed.kind)
    const retireNow = async () => retire(await deviceOf(core, enrolled), 'lost', operator, core)
    interrupted.beforeNext('certificate', async () => {
      interrupted.beforeNext('certificate', async () =>
        force(core, await deviceOf(core, enrolled), {}),
      )
    })
    assert.equal(await leave(), 'refused')
    assert.equal((await deviceOf(core, enrolled)).state, 'retired')
    const live = { by: 'state', equal: ['issued'], where: { owner: enrolled.device.id } } as const
    assert.equal(await core.ledger.count('certificate', live), 101)
    assert.equal(await leave(), 'changed')
    assert.equal(await core.ledger.count('certificate', live), 0)
    const { version } = await deviceOf(core, enrolled)
    assert.equal(await leave(), 'changed')
    assert.equal((await deviceOf(core, enrolled)).version, version)
    assert.equal(core.events.filter(({ type }) => type === 'device-retired').length, 1)
  }, interrupted.replace)
})
