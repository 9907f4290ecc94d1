// SPDX-License-Identifier: Apache-2.0
/** Applications ask a whole house of those who speak to them: what they hear, and what they may do besides. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { removeApplication } from '#core/applications/remove.ts'
import type { Product } from '#core/ledger/tables.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { limits } from '#edge/admin/limits.ts'
import { operationNames, operationOf } from '#format/admin/operations.ts'
import { encodePem } from '#format/pem.ts'
import { sha256 } from '#trust/digest.ts'
import { encodePrivateKey } from '#trust/private-key.ts'
import {
  type Credential,
  enrolled,
  openTestHouse,
  type TestHouse,
  withProduct,
} from '../support/house.ts'
import { askAs, identityOf, verifyAs, withApplication, withMachine } from '../support/verifier.ts'
import { pemOf, type TestIdentity } from '../tls-certificates.ts'

const operator = { kind: 'person', id: 'test' } as const

let house: TestHouse
let pump: Product
let device: Credential
let application: TestIdentity
before(async () => {
  house = await openTestHouse()
  pump = await withProduct(house)
  device = await enrolled(house, pump, 'PUMP-0001')
  application = await withMachine(house, 'telemetry')
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

const pem = (certificate: Uint8Array) => encodePem('CERTIFICATE', certificate)

test('an application hears whose a certificate is, of PEM and of DER alike', async () => {
  const { key, certificate } = device
  const issuer = house.core.doors.own.map((one) => pem(one.certificate)).join('')
  for (const chain of [pem(certificate), pem(certificate) + issuer, certificate.toBase64()]) {
    const { status, document } = await verifyAs(house, application, chain, { product: 'pump' })
    assert.equal(status, 200)
    assert.deepEqual(
      [document['trusted'], document['reason'], document['because'], document['remedy']],
      [true, null, null, null],
    )
    assert.deepEqual(
      [document['serial'], document['productName'], document['kind'], document['state']],
      ['PUMP-0001', 'pump', 'working', 'provisioned'],
    )
    assert.match(String(document['until']), /^20\d\d-.*Z$/)
  }
  assert.ok(key)
})

test('a "no" has its reason, what to do, and whose the certificate was', async () => {
  const lost = await enrolled(house, pump, 'PUMP-0002')
  const record = await house.core.ledger.find('certificate', 'sha256', [sha256(lost.certificate)])
  const end = { id: record?.id ?? '', reason: 'keyCompromise', because: 'stolen' } as const
  const ask = () =>
    // A repetition by key would get the answer of a moment that is over.
    askAs(house, application, '/verify', {
      method: 'POST',
      body: { chain: pem(lost.certificate) },
      headers: { 'Idempotency-Key': 'once' },
    })
  assert.equal((await ask()).document['trusted'], true)
  await revoke(end, operator, house.core)
  const { status, document } = await ask()
  assert.deepEqual(
    [status, document['trusted'], document['reason'], document['serial']],
    [200, false, 'certificate-revoked', 'PUMP-0002'],
  )
  assert.match(String(document['because']), /^it was revoked at /)
  assert.match(String(document['remedy']), /find out why/)
})

test('what is no chain is refused by name, and nothing of it is believed', async () => {
  const one = pem(device.certificate)
  const key = encodePem('PRIVATE KEY', encodePrivateKey(device.key.privateKey))
  for (const [chain, words] of [
    ['not a chain', /not base64/],
    [one.replace('-----END CERTIFICATE-----', ''), /not PEM|no END/],
    [one + key, /a block PRIVATE KEY/],
    [one.repeat(11), /more than 10 certificates/],
    [Uint8Array.of(0x30, 0x82, 0xff, 0xff).toBase64(), /chain:/],
    ['', /too small/],
    ['A'.repeat(140_000), /too large/],
  ] as const) {
    const { status, document } = await verifyAs(house, application, chain)
    assert.deepEqual([status, document['code']], [400, 'input-wrong'], chain.slice(0, 60))
    assert.match(String(document['detail']), words)
  }
  const huge = await verifyAs(house, application, 'A'.repeat(300_000))
  assert.deepEqual([huge.status, huge.document['code']], [413, 'request-too-large'])
  const bent = device.certificate.slice()
  bent[4] = 0x31
  const { document } = await verifyAs(house, application, pem(bent))
  assert.deepEqual([document['trusted'], document['reason']], [false, 'certificate-malformed'])
})

test('a verifier may verify and nothing else, and nobody without access may even that', async () => {
  for (const name of operationNames) {
    const row = operationOf(name)
    if (row.role === 'verifier' || row.role === 'public') continue
    const path = row.path.replace(/:\w+/g, 'x')
    const { status, document } = await askAs(house, application, path, { method: row.method })
    assert.deepEqual([status, document['code']], [403, 'not-permitted'], name)
  }
  const chain = pem(device.certificate)
  // A device is no machine: its certificate opens nothing here.
  const { key, certificate } = device
  const asDevice = {
    key: encodePem('PRIVATE KEY', encodePrivateKey(key.privateKey)),
    chain: [certificate],
  }
  const refused = await verifyAs(house, asDevice, chain)
  assert.deepEqual([refused.status, refused.document['code']], [401, 'credential-missing'])
  for (const role of ['auditor', 'operator', 'administrator'] as const) {
    const machine = await withMachine(house, role, role)
    assert.equal((await verifyAs(house, machine, chain)).document['trusted'], true, role)
  }
})

test('an application may ask by its own identity, of the products that it is for', async () => {
  const monitor = await enrolled(house, await withProduct(house, 'monitor'), 'MON-1', {
    label: 'monitor',
  })
  const broker = await withApplication(house, 'broker', { products: [pump.id] })
  const asked = (of: Credential) => verifyAs(house, identityOf(broker), pem(of.certificate))
  assert.equal((await asked(device)).document['trusted'], true)
  const { document: no } = await asked(monitor)
  assert.deepEqual([no['trusted'], no['reason']], [false, 'identity-differs'])
  // Nor does the no tell of a device that is none of its business.
  for (const fact of ['device', 'serial', 'state', 'product', 'productName', 'lot', 'subject'])
    assert.equal(no[fact], null, fact)
  assert.doesNotMatch(JSON.stringify(no), /monitor|MON-1/)
  const other = await askAs(house, identityOf(broker), '/devices')
  assert.deepEqual([other.status, other.document['code']], [403, 'not-permitted'])
  const purpose = { purpose: 'client' }
  const own = await verifyAs(house, application, pem(broker.certificate), purpose)
  assert.deepEqual(
    [own.document['trusted'], own.document['applicationName'], own.document['device']],
    [true, 'broker', null],
  )
  const { ledger } = house.core
  const now = (await ledger.read('application', broker.application.id)) ?? assert.fail('gone')
  const removed = await removeApplication(now, 'replaced', operator, house.core)
  assert.equal(removed.kind, 'removed')
  const gone = await verifyAs(house, application, pem(broker.certificate), purpose)
  assert.equal(gone.document['reason'], 'application-removed')
  assert.equal((await asked(device)).document['code'], 'certificate-revoked')
})

test('applications ask as often as they like, where people are held to a pace', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  const call = { method: 'POST', body: { chain: pem(device.certificate) }, agent } as const
  const ask = () => askAs(house, application, '/verify', call)
  const answers = await Promise.all(Array.from({ length: limits.requestsPerMinute + 1 }, ask))
  agent.destroy()
  assert.ok(answers.every(({ document }) => document['trusted'] === true))
})

test('a person hears the same at the command line, and a script by the exit status', async () => {
  const file = join(house.directory, 'peer.pem')
  const key = encodePem('PRIVATE KEY', encodePrivateKey(device.key.privateKey))
  writeFileSync(file, key + pemOf([device.certificate]))
  const run = async (...words: readonly string[]) => {
    const flags = ['--disable-warning=ExperimentalWarning', 'bin/vitalsign.ts']
    const child = spawn(process.execPath, [...flags, ...words, '--data', house.directory])
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    const { promise, resolve } = Promise.withResolvers<number | null>()
    child.on('close', resolve)
    return { status: await promise, said: Buffer.concat(chunks).toString() }
  }
  const good = await run('certificate', 'verify', file)
  assert.equal(good.status, 0, good.said)
  assert.match(good.said, /trusted +yes/)
  const other = await run('certificate', 'verify', file, '--product', 'monitor', '--json')
  assert.equal(other.status, 1)
  assert.equal(JSON.parse(other.said).reason, 'identity-differs')
})
