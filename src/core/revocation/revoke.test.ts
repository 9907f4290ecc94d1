// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCrl } from '#format/x509/crl.ts'
import { openCore } from '#house/core.ts'
import { Feed } from '#house/feed.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  addPump,
  ask,
  certificateOf,
  deviceOf,
  enrolDevice,
  force,
  Interrupted,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { renewalBy } from '../../../test/support/house.ts'
import { retire } from '../devices/life.ts'
import { Fault } from '../fault.ts'
import { crlLife, fullCrl } from './publish.ts'
import { type RevocationReason, revoke } from './revoke.ts'

const revokeFor = (core: TestCore, id: string, reason: RevocationReason) =>
  revoke({ id, reason, because: 'test' }, operator, core)

async function listed(core: TestCore, shard = fullCrl): Promise<number> {
  const crl = await core.shelf.read('issuing-1', shard)
  return crl === undefined ? assert.fail('no list') : parseCrl(crl.der).revokedCount
}

test('a stolen key takes all its certificates with it, and is certified for nobody again', async () => {
  await withCore(async (core) => {
    const { shown, key, certificate, id } = await enrolDevice(core, await addPump(core), 'A')
    const request = await renewalBy(key, certificate)
    const renewed = issuedOf(await ask(core, shown, request, { operation: 'reenrol' }))
    const rekeyed = issuedOf(
      await ask(core, shown, await renewalBy(await generateKey('p-256'), certificate), {
        operation: 'reenrol',
      }),
    )
    assert.equal((await revokeFor(core, id, 'keyCompromise')).kind, 'revoked')
    assert.equal((await certificateOf(core, renewed.id)).state, 'revoked')
    assert.equal((await certificateOf(core, rekeyed.id)).state, 'issued')
    const other = { kind: 'certificate', chain: [rekeyed.certificate] } as const
    const again = await ask(core, other, request, { operation: 'reenrol' })
    assert.equal(reasonOf(again), 'key-known-weak')
    assert.equal(await listed(core), 2)
  })
})

test('a revocation wins over what its device does at the same moment', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    const enrolled = await enrolDevice(core, await addPump(core), 'A')
    interrupted.beforeNext('certificate', async () =>
      force(core, await deviceOf(core, enrolled), { lot: 'L1' }),
    )
    assert.equal((await revokeFor(core, enrolled.id, 'superseded')).kind, 'revoked')
    assert.equal((await certificateOf(core, enrolled.id)).state, 'revoked')
  }, interrupted.replace)
})

test('what is revoked stays as it is and is no error; that its key was stolen still counts', async () => {
  await withCore(async (core) => {
    const { id } = await enrolDevice(core, await addPump(core), 'A')
    await revokeFor(core, id, 'superseded')
    const before = await certificateOf(core, id)
    const told = core.events.length
    assert.equal((await revokeFor(core, id, 'cessationOfOperation')).kind, 'revoked')
    assert.equal(core.events.length, told)
    assert.equal((await revokeFor(core, id, 'keyCompromise')).kind, 'revoked')
    assert.deepEqual(await certificateOf(core, id), before)
    assert.equal((await core.ledger.read('key', before.key))?.state, 'compromised')
  })
})

test('each revocation is an act with a record, which its certificate names', async () => {
  await withCore(async (core) => {
    const { id } = await enrolDevice(core, await addPump(core), 'A')
    await revokeFor(core, id, 'superseded')
    const { revocation } = await certificateOf(core, id)
    const act = (await core.ledger.read('revocation', revocation ?? '')) ?? assert.fail()
    assert.deepEqual([act.act, act.state, act.reason], ['end', 'effective', 'superseded'])
    assert.deepEqual([act.chosen, act.total], [{ certificate: id }, 1])
  })
})

test('nothing that is unknown is revoked, and no root', async () => {
  await withCore(async (core) => {
    assert.equal(reasonOf(await revokeFor(core, 'crt_1', 'superseded')), 'not-found')
    const { items } = await core.ledger.list('certificate', { limit: 9 })
    const root = items.find(({ kind }) => kind === 'root') ?? assert.fail()
    assert.equal(reasonOf(await revokeFor(core, root.id, 'superseded')), 'not-permitted')
  })
})

test('whatever ends trust is on the lists when the act resolves', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const [one, other] = [await enrolDevice(core, pump, 'A'), await enrolDevice(core, pump, 'B')]
    const { shard } = await certificateOf(core, one.id)
    assert.equal(await listed(core), 0)
    await retire(await deviceOf(core, one), 'test', operator, core)
    assert.deepEqual([await listed(core), await listed(core, shard)], [1, 1])
    await revokeFor(core, other.id, 'superseded')
    assert.deepEqual([await listed(core), await listed(core, shard)], [2, 2])
    assert.equal(await core.shelf.read('issuing-1', 77), undefined)
    assert.equal(await core.shelf.read('nobody', fullCrl), undefined)
  })
})

test('lists asked for at once are made once', async () => {
  await withCore(async (core) => {
    core.clock.pass({ hours: 25 })
    const before = core.events.filter(({ type }) => type === 'crl-published').length
    const reads = Array.from({ length: 20 }, () => core.shelf.read('issuing-1', fullCrl))
    const numbers = new Set((await Promise.all(reads)).map((crl) => crl?.number))
    assert.deepEqual([...numbers], [2])
    const after = core.events.filter(({ type }) => type === 'crl-published').length
    assert.equal(after - before, 1)
  })
})

test('a list of a root lives for a year, and none is made anew at each look near the end', async () => {
  await withCore(async (core) => {
    const root = core.doors.own.find(({ kind }) => kind === 'root') ?? assert.fail()
    core.clock.pass({ hours: 20 * 24 })
    assert.equal((await core.shelf.read('root', fullCrl))?.number, 1)
    assert.ok(crlLife.root.renewedAfter.total('hours') > 90 * 24)
    core.clock.pass(core.clock.now().until(root.notAfter.subtract({ hours: 30 })))
    const number = (await core.shelf.read('issuing-1', fullCrl))?.number
    assert.equal((await core.shelf.read('issuing-1', fullCrl))?.number, number)
    core.clock.pass({ hours: 100 })
    assert.equal((await core.shelf.read('issuing-1', fullCrl))?.number, number)
  })
})

test('no list is signed while the clock is behind; the one before it stays', async () => {
  const codes: unknown[] = []
  await withCore(
    async (core) => {
      const { id } = await enrolDevice(core, await addPump(core), 'A')
      core.clock.pass({ hours: -1 })
      assert.equal((await revokeFor(core, id, 'superseded')).kind, 'revoked')
      assert.deepEqual([...new Set(codes)], ['clock-wrong'])
      assert.equal(await listed(core), 0)
      core.clock.pass({ hours: 2 })
      await core.shelf.refresh(core.doors.own)
      assert.equal(await listed(core), 1)
    },
    () => ({ report: (_, cause) => codes.push(cause instanceof Fault && cause.code) }),
  )
})

test('a root whose key was taken away stops neither the start nor the other lists', async () => {
  let away = false
  await withCore(
    async (core) => {
      away = true
      core.clock.pass({ hours: 25 })
      const { items } = await core.ledger.list('certificate', { limit: 9 })
      const issuing = items.find(({ kind }) => kind === 'issuing') ?? assert.fail()
      await revokeFor(core, issuing.id, 'cessationOfOperation')
      assert.match(core.shelf.troubles.join(), /root/)
      const again = await openCore({ ...core.means, feed: new Feed(assert.fail as never) })
      assert.match(again.shelf.troubles.join(), /root/)
      assert.equal((await again.shelf.read('root', fullCrl))?.number, 1)
      assert.equal((await again.shelf.read('issuing-1', fullCrl))?.number, 2)
      away = false
      await again.shelf.refresh(again.doors.own)
      assert.deepEqual(again.shelf.troubles, [])
      const root = await again.shelf.read('root', fullCrl)
      assert.equal(root && parseCrl(root.der).revokedCount, 1)
    },
    ({ keys, ledger }) => ({
      keys: {
        make: (algorithm, keyId, place) => keys.make(algorithm, keyId, place),
        has: (keyId) => keys.has(keyId),
        sign: async (keyId, toBeSigned) => {
          const root = away ? await ledger.find('authority', 'name', ['root']) : undefined
          if (root?.key === keyId) throw new Fault('key-missing', `there is no key ${keyId}`)
          return keys.sign(keyId, toBeSigned)
        },
      },
    }),
  )
})
