// SPDX-License-Identifier: Apache-2.0
/** A managed authority signs, asked by the messages that EJBCA's documentation describes; never tried live. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { carryOpenOrders } from '#core/authority/upstream/open-orders.ts'
import { tellRevocations } from '#core/authority/upstream/revocations.ts'
import type { Product } from '#core/ledger/tables.ts'
import { sha256 } from '#trust/digest.ts'
import {
  certificateIn,
  openTestHouse,
  type TestHouse,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { callApi } from '../support/local-api.ts'
import { changeProfile } from '../support/profiles.ts'
import { enrolBy, registrationAuthority, wishOf } from '../support/upstream.ts'
import { type EjbcaStub, openEjbcaStub } from './support/ejbca-stub.ts'

const secret = 'a secret that only both of them know'
const never = new AbortController().signal
let house: TestHouse
let stub: EjbcaStub
let pump: Product
/** How far the house's clock is ahead. */
let ahead = 0

before(async () => {
  stub = await openEjbcaStub()
  const clock = { now: () => Temporal.Now.instant().add({ seconds: ahead }) }
  // Nothing goes on by itself: the test says when an order is taken up.
  const wait = (_: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  house = await openTestHouse(undefined, { clock, wait })
  pump = await withProduct(house)
  mkdirSync(join(house.directory, 'upstream'))
  writeFileSync(join(house.directory, 'upstream', 'managed'), `${secret}\n`, { mode: 0o600 })
})
beforeEach(() => {
  stub.rules.keeps = false
  stub.rules.enrol = undefined
})
after(async () => {
  await house.stop()
  await stub.close()
  assert.deepEqual(house.troubles, [])
})

async function addManaged(more: object = {}) {
  const { certificatePem, keyPem } = await registrationAuthority()
  return callApi(house, 'POST', '/upstreams', {
    ...{ name: 'managed', protocol: 'rest', address: stub.url, roots: stub.roots },
    ...{ anchors: stub.anchors, certificate: certificatePem, key: keyPem, secretFile: 'managed' },
    settings: ['ca=ManagementCA', 'certificate-profile=devices', 'end-entity-profile=devices'],
    ...more,
  })
}

async function expected(serial: string) {
  const device = await withDevice(house, pump, serial)
  return wishOf({ serial, code: await withCode(house, device) })
}

test('what it needs is asked for by name, and it says that it was not tried live', async () => {
  const missing = await addManaged({ settings: ['ca=ManagementCA'] })
  assert.match(missing.body.detail, /certificate-profile=NAME.*end-entity-profile=NAME/)
  const added = await addManaged()
  assert.equal(added.status, 201, JSON.stringify(added.body))
  assert.equal(added.body.triedLive, false)
  const hosting = { upstream: 'managed', mayDiffer: ['subject'], because: 'RFC 0000' } as const
  await changeProfile(house.core, { hosting })
})

test('a device enrols, and no password stands anywhere', async () => {
  const certificate = certificateIn(await enrolBy(house, await expected('PUMP-1')))
  assert.match(new X509Certificate(certificate).issuer, /ManagementCA/)
  const { body } = stub.heard.at(-1) ?? assert.fail()
  assert.equal(body['include_chain'], true)
  assert.match(String(body['username']), /^vitalsign-[0-9a-f]{32}$/)
  const { items } = await house.core.ledger.list('upstreamOrder', { limit: 10 })
  assert.equal(JSON.stringify(items).includes(String(body['password'])), false)
})

test('one whose answer was lost is found by its key, and not asked for again', async () => {
  const wish = await expected('PUMP-2')
  stub.rules.enrol = (response) => response.destroy()
  const before = stub.signed()
  const lost = await enrolBy(house, wish)
  assert.equal(lost.status, 202)
  stub.rules.enrol = undefined
  ahead += 10
  const certificate = certificateIn(await enrolBy(house, wish))
  assert.match(new X509Certificate(certificate).issuer, /ManagementCA/)
  assert.equal(stub.signed(), before + 1)
  const asked = stub.heard.filter(({ line }) => line.endsWith('/pkcs10enroll')).length
  assert.equal(asked, before + 1)
})

test('one that a person has to decide on there is fetched when that is done', async () => {
  const wish = await expected('PUMP-3')
  stub.rules.keeps = true
  assert.equal((await enrolBy(house, wish)).status, 202)
  ahead += 10
  assert.equal((await enrolBy(house, wish)).status, 202)
  stub.rules.keeps = false
  ahead += 3_600
  await carryOpenOrders(house.core, never)
  const { line } = stub.heard.at(-1) ?? assert.fail()
  assert.match(line, /\/certificate\/4711\/finalize$/)
  certificateIn(await enrolBy(house, wish))
})

test('its "no" is told in its words to the operator alone', async () => {
  const wish = await expected('PUMP-4')
  stub.rules.enrol = (response) => {
    response.writeHead(422, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify({ error_code: 422, error_message: 'end entity profile forbids it' }),
    )
  }
  const refused = await enrolBy(house, wish)
  assert.equal(refused.status, 403)
  assert.doesNotMatch(refused.body, /profile forbids/)
  const { body } = await callApi(house, 'GET', '/upstream-orders?state=turned-down')
  assert.match(body.items.at(-1).words, /end entity profile forbids it/)
})

test('garbage is no answer: the order stays, and goes on when it makes sense again', async () => {
  for (const [at, garbage] of ['{}', '[]', '{"certificate":"!"}', 'no json'].entries()) {
    const wish = await expected(`PUMP-5${at}`)
    stub.rules.enrol = (response) => response.writeHead(201).end(garbage)
    assert.equal((await enrolBy(house, wish)).status, 202, garbage)
    stub.rules.enrol = undefined
    ahead += 10
    certificateIn(await enrolBy(house, wish))
  }
})

test('what is revoked here is revoked there, with its reason', async () => {
  const certificate = certificateIn(await enrolBy(house, await expected('PUMP-6')))
  const record = await house.core.ledger.find('certificate', 'sha256', [sha256(certificate)])
  const because = { reason: 'keyCompromise', because: 'stolen' }
  const path = `/certificates/${record?.id}/revoke`
  assert.equal((await callApi(house, 'POST', path, because)).status, 200)
  await tellRevocations(house.core.doors.upstreams, house.core, never)
  assert.equal(stub.rules.revoked.at(-1), `${record?.serialNumber.toHex()} KEY_COMPROMISE`)
})
