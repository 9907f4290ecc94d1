// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCrl } from '#format/x509/crl.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  addPump,
  ask,
  certificateOf,
  deviceOf,
  type Enrolled,
  enrolDevice,
  expectDevice,
  force,
  Interrupted,
  issuedOf,
  multiply,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { renewalBy } from '../../../test/support/house.ts'
import { retire } from '../devices/life.ts'
import { whoami } from '../enrolment/whoami.ts'
import { fullCrl } from './publish.ts'
import { quarantine, release } from './quarantine.ts'
import { revoke } from './revoke.ts'

const holdBack = async (core: TestCore, enrolled: Pick<Enrolled, 'device' | 'credential'>) =>
  quarantine(await deviceOf(core, enrolled), 'seal broken', operator, core)
const letGo = async (core: TestCore, enrolled: Pick<Enrolled, 'device' | 'credential'>) =>
  release(await deviceOf(core, enrolled), 'looked at', operator, core)

async function saysWho(core: TestCore, { certificate }: Enrolled): Promise<string> {
  return reasonOf(await whoami([certificate], core))
}

async function listed(core: TestCore, shard = fullCrl): Promise<readonly (number | undefined)[]> {
  const crl = (await core.shelf.read('issuing-1', shard)) ?? assert.fail('no list')
  return [...parseCrl(crl.der).revoked].map(({ reason }) => reason)
}

test('a device in quarantine is refused everywhere, and a release makes it what it was', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const enrolled = await enrolDevice(core, pump, 'A')
    assert.equal(await saysWho(core, enrolled), 'known')
    const told = core.events.length
    const held = await holdBack(core, enrolled)
    assert.equal(held.kind === 'changed' && held.device.state, 'quarantined')
    assert.equal((await certificateOf(core, enrolled.id)).state, 'held')
    assert.equal(await saysWho(core, enrolled), 'device-quarantined')
    const renewal = await renewalBy(enrolled.key, enrolled.certificate)
    const renew = () => ask(core, enrolled.shown, renewal, { operation: 'reenrol' })
    assert.equal(reasonOf(await renew()), 'device-quarantined')
    assert.deepEqual(await listed(core), [6])
    const { shard } = await certificateOf(core, enrolled.id)
    assert.deepEqual(await listed(core, shard), [6])
    const released = await letGo(core, enrolled)
    assert.equal(released.kind === 'changed' && released.device.state, 'active')
    const { state, revokedAt, revocationReason } = await certificateOf(core, enrolled.id)
    assert.deepEqual([state, revokedAt, revocationReason], ['issued', null, null])
    assert.equal(await saysWho(core, enrolled), 'known')
    issuedOf(await renew())
    assert.deepEqual([await listed(core), await listed(core, shard)], [[], []])
    const types = core.events.slice(told).map(({ type }) => type)
    for (const type of [
      ...(['device-quarantined', 'certificate-held'] as const),
      ...(['device-released', 'certificate-released'] as const),
    ])
      assert.equal(types.filter((one) => one === type).length, 1, type)
  })
})

test('a quarantine and its release are acts with a record of their own', async () => {
  await withCore(async (core) => {
    const enrolled = await enrolDevice(core, await addPump(core), 'A')
    await holdBack(core, enrolled)
    await letGo(core, enrolled)
    const { items } = await core.ledger.list('revocation', { by: 'requested', limit: 9 })
    assert.deepEqual(
      items.map(({ act, state, total, because }) => [act, state, total, because]),
      [
        ['quarantine', 'released', 1, 'seal broken'],
        ['release', 'effective', 1, 'looked at'],
      ],
    )
    const [quarantined, released] = items
    assert.deepEqual(quarantined?.chosen, { device: enrolled.device.id })
    assert.equal(quarantined?.releasedBy, operator.id)
    assert.deepEqual(quarantined?.setSha256, released?.setSha256)
    assert.equal((await certificateOf(core, enrolled.id)).revocation, released?.id)
  })
})

test('a release does not fail because the lists tell of the quarantine at the same moment', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    const enrolled = await enrolDevice(core, await addPump(core), 'A')
    await holdBack(core, enrolled)
    const { quarantine: id } = await deviceOf(core, enrolled)
    interrupted.beforeNext('revocation', async () => {
      const act = (await core.ledger.read('revocation', id ?? '')) ?? assert.fail('no act')
      const columns = { version: act.version + 1, publishedAt: core.clock.now() }
      const record = { ...act, ...columns, unpublishedSince: null }
      await core.ledger.commit({ puts: [{ kind: 'revocation', record }], events: [] })
    })
    assert.equal((await letGo(core, enrolled)).kind, 'changed')
    assert.equal(await saysWho(core, enrolled), 'known')
    const { items } = await core.ledger.list('revocation', { limit: 9 })
    assert.deepEqual(items.map(({ act, state }) => `${act} ${state}`).sort(), [
      'quarantine released',
      'release effective',
    ])
  }, interrupted.replace)
})

test('a device that never enrolled can be held back, and its code is good again after', async () => {
  await withCore(async (core) => {
    const expected = await expectDevice(core, await addPump(core), 'A')
    await holdBack(core, expected)
    const shut = await ask(core, expected.credential, await generateKey('p-256'))
    assert.equal(reasonOf(shut), 'device-quarantined')
    const released = await letGo(core, expected)
    assert.equal(released.kind === 'changed' && released.device.state, 'expected')
    issuedOf(await ask(core, expected.credential, await generateKey('p-256')))
  })
})

test('what was revoked before or in quarantine stays revoked after it', async () => {
  await withCore(async (core) => {
    const enrolled = await enrolDevice(core, await addPump(core), 'A')
    await multiply(core, enrolled.id, 1)
    await holdBack(core, enrolled)
    const ended = await revoke(
      { id: enrolled.id, reason: 'keyCompromise', because: 'key was read out' },
      operator,
      core,
    )
    assert.equal(ended.kind, 'revoked')
    await letGo(core, enrolled)
    assert.equal((await certificateOf(core, enrolled.id)).state, 'revoked')
    assert.equal(await saysWho(core, enrolled), 'certificate-revoked')
  })
})

test('to hold back twice, or to let go what is free, changes nothing', async () => {
  await withCore(async (core) => {
    const enrolled = await enrolDevice(core, await addPump(core), 'A')
    const before = core.events.length
    assert.equal((await letGo(core, enrolled)).kind, 'changed')
    assert.equal(core.events.length, before)
    await holdBack(core, enrolled)
    const after = core.events.length
    assert.equal((await holdBack(core, enrolled)).kind, 'changed')
    assert.equal(core.events.length, after)
  })
})

test('a retired device is neither held back nor released, and one in quarantine can be retired', async () => {
  await withCore(async (core) => {
    const enrolled = await enrolDevice(core, await addPump(core), 'A')
    await holdBack(core, enrolled)
    await retire(await deviceOf(core, enrolled), 'scrapped', operator, core)
    assert.equal((await certificateOf(core, enrolled.id)).state, 'revoked')
    assert.equal(reasonOf(await holdBack(core, enrolled)), 'device-retired')
    assert.equal(reasonOf(await letGo(core, enrolled)), 'device-retired')
  })
})

test('a quarantine of very many certificates is whole, and so is its release', async () => {
  await withCore(async (core) => {
    const enrolled = await enrolDevice(core, await addPump(core), 'A')
    await multiply(core, enrolled.id, 1000)
    const count = (state: string) =>
      core.ledger.count('certificate', {
        ...{ by: 'owner', equal: [enrolled.device.id], where: { state: state as 'held' } },
      })
    await holdBack(core, enrolled)
    assert.deepEqual([await count('issued'), await count('held')], [0, 1001])
    await letGo(core, enrolled)
    assert.deepEqual([await count('issued'), await count('held')], [1001, 0])
  })
})

test('a certificate that is suspended alone is told as such', async () => {
  await withCore(async (core) => {
    const enrolled = await enrolDevice(core, await addPump(core), 'A')
    await holdBack(core, enrolled)
    await force(core, await deviceOf(core, enrolled), { state: 'active' })
    assert.equal(await saysWho(core, enrolled), 'certificate-held')
  })
})
