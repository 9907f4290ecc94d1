// SPDX-License-Identifier: Apache-2.0
/** Birth certificates that somebody else issued: genuine is not enough, the device must be expected. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { trustForeign } from '#core/authority/trust-foreign.ts'
import { rebind } from '#core/devices/life.ts'
import type { Product } from '#core/ledger/tables.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { generateKey } from '#trust/private-key.ts'
import { certify, certifyAuthority, type Entity, makeEntity } from '../made-certificates.ts'
import {
  ask,
  type Credential,
  certificateIn,
  enrolled,
  openTestHouse,
  postEst,
  renewalBy,
  requestBy,
  type TestHouse,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { refusalOf } from '../support/refusing.ts'

const operator = { kind: 'person', id: 'test' } as const
const now = Temporal.Now.instant()
const life = {
  notBefore: now.subtract({ hours: 24 }),
  notAfter: now.add({ hours: 24 * 365 }),
}
const whole = (span: typeof life) => ({
  notBefore: span.notBefore.round('second'),
  notAfter: span.notAfter.round('second'),
})

let house: TestHouse
let pump: Product
let tv: Product
let root: Entity
let rootCertificate: Certificate
let issuer: Entity
let issuerCertificate: Certificate

before(async () => {
  house = await openTestHouse()
  pump = await withProduct(house)
  tv = await withProduct(house, 'tv')
  root = await makeEntity('CN=Chip Maker Root')
  rootCertificate = await certifyAuthority(root, root, [], undefined, whole(life))
  issuer = await makeEntity('CN=Chip Maker Issuing')
  issuerCertificate = await certifyAuthority(issuer, root, [], 0, whole(life))
  await trust('chip maker', rootCertificate, pump)
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

async function trust(name: string, certificate: Certificate, product: Product): Promise<void> {
  const { environment } = house.core
  const asked = { name, certificate, products: [product.id], environment }
  const trusted = await trustForeign(asked, operator, house.core)
  assert.equal(trusted.kind, 'trusted', JSON.stringify(trusted))
}

/** A chip with this serial, born at the foreign maker's. */
async function chip(serial: string, by = issuer, pair?: Entity['pair']): Promise<Credential> {
  const made = await makeEntity(`serialNumber=${serial},CN=chip`)
  const entity = pair === undefined ? made : { ...made, pair }
  const extensions = [encodeExtension('keyUsage', ['digitalSignature'])]
  const { der } = await certify(entity, by, { extensions, ...whole(life) })
  return { key: entity.pair, certificate: der }
}

function call(credential: Credential, chain = [issuerCertificate.der]) {
  return { credential, chain }
}

test('an expected device enrols by its foreign birth certificate, and then renews by its own', async () => {
  await withDevice(house, pump, 'CHIP-1')
  const born = await chip('CHIP-1')
  const key = await generateKey('p-256')
  const answer = await postEst(house, 'simpleenroll', await requestBy(key), call(born))
  const working = { key, certificate: certificateIn(answer) }
  const renewal = await renewalBy(key, working.certificate)
  certificateIn(await postEst(house, 'simplereenroll', renewal, { credential: working }))
  const whoami = await ask(house, 'GET', '/whoami', { credential: working })
  assert.equal(JSON.parse(whoami.body).device, 'CHIP-1')
})

test('a genuine chip that nobody expects is refused', async () => {
  const born = await chip('CHIP-UNKNOWN')
  const key = await generateKey('p-256')
  assert.equal(await refusalOf(house, key, call(born)), '403 device-unknown')
})

test('a device of a product that the authority does not vouch for is refused', async () => {
  await withDevice(house, tv, 'CHIP-TV')
  const key = await generateKey('p-256')
  assert.equal(await refusalOf(house, key, call(await chip('CHIP-TV'))), '403 device-unknown')
})

test('without its issuer, or by one that only looks like it, a chip is a stranger', async () => {
  await withDevice(house, pump, 'CHIP-2')
  const key = await generateKey('p-256')
  const alone = await refusalOf(house, key, call(await chip('CHIP-2'), []))
  assert.match(alone, /^403 certificate-(not-trusted|unknown)$/)
  const lookalike = { ...(await makeEntity('CN=Chip Maker Issuing')), name: issuer.name }
  const forged = await refusalOf(house, key, call(await chip('CHIP-2', lookalike)))
  assert.match(forged, /^403 (certificate-not-trusted|signature-wrong)$/)
})

test('an expired foreign birth certificate is refused', async () => {
  await withDevice(house, pump, 'CHIP-3')
  const entity = await makeEntity('serialNumber=CHIP-3,CN=chip')
  const { der } = await certify(entity, issuer, {
    ...whole({ notBefore: life.notBefore, notAfter: now.subtract({ hours: 1 }) }),
  })
  const expired = { key: entity.pair, certificate: der }
  const key = await generateKey('p-256')
  assert.equal(await refusalOf(house, key, call(expired)), '403 certificate-expired')
})

test('two chips with one key are not two devices', async () => {
  await withDevice(house, pump, 'CLONE-1')
  await withDevice(house, pump, 'CLONE-2')
  const first = await chip('CLONE-1')
  const second = await chip('CLONE-2', issuer, first.key)
  const request = await requestBy(await generateKey('p-256'))
  certificateIn(await postEst(house, 'simpleenroll', request, call(first)))
  const key = await generateKey('p-256')
  assert.equal(await refusalOf(house, key, call(second)), '403 key-has-another-owner')
  // The connection proved the key, so both are named.
  const alarms = { by: 'kind', equal: ['key-held-twice', 'open'], limit: 1 } as const
  const [alarm] = (await house.core.ledger.list('alarm', alarms)).items
  assert.match(alarm?.text ?? '', /^device CLONE-1 and device CLONE-2 hold the same private key/)
})

test('a chip with the key of one of our devices is refused', async () => {
  const ours = await enrolled(house, pump, 'OURS-1')
  await withDevice(house, pump, 'CHIP-4')
  const born = await chip('CHIP-4', issuer, ours.key)
  const key = await generateKey('p-256')
  assert.equal(await refusalOf(house, key, call(born)), '403 key-has-another-owner')
})

test('the chip of a board that was swapped out does not come back', async () => {
  const device = await withDevice(house, pump, 'SWAP-1')
  const old = await chip('SWAP-1')
  const request = await requestBy(await generateKey('p-256'))
  certificateIn(await postEst(house, 'simpleenroll', request, call(old)))
  const before = await house.core.ledger.read('device', device.id)
  assert.equal((await rebind(before!, 'new board', operator, house.core)).kind, 'changed')
  const key = await generateKey('p-256')
  assert.equal(await refusalOf(house, key, call(old)), '403 key-retired')
  const fresh = await chip('SWAP-1')
  certificateIn(await postEst(house, 'simpleenroll', await requestBy(key), call(fresh)))
})

test('what is no authority cannot be trusted as one', async () => {
  const leaf = parseCertificate((await chip('LEAF')).certificate)
  const asked = {
    name: 'leaf',
    certificate: leaf,
    products: [pump.id],
    environment: 'trial',
  } as const
  const refused = await trustForeign(asked, operator, house.core)
  assert.equal(refused.kind === 'refused' && refused.reason, 'input-wrong')
})
