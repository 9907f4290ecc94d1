// SPDX-License-Identifier: Apache-2.0
/** Keys that others have: computed from the signatures of a bad generator, or held by two devices. */
import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { openAlarm } from '#core/watch/alarm.ts'
import { allOf } from '#core/watch/pages.ts'
import { readSealed } from '#house/backup-read.ts'
import { signatureJobs } from '#house/keywatch/signature-jobs.ts'
import { keyAlgorithms } from '#trust/algorithms.ts'
import { curves, octetsOf } from '#trust/weak-keys/nonces/curve.ts'
import { certify, makeEntity } from '../made-certificates.ts'
import { askLocally, madeBackup } from '../support/backup.ts'
import { anyNumber, type KnownKey, knownKey, requestWithNonce } from '../support/chosen-nonces.ts'
import {
  type Answer,
  ask,
  type Credential,
  certificateIn,
  enrolled,
  openTestHouse,
  postEst,
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

/** What the clock would have done within a minute. */
async function watch(): Promise<void> {
  const { signal } = new AbortController()
  for (const job of signatureJobs(house.core, { lists: [] })) await job.run({ fence: 0, signal })
}

/** The client of a device whose generator repeats itself. */
async function enrolBadly(serial: string, key: KnownKey, nonce: bigint): Promise<Uint8Array> {
  const find = () => house.core.ledger.find('device', 'serial', [pump.id, serial])
  const known = await find()
  if (known !== undefined) {
    const answer = await askLocally(house, 'POST', `/devices/${known.id}/allow-re-enrol`, {
      reason: 'a test',
    })
    assert.equal(answer.status, 200, answer.text)
  }
  const device = (await find()) ?? (await withDevice(house, pump, serial))
  const code = await withCode(house, device)
  const request = requestWithNonce(key, nonce, { challengePassword: code.slice(0, 8) })
  return certificateIn(await postEst(house, 'simpleenroll', request, { user: serial, code }))
}

test('a client that signs twice with one nonce loses its key, and nothing that is kept tells the key', async () => {
  const key = knownKey('p-256')
  const nonce = anyNumber('p-256')
  const first = await enrolBadly('PUMP-1', key, nonce)
  await watch()
  const second = await enrolBadly('PUMP-1', key, nonce)
  await watch()

  const { ledger } = house.core
  const found = await ledger.find('key', 'fingerprint', [key.publicKey.fingerprint])
  assert.equal(found?.state, 'compromised')
  for (const certificate of [first, second]) {
    const answer = await ask(house, 'GET', '/whoami', { credential: shown(key, certificate) })
    assert.notEqual(answer.status, 200, 'it is cut off')
  }
  const alarm = await openAlarm('key-recovered', found?.id ?? '', ledger)
  assert.match(alarm?.text ?? '', /PUMP-1 .*revoked/)
  const findings = await Array.fromAsync(
    allOf('keyFinding', ledger, { by: 'owner', equal: [found?.owner] }),
  )
  assert.deepEqual(
    findings.map(({ kind, facts }) => [kind, facts.recovered]),
    [['nonce-repeated', true]],
  )
  await assertUntold([key.scalar, nonce])
})

/** Neither number stands anywhere: in no file of the data directory, in no event, no trouble, no backup. */
async function assertUntold(numbers: readonly bigint[]): Promise<void> {
  const spellings = numbers.flatMap((number) => {
    const bytes = Buffer.from(octetsOf(number, curves['p-256'].octets))
    const text = [bytes.toString('hex'), bytes.toString('hex').toUpperCase(), number.toString()]
    const base64 = [bytes.toString('base64').slice(0, 42), bytes.toString('base64url').slice(0, 42)]
    return [bytes.toString('latin1'), ...text, ...base64]
  })
  await house.sequence()
  const events = await askLocally(house, 'GET', '/log?limit=1000')
  assert.match(events.text, /key-weakness-found/)
  const backup = await madeBackup(house)
  let rows = 0
  const inBackup: string[] = []
  await readSealed(
    backup,
    {
      manifest: () => {},
      file: (_, bytes) => void inBackup.push(Buffer.from(bytes).toString('latin1')),
      rows: (table, some) => {
        rows += some.length
        inBackup.push(`${table} ${JSON.stringify(some, spelt)}`)
      },
    },
    house.core.clock,
    () => {},
  )
  assert.ok(rows > 0)
  const kept = [
    ...filesIn(house.directory).map((path) => readFileSync(path, 'latin1')),
    ...[events.text, JSON.stringify(house.troubles), ...inBackup],
  ]
  // What is searched for could be found: the key itself stands there.
  const { r } = (await Array.fromAsync(allOf('signature', house.core.ledger)))[0] ?? assert.fail()
  assert.ok(kept.some((text) => text.includes(Buffer.from(r).toString('latin1'))))
  assert.ok(inBackup.some((text) => text.includes(r.toHex())))
  for (const spelling of spellings) assert.ok(!kept.some((text) => text.includes(spelling)))
}

function spelt(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
}

function filesIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
}

/** A key of known scalar, as a TLS client needs it. */
function shown({ curve, scalar, publicKey, point }: KnownKey, certificate: Uint8Array): Credential {
  const { octets } = curves[curve]
  const url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
  const jwk = {
    ...{ kty: 'EC', crv: 'P-256', d: url(octetsOf(scalar, octets)) },
    ...{ x: url(point.subarray(0, octets)), y: url(point.subarray(octets)) },
  }
  assert.equal(keyAlgorithms[curve].make.type, 'ec')
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  return { key: { privateKey, publicKey }, certificate }
}

/** A second device asks with the key of the first, over a connection that proves it or not. */
async function askWith(
  holder: Credential,
  serial: string,
  credential?: Credential,
): Promise<Answer> {
  const device = await withDevice(house, pump, serial)
  const code = await withCode(house, device)
  const call = { user: serial, code, ...(credential && { credential }) }
  return postEst(house, 'simpleenroll', await requestBy(holder.key), call)
}

const whoAmI = async (credential: Credential) =>
  (await ask(house, 'GET', '/whoami', { credential })).status

test('two devices with one key are named when the second proves it live, and put away where that is wanted', async () => {
  const { ledger } = house.core
  const holder = await enrolled(house, pump, 'HOLDER-1')
  const { key } =
    (await ledger.list('certificate', { by: 'owner', equal: [holder.device.id], limit: 1 }))
      .items[0] ?? assert.fail()
  const old = await askWith(holder, 'STRANGER-1')
  assert.equal(await whoAmI(holder), 200)
  assert.equal(await openAlarm('key-held-twice', key, ledger), undefined)

  // A certificate of its own making over the key: TLS proves the key, whoever signed.
  const maker = await makeEntity('CN=nobody')
  const life = {
    notBefore: Temporal.Now.instant().round('second'),
    notAfter: Temporal.Now.instant().add({ hours: 1 }).round('second'),
  }
  const own = await certify({ ...maker, pair: holder.key }, maker, life)
  const live = await askWith(holder, 'STRANGER-2', { key: holder.key, certificate: own.der })
  assert.deepEqual([live.status, live.body], [old.status, old.body], 'the stranger hears the same')
  assert.match(live.body, /^key-has-another-owner: this key cannot be certified/)
  const alarm = await openAlarm('key-held-twice', key, ledger)
  assert.match(
    alarm?.text ?? '',
    /^device HOLDER-1 and device STRANGER-2 hold the same private key/,
  )
  assert.equal(await whoAmI(holder), 200, 'the usual policy is an alarm')

  const set = { shared: 'quarantine', product: pump.id, because: 'a test' }
  const answer = await askLocally(house, 'POST', '/key-policy', set)
  const policy = JSON.parse(answer.text)
  assert.deepEqual(policy, {
    ...{ recovered: 'revoke', shared: 'alarm' },
    products: [{ product: pump.id, productName: 'pump', shared: 'quarantine' }],
  })
  assert.deepEqual(JSON.parse((await askLocally(house, 'GET', '/key-policy')).text), policy)
  const wrong = await askLocally(house, 'POST', '/key-policy', { product: pump.id, because: 'x' })
  assert.equal(JSON.parse(wrong.text).code, 'input-wrong')

  const third = await askWith(holder, 'STRANGER-3', holder)
  assert.equal(third.body, live.body)
  assert.notEqual(await whoAmI(holder), 200)
  const devices = ['HOLDER-1', 'STRANGER-3', 'STRANGER-2'].map(async (serial) => {
    return (await ledger.find('device', 'serial', [pump.id, serial]))?.state
  })
  assert.deepEqual(await Promise.all(devices), ['quarantined', 'quarantined', 'expected'])
})
