// SPDX-License-Identifier: Apache-2.0
/** What a device meets at its door, from first enrolment to renewal, over real TLS on a real store. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  ask,
  certificateIn,
  enrolled,
  isIssuedBy,
  openTestHouse,
  postEst,
  renewalBy,
  requestBy,
  type TestHouse,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'

let house: TestHouse
let pump: Product

before(async () => {
  house = await openTestHouse()
  pump = await withProduct(house)
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

test('a device with a code gets a certificate that names it, signed by the issuer', async () => {
  const { certificate } = await enrolled(house, pump, 'PUMP-1')
  assert.equal(isIssuedBy(house, certificate), true)
  assert.equal(
    formatName(parseCertificate(certificate).subject),
    'serialNumber=PUMP-1,CN=PUMP-1,OU=pump,O=Acme',
  )
})

test('the new certificate proves itself at /whoami, and the device becomes active', async () => {
  const device = await enrolled(house, pump, 'PUMP-2')
  const answer = await ask(house, 'GET', '/whoami', { credential: device })
  assert.equal(answer.status, 200)
  assert.deepEqual(Object.entries(JSON.parse(answer.body)).slice(0, 2), [
    ['device', 'PUMP-2'],
    ['product', 'pump'],
  ])
  const record = await house.core.ledger.read('device', device.device.id)
  assert.equal(record?.state, 'active')
})

test('the same request again gets the same certificate, also when both come at once', async () => {
  const device = await withDevice(house, pump, 'PUMP-3')
  const code = await withCode(house, device)
  const request = await requestBy(await generateKey('p-256'))
  const post = () => postEst(house, 'simpleenroll', request, { user: 'PUMP-3', code })
  const [first, second] = await Promise.all([post(), post()])
  assert.deepEqual(certificateIn(first), certificateIn(second))
  assert.deepEqual(certificateIn(await post()), certificateIn(first))
})

test('the same bytes at renewal time give a new serial, two simultaneous posts give one', async () => {
  const device = await enrolled(house, pump, 'PUMP-4')
  const request = await renewalBy(device.key, device.certificate)
  const renew = (credential: { key: typeof device.key; certificate: Uint8Array }) =>
    postEst(house, 'simplereenroll', request, { credential })
  const [one, other] = await Promise.all([renew(device), renew(device)])
  const renewed = certificateIn(one)
  assert.deepEqual(certificateIn(other), renewed)
  // The renewed certificate is used: from now on the stored request asks for another one.
  assert.equal(
    (await ask(house, 'GET', '/whoami', { credential: { ...device, certificate: renewed } }))
      .status,
    200,
  )
  const next = certificateIn(await renew({ ...device, certificate: renewed }))
  const serials = [device.certificate, renewed, next].map((der) =>
    parseCertificate(der).serialNumber.toHex(),
  )
  assert.equal(new Set(serials).size, 3)
})

test('a rekey keeps the name and changes the key', async () => {
  const device = await enrolled(house, pump, 'PUMP-5')
  const key = await generateKey('p-384')
  const answer = await postEst(house, 'simplereenroll', await renewalBy(key, device.certificate), {
    credential: device,
  })
  const rekeyed = parseCertificate(certificateIn(answer))
  assert.deepEqual(rekeyed.subject.der, parseCertificate(device.certificate).subject.der)
  assert.deepEqual(rekeyed.publicKey.der, key.publicKey.spki)
})

test('a birth identity recovers a device that lost its working one', async () => {
  const birth = await enrolled(house, pump, 'PUMP-6', { label: 'pump-birth' })
  const key = await generateKey('p-256')
  const first = await postEst(house, 'simpleenroll', await requestBy(key), { credential: birth })
  assert.equal(isIssuedBy(house, certificateIn(first)), true)
  const again = await postEst(house, 'simpleenroll', await requestBy(await generateKey('p-256')), {
    credential: birth,
  })
  assert.match(again.body, /device-already-enrolled/)
})

test('every key algorithm that the profile admits gets its certificate', async () => {
  const admitted = [
    'p-256',
    'p-384',
    'p-521',
    'ed25519',
    'rsa-3072',
    'ml-dsa-44',
    'ml-dsa-65',
    'ml-dsa-87',
  ] as const
  for (const algorithm of admitted) {
    const { certificate } = await enrolled(house, pump, `ALG-${algorithm}`, { algorithm })
    assert.equal(isIssuedBy(house, certificate), true)
  }
})
