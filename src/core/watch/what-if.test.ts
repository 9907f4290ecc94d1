// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foundingFor } from '#house/foundation.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  addPump,
  ask,
  deviceOf,
  type Enrolled,
  enrolDevice,
  expectDevice,
  force,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { renewalBy } from '../../../test/support/house.ts'
import { followRoot } from '../authority/follow-root.ts'
import { foundIssuing } from '../authority/founding.ts'
import { rebind, retire } from '../devices/life.ts'
import { noteGiven } from '../enrolment/anchors/note-given.ts'
import { whoami } from '../enrolment/whoami.ts'
import type { Device } from '../ledger/tables.ts'
import { fullCrl } from '../revocation/publish.ts'
import { retireAuthority, summaryOf } from './retire-authority.ts'
import { stopAuthority } from './stop-authority.ts'
import { breaksSomething, whatIf } from './what-if.ts'

const founding = {
  ...foundingFor({
    ...{ environment: 'trial', rootAlgorithm: 'p-384', algorithm: 'p-256', twin: false },
  }),
  actor: operator,
}

async function named(core: TestCore, name: string) {
  return (await core.ledger.find('authority', 'name', [name])) ?? assert.fail(`no ${name}`)
}

/** A new root with an issuing authority that takes over every door. */
async function rollOver(core: TestCore) {
  const before = await named(core, 'root')
  const done = await followRoot({ name: 'root-2', before, algorithm: undefined, founding }, core)
  if (done.kind !== 'followed') assert.fail(JSON.stringify(done))
  await foundIssuing('issuing-2', founding, done.root, core)
  const stopped = await stopAuthority(await named(core, 'issuing-1'), 'a test', operator, core)
  assert.equal(stopped.kind, 'stopped')
}

async function renewed(core: TestCore, { shown, certificate }: Enrolled) {
  const key = await generateKey('p-256')
  const request = await renewalBy(key, certificate)
  const { certificate: next } = issuedOf(await ask(core, shown, request, { operation: 'reenrol' }))
  return next
}

async function ofLot(core: TestCore, one: Enrolled, lot: string, columns: Partial<Device> = {}) {
  await force(core, await deviceOf(core, one), { lot, ...columns })
}

const ending = async (core: TestCore, name: string) => whatIf(await named(core, name), core)

test('what hangs on a root is counted by product and lot, with all below it', () =>
  withCore(async (core) => {
    const [pump, lamp] = [await addPump(core), await addPump(core, 'lamp')]
    const pumps = []
    for (const serial of ['P-1', 'P-2', 'P-3']) pumps.push(await enrolDevice(core, pump, serial))
    await ofLot(core, pumps[0]!, '2026-07')
    await ofLot(core, pumps[1]!, '2026-07')
    await ofLot(core, pumps[2]!, '2026-07-b')
    await expectDevice(core, pump, 'P-4')
    await expectDevice(core, lamp, 'L-1')
    const found = await ending(core, 'root')
    assert.deepEqual(
      found.ending.map(({ name }) => name),
      ['root', 'issuing-1'],
    )
    const [loss, ...others] = found.products
    assert.deepEqual(others, [])
    assert.deepEqual(
      { ...loss, product: loss?.product.name },
      {
        product: 'pump',
        ...{ devices: 3, unplaced: 0, births: 0, withoutAnchor: 3, expected: 1 },
        lots: [
          { lot: '2026-07', devices: 2 },
          { lot: '2026-07-b', devices: 1 },
        ],
        first: ['P-1', 'P-2', 'P-3'],
      },
    )
    assert.deepEqual(found.entrances.map(({ label }) => label).toSorted(), [
      ...['lamp', 'lamp-birth', 'pump', 'pump-birth'],
    ])
    assert.deepEqual(
      found.lists.map(({ authority }) => authority),
      ['root', 'issuing-1'],
    )
    assert.equal(found.isFollowed, false)
    assert.equal(breaksSomething(found), true)
    assert.match(summaryOf(found), /^3 devices, 3 devices that hold no other root, 4 entrances/)
  }))

test('a device hangs on the old authority until it proved an identity of the new one', () =>
  withCore(async (core) => {
    const device = await enrolDevice(core, await addPump(core), 'P-1')
    await rollOver(core)
    const count = async (name: string) => (await ending(core, name)).products[0]?.devices ?? 0
    assert.deepEqual([await count('issuing-1'), await count('issuing-2')], [1, 0])
    const next = await renewed(core, device)
    assert.deepEqual([await count('issuing-1'), await count('issuing-2')], [1, 0])
    await whoami([next], core)
    assert.deepEqual([await count('issuing-1'), await count('issuing-2')], [0, 1])
    assert.equal((await ending(core, 'issuing-1')).entrances.length, 0)
    assert.equal((await ending(core, 'issuing-2')).entrances.length, 2)
  }))

test('a device holds no other root until it fetched one', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const [one, two] = [await enrolDevice(core, pump, 'P-1'), await enrolDevice(core, pump, 'P-2')]
    await noteGiven([one.certificate], undefined, core)
    await rollOver(core)
    const without = async () => (await ending(core, 'root')).products[0]?.withoutAnchor
    assert.equal(await without(), 2)
    await noteGiven([one.certificate], undefined, core)
    assert.equal(await without(), 1)
    await noteGiven([two.certificate], undefined, core)
    assert.equal(await without(), 0)
    assert.equal((await ending(core, 'issuing-1')).products[0]?.withoutAnchor, 0)
  }))

test('who was taken out of service, or has a new board, hangs on nothing', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const [one, two] = [await enrolDevice(core, pump, 'P-1'), await enrolDevice(core, pump, 'P-2')]
    await retire(await deviceOf(core, one), 'a test', operator, core)
    await rebind(await deviceOf(core, two), 'a test', operator, core)
    const found = await ending(core, 'root')
    assert.deepEqual(found.products, [])
  }))

test('a device of before this was recorded counts by its certificate, until it shows itself', () =>
  withCore(async (core) => {
    const device = await enrolDevice(core, await addPump(core), 'P-1')
    await whoami([device.certificate], core)
    await force(core, await deviceOf(core, device), { under: null })
    const count = async (name: string) => {
      const [loss] = (await ending(core, name)).products
      return [loss?.devices, loss?.unplaced]
    }
    assert.deepEqual(await count('issuing-1'), [1, 1])
    const uses = () => core.events.filter(({ type }) => type === 'certificate-first-used').length
    const before = uses()
    await whoami([device.certificate], core)
    assert.deepEqual(await count('issuing-1'), [1, 0])
    assert.equal(uses(), before)
  }))

test('birth identities are told, and break nothing by themselves', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const born = await enrolDevice(core, pump, 'P-1', { label: 'pump-birth' })
    assert.equal((await deviceOf(core, born)).under, null)
    const [loss] = (await ending(core, 'issuing-1')).products
    assert.deepEqual([loss?.births, loss?.devices], [1, 0])
  }))

test('an authority that carries something is ended only by who says why, and it is kept', () =>
  withCore(async (core) => {
    const device = await enrolDevice(core, await addPump(core), 'P-1')
    const root = () => named(core, 'root')
    assert.equal(
      reasonOf(await retireAuthority(await root(), 'a test', operator, core)),
      'issuing-stopped',
    )
    await rollOver(core)
    const refused = await retireAuthority(await root(), undefined, operator, core)
    assert.equal(reasonOf(refused), 'authority-in-use')
    assert.match(JSON.stringify(refused), /root still carries 1 device, 1 device that holds no/)
    const done = await retireAuthority(await root(), 'it is in a drawer', operator, core)
    assert.deepEqual(
      done.kind === 'retired' && done.ended.map(({ name, state }) => `${name} ${state}`),
      ['root retired', 'issuing-1 retired'],
    )
    const query = { by: 'rule', equal: ['authority-in-use'], limit: 2 } as const
    const { items } = await core.ledger.list('exception', query)
    assert.deepEqual(
      items.map(({ reason }) => reason),
      ['it is in a drawer'],
    )
    assert.equal(
      reasonOf(await retireAuthority(await root(), 'x', operator, core)),
      'exists-already',
    )
    // It is known by its bytes, and may still come to the new one.
    await renewed(core, device)
  }))

test('an authority on which nothing hangs ends without a word, and signs nothing more', () =>
  withCore(async (core) => {
    const device = await enrolDevice(core, await addPump(core), 'P-1')
    await rollOver(core)
    await noteGiven([device.certificate], undefined, core)
    await whoami([await renewed(core, device)], core)
    const before = await core.shelf.read('root', fullCrl)
    const done = await retireAuthority(await named(core, 'root'), undefined, operator, core)
    assert.equal(done.kind, 'retired', JSON.stringify(done))
    assert.equal(await core.ledger.count('exception', {}), 0)
    core.clock.pass({ hours: 24 * 80 })
    assert.equal((await core.shelf.read('root', fullCrl))?.number, before?.number)
    const names = core.doors.own.map(({ name }) => name)
    assert.deepEqual(names, ['issuing-2', 'root-2'])
    assert.deepEqual(core.events.filter(({ type }) => type === 'authority-retired').length, 2)
    assert.deepEqual(core.troubles, [])
  }))

test('what is not ours to end is not ended here', () =>
  withCore(async (core) => {
    const root = await named(core, 'root')
    const foreign = { ...root, kind: 'foreign' } as const
    assert.equal(reasonOf(await retireAuthority(foreign, 'x', operator, core)), 'input-wrong')
  }))
