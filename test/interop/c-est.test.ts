// SPDX-License-Identifier: Apache-2.0
/** The C99 client of clients/c against a whole house over TLS 1.2, as Mbed TLS 2.28 speaks it. */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { buildProgram, Driver, noMbedTls } from '../support/c-programs.ts'
import {
  openTestHouse,
  type TestHouse,
  temporaryDirectory,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'

const place = temporaryDirectory()
let house: TestHouse
let product: Product
let driver: Driver

before(async () => {
  if (noMbedTls !== false) return
  house = await openTestHouse(undefined, {}, ['--legacy-listen', '127.0.0.1:0'])
  product = await withProduct(house)
  driver = new Driver(buildProgram(place, 'test/support/c-device.c'))
  await meet('127.0.0.1')
})

after(async () => {
  await house?.stop()
  await driver?.end()
})

async function meet(host: string): Promise<void> {
  const { port } = house.addresses.legacy ?? assert.fail('no port for old devices')
  const root = house.core.doors.own.find(({ kind }) => kind === 'root') ?? assert.fail('no root')
  const path = join(place, 'root.der')
  writeFileSync(path, root.certificate)
  assert.equal(await driver.ask('to', host, port, path), 'ok')
}

/** A device that is expected, its code, and a storage of its own that the driver turns to. */
async function expected(serial: string): Promise<string> {
  const code = await withCode(house, await withDevice(house, product, serial))
  await turnTo(serial)
  return code
}

async function turnTo(serial: string): Promise<void> {
  mkdirSync(join(place, serial), { recursive: true })
  assert.equal(await driver.ask('at', join(place, serial), serial), 'ok')
}

/** The word of the result alone. */
async function did(...words: readonly (string | number)[]): Promise<string> {
  return (await driver.ask(...words)).split(' ')[0]!
}

interface Held {
  readonly publicKey: string
  readonly certificates: readonly X509Certificate[]
}

/** What is in use: the key really is the certificate's. */
async function held(): Promise<Held> {
  const [word, key = '', chain = ''] = (await driver.ask('show')).split(' ')
  assert.equal(word, 'ok')
  const privateKey = createPrivateKey({
    key: Buffer.from(key, 'hex'),
    format: 'der',
    type: 'sec1',
  })
  const publicKey = createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }).toString()
  const certificates: X509Certificate[] = []
  for (let rest = Buffer.from(chain, 'hex'); rest.length > 0; ) {
    const size = rest.readUInt16BE()
    certificates.push(new X509Certificate(rest.subarray(2, 2 + size)))
    rest = rest.subarray(2 + size)
  }
  assert.equal(
    certificates[0]?.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    publicKey,
  )
  return { publicKey, certificates }
}

test('a device enrols with its code, renews with its key, and takes a new key', {
  skip: noMbedTls,
}, async () => {
  const code = await expected('C-1')
  assert.equal(await driver.ask('enrol', code), 'ok 200 0 ')
  const first = await held()
  assert.match(first.certificates[0]!.subject, /C-1/)
  assert.ok(first.certificates[0]!.checkIssued(first.certificates[1]!), 'the issuer comes along')
  assert.equal(await did('enrol', code), 'enrolled-already')
  assert.equal(await did('renew'), 'ok')
  const renewed = await held()
  assert.equal(renewed.publicKey, first.publicKey)
  assert.notEqual(
    renewed.certificates[0]!.serialNumber,
    first.certificates[0]!.serialNumber,
  )
  assert.equal(await did('rekey'), 'ok')
  const rekeyed = await held()
  assert.notEqual(rekeyed.publicKey, first.publicKey)
  assert.equal(rekeyed.certificates[0]!.subject, first.certificates[0]!.subject)
  assert.equal(await did('keep-up'), 'ok')
  assert.equal((await held()).publicKey, rekeyed.publicKey, 'nothing was due')
})
