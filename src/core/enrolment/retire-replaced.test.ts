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
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { renewalBy } from '../../../test/support/house.ts'
import { newId } from '../ledger/ids.ts'
import { fullCrl } from '../revocation/publish.ts'
import { quarantine, release } from '../revocation/quarantine.ts'
import { retiringGrace } from './retire-replaced.ts'
import { whoami } from './whoami.ts'

const saysWho = async (core: TestCore, certificate: Uint8Array) =>
  reasonOf(await whoami([certificate], core))

async function renew(core: TestCore, { key, certificate, shown }: Enrolled, rekeys = false) {
  const by = rekeys ? await generateKey('p-256') : key
  const request = await renewalBy(by, certificate)
  return issuedOf(await ask(core, shown, request, { operation: 'reenrol' }))
}

async function listed(core: TestCore): Promise<number> {
  const crl = (await core.shelf.read('issuing-1', fullCrl)) ?? assert.fail('no list')
  return parseCrl(crl.der).revokedCount
}

test('a certificate retires when the one that replaced it was proven, and not when it was issued', async () => {
  await withCore(async (core) => {
    const old = await enrolDevice(core, await addPump(core), 'A')
    assert.equal(await saysWho(core, old.certificate), 'known')
    const renewed = await renew(core, old)
    assert.equal((await certificateOf(core, old.id)).state, 'issued')
    assert.equal(await saysWho(core, renewed.certificate), 'known')
    const { state, retiresAt, revokedAt } = await certificateOf(core, old.id)
    assert.deepEqual([state, revokedAt], ['retired', null])
    assert.ok(retiresAt !== null)
    const told = core.events.filter(({ type }) => type === 'certificate-retired')
    assert.deepEqual(
      told.map(({ subjects, facts }) => [subjects[0], facts['replacedBy']]),
      [[old.id, renewed.id]],
    )
    assert.equal(await listed(core), 0)
  })
})

test('a device that lost what it renewed to gets on with the old one in the grace, and no longer', async () => {
  await withCore(async (core) => {
    const old = await enrolDevice(core, await addPump(core), 'A')
    const lost = await renew(core, old)
    assert.equal(await saysWho(core, lost.certificate), 'known')
    core.clock.pass(retiringGrace.subtract({ minutes: 1 }))
    assert.equal(await saysWho(core, old.certificate), 'known')
    const again = await renew(core, old, true)
    core.clock.pass({ minutes: 2 })
    assert.equal(await saysWho(core, old.certificate), 'certificate-retired')
    const refused = await ask(core, old.shown, await renewalBy(old.key, old.certificate), {
      operation: 'reenrol',
    })
    assert.equal(reasonOf(refused), 'certificate-retired')
    assert.equal(await saysWho(core, again.certificate), 'known')
  })
})

test('what was renewed and never used retires with what it replaced', async () => {
  await withCore(async (core) => {
    const old = await enrolDevice(core, await addPump(core), 'A')
    const unused = await renew(core, old)
    const shown = { kind: 'certificate', chain: [unused.certificate] } as const
    // The device skips a step: it renews from what it never used.
    const request = await renewalBy(await generateKey('p-256'), unused.certificate)
    const newest = issuedOf(await ask(core, shown, request, { operation: 'reenrol' }))
    assert.equal(await saysWho(core, newest.certificate), 'known')
    for (const { id } of [old, unused])
      assert.equal((await certificateOf(core, id)).state, 'retired', id)
  })
})

test('what is held retires when it is released', async () => {
  await withCore(async (core) => {
    const old = await enrolDevice(core, await addPump(core), 'A')
    const renewed = await renew(core, old)
    const record = await certificateOf(core, old.id)
    const at = core.clock.now()
    const held = { state: 'held', revokedAt: at, revocationReason: 6 } as const
    await core.ledger.commit({
      puts: [{ kind: 'certificate', record: { ...record, ...held, version: record.version + 1 } }],
      events: [],
    })
    assert.equal(await saysWho(core, renewed.certificate), 'known')
    const now = await certificateOf(core, old.id)
    assert.deepEqual([now.state, now.retiresAt !== null], ['held', true])
    await quarantine(await deviceOf(core, old), 'a test', operator, core)
    await release(await deviceOf(core, old), 'a test', operator, core)
    // Another act held it; what the quarantine held is back.
    assert.equal((await certificateOf(core, renewed.id)).state, 'issued')
  })
})

test('a changed key is revoked at once where the profile wants it, and a kept one retires all the same', async () => {
  await withCore(async (core) => {
    const old = await enrolDevice(core, await addPump(core), 'A')
    await wantRevokedKeys(core)
    const same = await renew(core, old)
    assert.equal(await saysWho(core, same.certificate), 'known')
    assert.equal((await certificateOf(core, old.id)).state, 'retired')
    const other = await renew(core, { ...old, ...same, shown: shownOf(same) }, true)
    assert.equal(await saysWho(core, other.certificate), 'known')
    const { state, revocationReason, revocation } = await certificateOf(core, same.id)
    assert.deepEqual([state, revocationReason], ['revoked', 4])
    const act = await core.ledger.read('revocation', revocation ?? '')
    assert.deepEqual([act?.state, act?.requestedBy], ['effective', old.device.id])
    assert.equal(await listed(core), 1)
  })
})

function shownOf({ certificate }: { readonly certificate: Uint8Array }) {
  return { kind: 'certificate', chain: [certificate] } as const
}

async function wantRevokedKeys(core: TestCore): Promise<void> {
  const { items } = await core.ledger.list('profile', {
    ...{ by: 'name', equal: ['ldevid'], descending: true, limit: 1 },
  })
  const before = items[0] ?? assert.fail()
  const document = before.document as { renewal: object }
  const number = before.number + 1
  await core.ledger.commit({
    puts: [
      {
        kind: 'profile',
        record: {
          ...{ ...before, id: newId('profile', core), version: 1, number },
          document: {
            ...document,
            version: number,
            renewal: { ...document.renewal, revokesOldKey: true },
          },
        },
      },
    ],
    events: [],
  })
}
