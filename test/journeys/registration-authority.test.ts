// SPDX-License-Identifier: Apache-2.0
/** A registrar at the devices' port, registered and removed over the API: RFC 7030 section 3.7. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { attributeTypes, keyPurposes } from '#format/oids.ts'
import { encodePem } from '#format/pem.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { encodeName } from '#format/x509/name.ts'
import { generateKey } from '#trust/private-key.ts'
import { certify, makeEntity } from '../made-certificates.ts'
import {
  type Answer,
  certificateIn,
  isIssuedBy,
  openTestHouse,
  postEst,
  requestBy,
  type TestHouse,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { changeProfile } from '../support/profiles.ts'

let house: TestHouse
let pump: Product
before(async () => {
  house = await openTestHouse()
  pump = await withProduct(house)
  const { proofs } = readyProfiles.ldevid.admission
  const because = 'RFC 7030 section 3.7'
  await changeProfile(house.core, { admission: { proofs: [...proofs, 'registrar'], because } })
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

/** One call of the API at the socket of the house's owner. */
function api(
  method: string,
  path: string,
  input?: object,
): Promise<{ status: number; id: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; id: string }>()
  const sent = request(
    {
      ...{ socketPath: house.socket, path: `/api/v1${path}`, method },
      headers: input === undefined ? {} : { 'Content-Type': 'application/json' },
    },
    async (answer) => {
      let text = ''
      for await (const chunk of answer) text += chunk
      resolve({ ...JSON.parse(text), status: answer.statusCode ?? 0 })
    },
  )
  sent.on('error', reject)
  sent.end(input === undefined ? undefined : JSON.stringify(input))
  return promise
}

test('a registered registrar enrols the devices of its product, and a removed one nobody', async () => {
  const [authority, line] = [await makeEntity('CN=line CA'), await makeEntity('CN=line-3')]
  const now = Temporal.Now.instant().round('second')
  const certificate = await certify(line, authority, {
    notBefore: now.subtract({ hours: 1 }),
    notAfter: now.add({ hours: 24 }),
    extensions: [encodeExtension('extKeyUsage', [keyPurposes.clientAuth, keyPurposes.cmcRA])],
  })
  const credential = { key: line.pair, certificate: certificate.der }
  const ask = async (serial: string): Promise<Answer> => {
    const subject = encodeName([[{ type: attributeTypes.serialNumber, value: serial }]])
    const bytes = await requestBy(await generateKey('p-256'), { subject })
    return postEst(house, 'simpleenroll', bytes, { credential, label: 'pump' })
  }
  await withDevice(house, pump, 'PUMP-1')
  await withDevice(house, pump, 'PUMP-2')
  assert.match((await ask('PUMP-1')).body, /^registrar-unknown: /)

  const pem = encodePem('CERTIFICATE', certificate.der)
  const wish = { name: 'line-3', certificate: pem, products: [pump.id] }
  const added = await api('POST', '/registrars', wish)
  assert.equal(added.status, 201)
  assert.equal((await api('POST', '/registrars', wish)).status, 409)
  assert.equal(isIssuedBy(house, certificateIn(await ask('PUMP-1'))), true)

  assert.equal((await api('DELETE', `/registrars/${added.id}`)).status, 200)
  const refused = await ask('PUMP-2')
  assert.equal(refused.status, 403)
  assert.match(refused.body, /^registrar-unknown: /)
})

test('proxies are registered, listed and removed by name', async () => {
  const [authority, edge] = [await makeEntity('CN=edge CA'), await makeEntity('CN=edge-1')]
  const { der } = await certify(edge, authority, {})
  const wish = { name: 'edge-1', certificate: encodePem('CERTIFICATE', der) }
  const added = await api('POST', '/proxies', wish)
  assert.equal(added.status, 201)
  assert.equal((await api('GET', '/proxies?name=edge-1')).status, 200)
  assert.equal((await api('DELETE', `/proxies/${added.id}`)).status, 200)
  assert.equal((await api('POST', '/proxies', wish)).id, added.id, 'it comes back under its name')
})
