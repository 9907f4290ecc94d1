// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { followRoot } from '#core/authority/follow-root.ts'
import { foundIssuing } from '#core/authority/founding.ts'
import { Fault } from '#core/fault.ts'
import { type RevocationReason, revoke } from '#core/revocation/revoke.ts'
import { stopAuthority } from '#core/watch/stop-authority.ts'
import { foundingFor } from '#house/foundation.ts'
import {
  addPump,
  deviceOf,
  type Enrolled,
  enrolDevice,
  operator,
  type TestCore,
  withCore,
} from '../../../../test/support/core.ts'
import { linksBack, newestOf } from './believed.ts'
import { noteGiven } from './note-given.ts'

const founding = {
  ...foundingFor({
    ...{ environment: 'trial', rootAlgorithm: 'p-384', algorithm: 'p-256', twin: false },
  }),
  actor: operator,
}

async function named(core: TestCore, name: string) {
  return (await core.ledger.find('authority', 'name', [name])) ?? assert.fail(`no ${name}`)
}

async function change(core: TestCore, from = 'root', to = 'root-2') {
  const before = await named(core, from)
  const done = await followRoot({ name: to, before, algorithm: undefined, founding }, core)
  return done.kind === 'followed' ? done : assert.fail(JSON.stringify(done))
}

async function retire(core: TestCore, name: string) {
  const authority = await named(core, name)
  const record = { ...authority, version: authority.version + 1, state: 'retired' } as const
  await core.ledger.commit({ puts: [{ kind: 'authority', record }], events: [] })
}

async function namesAt(core: TestCore, label: string | undefined): Promise<readonly string[]> {
  const certificates = await core.anchors.certificatesAt(label)
  if ('kind' in certificates) return [certificates.reason]
  return certificates.map((der) => {
    const authority = core.doors.authorities.find((one) => one.certificate === der)
    const link = core.doors.links.find((one) => one.certificate === der)
    const name = (id: string) => core.doors.authorities.find((one) => one.id === id)?.name
    return authority?.name ?? `${name(link?.certified ?? '')} by ${name(link?.signer ?? '')}`
  })
}

async function fetch(core: TestCore, { certificate }: Enrolled, label?: string): Promise<void> {
  await noteGiven([certificate], label, core)
}

const setsOf = (core: TestCore, product: string) =>
  core.ledger.list('anchorSet', { by: 'product', equal: [product], limit: 9 })

test('a label answers with its issuer, what follows its root, the links, and the roots last', () =>
  withCore(async (core) => {
    await addPump(core)
    assert.deepEqual(await namesAt(core, 'pump'), ['issuing-1', 'root'])
    await change(core)
    assert.deepEqual(await namesAt(core, 'pump'), [
      ...['issuing-1', 'root-2 by root', 'root by root-2', 'root', 'root-2'],
    ])
    assert.deepEqual(await namesAt(core, 'pumps'), ['entrance-unknown'])
  }))

test('an authority is told for as long as it has identities of the product in force', () =>
  withCore(async (core) => {
    const [pump, lamp] = [await addPump(core), await addPump(core, 'lamp')]
    await enrolDevice(core, pump, 'PUMP-1')
    const { root } = await change(core)
    await foundIssuing('issuing-2', founding, root, core)
    await stopAuthority(await named(core, 'issuing-1'), 'a test', operator, core)
    const ofPumps = await namesAt(core, 'pump')
    assert.deepEqual(ofPumps.slice(0, 2), ['issuing-1', 'issuing-2'])
    assert.deepEqual(ofPumps.slice(-2), ['root', 'root-2'])
    assert.deepEqual(await namesAt(core, 'lamp'), ['issuing-2', 'root-2 by root', 'root-2'])
    const all = await namesAt(core, undefined)
    assert.deepEqual(all.toSorted(), ofPumps.toSorted())
    core.clock.pass({ hours: 24 * 366 })
    assert.deepEqual(await namesAt(core, 'pump'), ['issuing-2', 'root-2 by root', 'root-2'])
    assert.equal((await setsOf(core, lamp.id)).items.length, 3)
  }))

test('each change of a product’s roots is the next set, and the same roots are the same set', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const numbers = async () => (await setsOf(core, pump.id)).items.map(({ number }) => number)
    assert.deepEqual(await numbers(), [1])
    await core.anchors.refresh()
    assert.deepEqual(await numbers(), [1])
    await change(core)
    assert.deepEqual(await numbers(), [1, 2])
    const [, second] = (await setsOf(core, pump.id)).items
    assert.deepEqual(
      second?.anchors.map(({ name }) => name),
      ['root', 'root-2'],
    )
    const made = core.events.filter(({ type }) => type === 'anchor-set-made')
    assert.deepEqual(
      made.map(({ facts }) => facts.anchors),
      ['root', 'root, root-2'],
    )
  }))

test('a device that fetched the roots with its own certificate is noted, once for each set', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const device = await enrolDevice(core, pump, 'PUMP-1')
    const given = () => core.events.filter(({ type }) => type === 'anchors-given').length
    await noteGiven([], undefined, core)
    assert.equal((await deviceOf(core, device)).anchors, null)
    await fetch(core, device)
    await fetch(core, device, 'pump')
    assert.equal(given(), 1)
    const [first] = (await setsOf(core, pump.id)).items
    assert.equal((await deviceOf(core, device)).anchors, first?.id)
    await change(core)
    await fetch(core, device)
    assert.equal(given(), 2)
    assert.notEqual((await deviceOf(core, device)).anchors, first?.id)
  }))

test('who is a stranger, is cut off, or asks at another product’s label is noted nowhere', () =>
  withCore(async (core) => {
    const [pump] = [await addPump(core), await addPump(core, 'lamp')]
    const device = await enrolDevice(core, pump, 'PUMP-1')
    await fetch(core, device, 'lamp')
    await fetch(core, device, 'nowhere')
    await noteGiven([new Uint8Array(5)], undefined, core)
    const record = await deviceOf(core, device)
    assert.equal(record.anchors, null)
    const cut = { ...record, version: record.version + 1, state: 'quarantined' } as const
    await core.ledger.commit({ puts: [{ kind: 'device', record: cut }], events: [] })
    await fetch(core, device)
    assert.equal((await deviceOf(core, device)).anchors, null)
  }))

test('a store that is away takes no root from a device', () =>
  withCore(async (core) => {
    const device = await enrolDevice(core, await addPump(core), 'PUMP-1')
    core.clock.pass({ hours: 1 })
    const { list } = core.ledger
    core.ledger.list = async () => {
      throw new Fault('store-unreachable', 'the cable is out')
    }
    assert.deepEqual(await namesAt(core, 'pump'), ['issuing-1', 'root'])
    core.ledger.list = list
    core.ledger.commit = async () => {
      throw new Fault('store-full', 'no space is left')
    }
    await fetch(core, device)
  }))

test('from each root in force a server’s chain leads back over the links, the nearest first', () =>
  withCore(async (core) => {
    await change(core)
    await change(core, 'root-2', 'root-3')
    const third = await named(core, 'root-3')
    const name = (id: string) => core.doors.authorities.find((one) => one.id === id)?.name
    const back = () =>
      linksBack(third, core.doors).map(({ certified, signer }) => [name(certified), name(signer)])
    assert.deepEqual(back(), [
      ['root-3', 'root-2'],
      ['root-2', 'root'],
    ])
    const first = await named(core, 'root')
    assert.equal(newestOf(first, core.doors).name, 'root-3')
    await retire(core, 'root')
    assert.deepEqual(back(), [['root-3', 'root-2']])
    assert.deepEqual(linksBack(await named(core, 'root-2'), core.doors), [])
  }))

async function revokeLink(core: TestCore, certified: string, reason: RevocationReason) {
  const { id: owner } = await named(core, certified)
  const walk = { by: 'owner', equal: [owner], where: { kind: 'link' }, limit: 1 } as const
  const { id } = (await core.ledger.list('certificate', walk)).items[0] ?? assert.fail('no link')
  const revoked = await revoke({ id, reason, because: 'a test' }, operator, core)
  assert.equal(revoked.kind, 'revoked', JSON.stringify(revoked))
}

test('a link that was revoked is told to nobody any more, and stops no root', () =>
  withCore(async (core) => {
    await addPump(core)
    await change(core)
    await revokeLink(core, 'root-2', 'superseded')
    assert.deepEqual(await namesAt(core, 'pump'), [
      ...['issuing-1', 'root by root-2', 'root', 'root-2'],
    ])
    assert.deepEqual(linksBack(await named(core, 'root-2'), core.doors), [])
    await revokeLink(core, 'root', 'superseded')
    const states = [await named(core, 'root'), await named(core, 'root-2')].map((one) => one.state)
    assert.deepEqual(states, ['active', 'active'])
  }))

test('a link whose new key was stolen stops the root of that key, which is on no list itself', () =>
  withCore(async (core) => {
    await addPump(core)
    await change(core)
    await revokeLink(core, 'root-2', 'keyCompromise')
    const { id, state } = await named(core, 'root-2')
    assert.equal(state, 'issuing-stopped')
    const walk = { by: 'owner', equal: [id], where: { kind: 'root' }, limit: 2 } as const
    const [root] = (await core.ledger.list('certificate', walk)).items
    assert.equal(root?.state, 'issued')
    await retire(core, 'root-2')
    assert.deepEqual(await namesAt(core, 'pump'), ['issuing-1', 'root'])
  }))
