// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCertificate } from '#format/x509/certificate.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  makeEntity,
} from '../../../test/made-certificates.ts'
import { listBy } from '../../../test/made-lists.ts'
import {
  addPump,
  ask,
  certificateOf,
  deviceOf,
  enrolDevice,
  expectDevice,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { trustForeign } from '../authority/trust-foreign.ts'
import { rebind } from '../devices/life.ts'
import type { Product } from '../ledger/tables.ts'
import { bringCrl } from '../revocation/bring-crl.ts'
import { whoami } from './whoami.ts'

test('a birth identity that has expired enrols nothing', async () => {
  await withCore(async (core) => {
    const birth = await enrolDevice(core, await addPump(core), 'A', { label: 'pump-birth' })
    const { notAfter } = parseCertificate(birth.certificate)
    core.clock.pass(core.clock.now().until(notAfter.add({ seconds: 1 })))
    const outcome = await ask(core, birth.shown, await generateKey('p-256'))
    assert.equal(reasonOf(outcome), 'certificate-expired')
  })
})

test('a certificate before its time and after it is told so at /whoami', async () => {
  await withCore(async (core) => {
    const { shown, certificate } = await enrolDevice(core, await addPump(core), 'A')
    const { notBefore, notAfter } = parseCertificate(certificate)
    const reasonAt = async (at: Temporal.Instant) =>
      reasonOf(
        await whoami(shown.kind === 'certificate' ? shown.chain : [], {
          ...core,
          clock: { now: () => at },
        }),
      )
    assert.equal(await reasonAt(notBefore.subtract({ seconds: 1 })), 'certificate-not-yet-valid')
    assert.equal(await reasonAt(notBefore), 'known')
    assert.equal(await reasonAt(notAfter), 'known')
    assert.equal(await reasonAt(notAfter.add({ seconds: 1 })), 'certificate-expired')
  })
})

test('a certificate of the house that is no device is no way in', async () => {
  await withCore(async (core) => {
    await addPump(core)
    const [issuing] = core.doors.own
    const shown = { kind: 'certificate', chain: [issuing!.certificate] } as const
    const outcome = await ask(core, shown, await generateKey('p-256'))
    assert.equal(reasonOf(outcome), 'certificate-wrong-purpose')
  })
})

test('a certificate that was replaced and retired is no proof', async () => {
  await withCore(async (core) => {
    const { shown, id } = await enrolDevice(core, await addPump(core), 'A')
    const record = await certificateOf(core, id)
    const retired = { ...record, version: record.version + 1, state: 'retired' } as const
    await core.ledger.commit({ puts: [{ kind: 'certificate', record: retired }], events: [] })
    const outcome = await ask(core, shown, await generateKey('p-256'))
    assert.equal(reasonOf(outcome), 'certificate-retired')
  })
})

const span = {
  notBefore: Temporal.Instant.from('2026-01-01T00:00:00Z'),
  notAfter: Temporal.Instant.from('2026-12-31T23:59:59Z'),
}

/** A maker of chips whose birth certificates count for these products. */
async function chipMaker(core: TestCore, products: readonly Product[]): Promise<Entity> {
  const maker = await makeEntity('CN=Chip Maker')
  const certificate = await certifyAuthority(maker, maker, [], undefined, span)
  const foreign = { name: 'chips', certificate, products: products.map(({ id }) => id) }
  const trusted = await trustForeign({ ...foreign, environment: 'trial' }, operator, core)
  assert.equal(trusted.kind, 'trusted')
  return maker
}

async function chip(maker: Entity, serial: string, pair = generateKey('p-256')) {
  const entity = { ...(await makeEntity(`serialNumber=${serial}`)), pair: await pair }
  const { der } = await certify(entity, maker, span)
  return { entity, shown: { kind: 'certificate', chain: [der] } as const }
}

test('a birth certificate that its maker revoked enrols nothing once the list was brought', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const maker = await chipMaker(core, [pump])
    await expectDevice(core, pump, 'A')
    await expectDevice(core, pump, 'B')
    const [listed, other] = await Promise.all([chip(maker, 'A'), chip(maker, 'B')])
    const authority = core.doors.foreign[0]?.authority ?? assert.fail('no maker')
    const { serialNumber } = parseCertificate(listed.shown.chain[0])
    const list = await listBy(maker, 1, [{ serialNumber, revokedAt: span.notBefore, reason: 1 }])
    assert.equal((await bringCrl(list, authority, operator, core)).kind, 'brought')
    const refused = await ask(core, listed.shown, await generateKey('p-256'))
    assert.equal(reasonOf(refused), 'certificate-revoked')
    issuedOf(await ask(core, other.shown, await generateKey('p-256')))
    // A newer list that names it no more gives it back.
    await bringCrl(await listBy(maker, 2), authority, operator, core)
    issuedOf(await ask(core, listed.shown, await generateKey('p-256')))
  }))

test("a chip's birth certificate enrols its expected device once, and nobody else", async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const maker = await chipMaker(core, [pump])
    await expectDevice(core, pump, 'A')
    const { shown } = await chip(maker, 'A')
    issuedOf(await ask(core, shown, await generateKey('p-256')))
    const again = await ask(core, shown, await generateKey('p-256'))
    assert.equal(reasonOf(again), 'device-already-enrolled')
    const stranger = await chip(maker, 'B')
    const refused = await ask(core, stranger.shown, await generateKey('p-256'))
    assert.equal(reasonOf(refused), 'device-unknown')
  })
})

test('a serial of two products is no answer to which device a chip is', async () => {
  await withCore(async (core) => {
    const products = [await addPump(core), await addPump(core, 'tv')]
    const maker = await chipMaker(core, products)
    for (const product of products) await expectDevice(core, product, 'A')
    const { shown } = await chip(maker, 'A')
    const outcome = await ask(core, shown, await generateKey('p-256'))
    assert.equal(reasonOf(outcome), 'device-unknown')
  })
})

test('the chip of an old board is out with it', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const maker = await chipMaker(core, [pump])
    const expected = await expectDevice(core, pump, 'A')
    const [old, fresh] = [await chip(maker, 'A'), await chip(maker, 'A')]
    issuedOf(await ask(core, old.shown, await generateKey('p-256')))
    await rebind(await deviceOf(core, expected), 'new board', operator, core)
    const outcome = await ask(core, old.shown, await generateKey('p-256'))
    assert.equal(reasonOf(outcome), 'key-retired')
    issuedOf(await ask(core, fresh.shown, await generateKey('p-256')))
  })
})

test('a key that works already is nobody’s birth key', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const maker = await chipMaker(core, [pump])
    const { key } = await enrolDevice(core, pump, 'A')
    const { shown } = await chip(maker, 'A', Promise.resolve(key))
    const outcome = await ask(core, shown, await generateKey('p-256'))
    assert.equal(reasonOf(outcome), 'key-has-another-owner')
  })
})
