// SPDX-License-Identifier: Apache-2.0
/** The C99 client of clients/c against a whole house over TLS 1.2, as Mbed TLS 2.28 speaks it. */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { clientProgram, Driver, noMbedTls } from '../support/c-programs.ts'
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
  driver = new Driver(clientProgram('device'))
  await meet('127.0.0.1')
})

after(async () => {
  await house?.stop()
  await driver?.end()
})

/** Whom to ask, by which entrance, and whose root to believe. */
async function meet(host: string, label?: string, { core }: TestHouse = house): Promise<void> {
  const { port } = house.addresses.legacy ?? assert.fail('no port for old devices')
  const root = core.doors.own.find(({ kind }) => kind === 'root') ?? assert.fail('no root')
  const path = join(place, 'root.der')
  writeFileSync(path, root.certificate)
  assert.equal(await driver.ask('to', host, port, path, label ?? ''), 'ok')
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
  assert.notEqual(renewed.certificates[0]!.serialNumber, first.certificates[0]!.serialNumber)
  assert.equal(await did('rekey'), 'ok')
  const rekeyed = await held()
  assert.notEqual(rekeyed.publicKey, first.publicKey)
  assert.equal(rekeyed.certificates[0]!.subject, first.certificates[0]!.subject)
  assert.equal(await did('keep-up'), 'ok')
  assert.equal((await held()).publicKey, rekeyed.publicKey, 'nothing was due')
})

test('wherever power is cut while it enrols, the same command goes on, and the code is not lost', {
  skip: noMbedTls,
}, async () => {
  for (let writing = 1; ; writing++) {
    const code = await expected(`C-E-${writing}`)
    await driver.ask('cut', writing, 'torn')
    const cut = await did('enrol', code)
    if (cut === 'ok') {
      assert.equal(writing, 5, 'request, identity, mark, request gone')
      break
    }
    assert.equal(cut, 'cut')
    const then = await did('enrol', code)
    assert.equal(then, writing > 3 ? 'enrolled-already' : 'ok', `at writing ${writing}`)
    await held()
    assert.equal(await did('keep-up'), 'ok')
  }
})

for (const [what, command] of [
  ['takes a new key', 'rekey'],
  ['renews with its key', 'renew'],
] as const)
  test(`wherever power is cut while it ${what}, an identity is in use that the server accepts`, {
    skip: noMbedTls,
  }, async () => {
    const serial = `C-${command}`
    assert.equal(await did('enrol', await expected(serial)), 'ok')
    const numberOf = ({ certificates }: Held) => certificates[0]?.serialNumber
    for (const how of ['torn', 'after'])
      for (let writing = 1; ; writing++) {
        const before = await held()
        await driver.ask('cut', writing, how)
        const cut = await did(command)
        if (cut === 'ok') {
          assert.equal(writing, 6, 'request, identity, mark, old identity gone, request gone')
          break
        }
        assert.equal(cut, 'cut')
        const now = await held()
        const inUse = how === 'torn' ? 3 : 2
        assert.equal(numberOf(now) !== numberOf(before), writing > inUse, `${how} ${writing}`)
        assert.equal(await did('keep-up'), 'ok')
        const then = await held()
        const settled = how === 'torn' ? 2 : 1
        assert.equal(numberOf(then) !== numberOf(before), writing > settled, `${how} ${writing}`)
        // Where nothing new had come yet, the request that is left is asked again.
        if (writing <= settled) assert.equal(await did(command), 'ok')
        assert.equal((await held()).publicKey === before.publicKey, command === 'renew')
      }
    const files = readdirSync(join(place, serial)).map((name) =>
      readFileSync(join(place, serial, name)),
    )
    assert.equal(files.filter(({ length }) => length > 100).length, 1, 'no old key is left')
  })

test('an identity whose marks were lost proves itself again', { skip: noMbedTls }, async () => {
  const code = await expected('C-M')
  assert.equal(await did('enrol', code), 'ok')
  assert.equal(await did('rekey'), 'ok')
  const before = await held()
  for (const mark of [3, 4]) writeFileSync(join(place, 'C-M', `slot-${mark}`), 'noise')
  assert.equal(await did('keep-up'), 'ok')
  assert.equal((await held()).publicKey, before.publicKey)
})

test('with an identity that cannot be read back nothing is sent, and a new code gives another', {
  skip: noMbedTls,
}, async () => {
  const code = await expected('C-D')
  assert.equal(await did('enrol', code), 'ok')
  const path = join(place, 'C-D', 'slot-0')
  const bytes = readFileSync(path)
  bytes[100]! ^= 1
  writeFileSync(path, bytes)
  assert.equal(await did('renew'), 'state-damaged')
  assert.equal(await did('show'), 'state-damaged')
})

test('a birth identity is enough to enrol by', { skip: noMbedTls }, async () => {
  const birth = `${product.name}-birth`
  const code = await expected('C-B')
  await meet('127.0.0.1', birth)
  assert.equal(await driver.ask('enrol', code), 'ok 200 0 ')
  await meet('127.0.0.1', product.name)
  mkdirSync(join(place, 'C-B-working'))
  await driver.ask('at', join(place, 'C-B-working'), 'C-B')
  assert.equal(await driver.ask('birth', join(place, 'C-B')), 'ok 200 0 ')
  await held()
  await meet('127.0.0.1')
})

test('a server of other roots, and one of another name, get nothing', {
  skip: noMbedTls,
}, async () => {
  const code = await expected('C-S')
  await meet('localhost')
  assert.equal(await did('enrol', `${code}x`), 'refused-by-server', 'the name fits')
  const other = await openTestHouse()
  try {
    await meet('127.0.0.1', undefined, other)
    assert.equal(await did('enrol', code), 'server-not-trusted')
  } finally {
    await other.stop()
  }
  await meet('127.0.0.1')
  await driver.ask('time', 4102444800)
  assert.equal(await did('enrol', code), 'certificate-expired')
  await driver.ask('time', 0)
  assert.equal(await did('enrol', code), 'ok', 'without a clock')
  await driver.ask('time', 1)
})
