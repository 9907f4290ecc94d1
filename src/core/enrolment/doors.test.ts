// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateKey } from '#trust/private-key.ts'
import {
  addPump,
  ask,
  expectDevice,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { newId } from '../ledger/ids.ts'
import { applyProfile } from '../policy/apply-profile.ts'
import { readyProfiles } from '../policy/ready/ready-profiles.ts'
import { openDoors } from './doors.ts'

/** Writes a version of a profile as an older or damaged program might have left it. */
async function storeProfile(core: TestCore, document: unknown): Promise<void> {
  const createdAt = core.clock.now()
  const record = {
    ...{ id: newId('profile', core), version: 1, name: 'ldevid', number: 2, document },
    ...{ author: 'test', createdAt },
  }
  const facts = { name: 'ldevid', number: 2 }
  const event = { type: 'profile-applied', at: createdAt, actor: operator, facts } as const
  await core.ledger.commit({
    puts: [{ kind: 'profile', record }],
    events: [{ ...event, subjects: [record.id] }],
  })
}

test('a profile that no longer reads leaves its doors as they were, and doctor hears of it', async () => {
  await withCore(async (core) => {
    const { credential } = await expectDevice(core, await addPump(core), 'A')
    await storeProfile(core, { name: 'ldevid' })
    issuedOf(await ask(core, credential, await generateKey('p-256')))
    assert.match(core.doors.troubles.join(), /entrance pump stays as it was.*profile ldevid 2/)
    assert.deepEqual(core.troubles, [])
  })
})

test('a door that never read is shut; the house opens all the same', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    await storeProfile(core, { name: 'ldevid' })
    const doors = await openDoors(core.ledger)
    assert.equal(reasonOf(doors.for(pump.id, undefined) as never), 'issuing-stopped')
    assert.equal(reasonOf(doors.labelled('pump') as never), 'issuing-stopped')
    assert.ok(!('kind' in doors.labelled('pump-birth')))
    assert.match(doors.troubles.join(), /entrance pump is shut/)
  })
})

test('a new version of a profile holds from the next request on, whichever reading ends first', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const reloads = [core.doors.reload(), core.doors.reload()]
    const document = { ...readyProfiles.ldevid, version: 2 }
    const applied = await applyProfile(document, operator, core)
    assert.equal(applied.kind, 'applied')
    await Promise.all(reloads)
    const door = core.doors.for(pump.id, undefined)
    assert.equal('kind' in door || door.profile.version, 2)
  })
})

test('a label is of one product, and an unknown one opens nothing', async () => {
  await withCore(async (core) => {
    const [pump, tv] = [await addPump(core), await addPump(core, 'tv')]
    const { doors } = core
    const reason = (product: string, label?: string) => reasonOf(doors.for(product, label) as never)
    assert.equal(reason(pump.id, 'tv'), 'entrance-wrong')
    assert.equal(reason(tv.id, 'nothing'), 'entrance-unknown')
    assert.equal(reason('prd_none'), 'entrance-unknown')
  })
})

test('a profile is applied whole or not at all, one version after the other', async () => {
  await withCore(async (core) => {
    const apply = (changes: object) =>
      applyProfile({ ...readyProfiles.ldevid, ...changes }, operator, core)
    for (const changes of [
      { version: 1 },
      { version: 3 },
      { version: 2, kind: 'server' },
      { x: 1 },
    ]) {
      assert.equal(reasonOf(await apply(changes)), 'profile-wrong')
    }
    const both = await Promise.all([apply({ version: 2 }), apply({ version: 2 })])
    assert.deepEqual(both.map(reasonOf).sort(), ['applied', 'conflict'])
  })
})
