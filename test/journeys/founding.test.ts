// SPDX-License-Identifier: Apache-2.0
/** How an installation is founded, and that it stays what it was through every stop. */
import assert from 'node:assert/strict'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { parseCertificate } from '#format/x509/certificate.ts'
import { readConfiguration } from '#house/configuration.ts'
import { openHouse } from '#house/house.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  ask,
  certificateIn,
  enrolled,
  isIssuedBy,
  openTestHouse as openHouseOf,
  postEst,
  renewalBy,
  requestBy,
  rootPem,
  type TestHouse,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'
import { eventsOf, expectDevice, refusalOf } from '../support/refusing.ts'

const opened: TestHouse[] = []
/** To stop twice does nothing, so a test that fails half-way leaves no house open. */
afterEach(async () => {
  for (const house of opened.splice(0)) await house.stop()
})

async function openTestHouse(...asked: Parameters<typeof openHouseOf>): Promise<TestHouse> {
  const house = await openHouseOf(...asked)
  opened.push(house)
  return house
}

for (const algorithm of [
  ...(['ml-dsa-65', 'p-384', 'rsa-3072', 'ed25519', 'ed448', 'rsa-pss-3072'] as const),
  ...(['slh-dsa-sha2-128f', 'slh-dsa-shake-192f'] as const),
] as const) {
  test(`an installation founded on ${algorithm} enrols, renews and publishes`, async () => {
    const words = ['--algorithm', algorithm, '--root-algorithm', algorithm]
    const house = await openTestHouse(undefined, {}, words)
    const own = house.core.doors.own.map((one) => one.algorithm)
    assert.deepEqual(own, [algorithm, algorithm])
    const pump = await withProduct(house)
    const device = await enrolled(house, pump, 'PUMP-1')
    const renewal = await renewalBy(device.key, device.certificate)
    const answer = await postEst(house, 'simplereenroll', renewal, { credential: device })
    assert.equal(isIssuedBy(house, certificateIn(answer)), true)
    await house.stop()
    assert.deepEqual(house.troubles, [])
  })
}

test('production asks for a public name before the first certificate', () => {
  const data = temporaryDirectory()
  const words = ['--data', data, '--environment', 'production']
  assert.throws(() => readConfiguration(words), {
    code: 'configuration-wrong',
    message: /public-url: production needs one/,
  })
})

test('a production installation writes its public name into certificates, and keeps it for ever', async () => {
  const data = temporaryDirectory()
  const passphrase = join(temporaryDirectory(), 'passphrase')
  writeFileSync(passphrase, 'seven green kettles sing\n', { mode: 0o600 })
  const words = ['--environment', 'production', '--passphrase-file', passphrase]
  const named = [...words, '--public-url', 'http://pki.example.com']
  const house = await openTestHouse(data, {}, named)
  const { certificate } = await enrolled(house, await withProduct(house), 'PUMP-1')
  const text = Buffer.from(certificate).toString('latin1')
  assert.match(text, /http:\/\/pki\.example\.com\/crl\/issuing-1\/\d+\.crl/)
  await house.stop()
  const moved = [...words, '--public-url', 'http://other.example.com']
  await assert.rejects(openTestHouse(data, {}, moved), {
    code: 'configuration-wrong',
    message: /cannot change/,
  })
  const again = await openTestHouse(data, {}, named)
  assert.equal(again.core.environment, 'production')
  await again.stop()
})

test('keys without their passphrase, or with a wrong one, stay closed', async () => {
  const data = temporaryDirectory()
  const house = await openTestHouse(data)
  await house.stop()
  const wrong = join(temporaryDirectory(), 'passphrase')
  writeFileSync(wrong, 'not the one that was given at first\n', { mode: 0o600 })
  const words = ['--passphrase-file', wrong]
  await assert.rejects(openTestHouse(data, {}, words), { code: 'key-locked' })
  renameSync(join(data, 'unlock'), join(data, 'taken'))
  await assert.rejects(openTestHouse(data), { code: 'key-locked' })
  renameSync(join(data, 'taken'), join(data, 'unlock'))
  await (await openTestHouse(data)).stop()
})

test('the root directory can be taken away: the server runs, and starts, without it', async () => {
  const data = temporaryDirectory()
  const first = await openTestHouse(data)
  const pump = await withProduct(first)
  rmSync(join(data, 'root'), { recursive: true })
  await enrolled(first, pump, 'PUMP-1')
  await first.stop()
  const second = await openTestHouse(data)
  await enrolled(second, pump, 'PUMP-2')
  assert.equal(rootPem(second), rootPem(first))
  await second.stop()
  assert.deepEqual([...first.troubles, ...second.troubles], [])
})

test('a restart keeps root, devices, codes and log, and the log goes on', async () => {
  const data = temporaryDirectory()
  const first = await openTestHouse(data)
  const pump = await withProduct(first)
  const device = await enrolled(first, pump, 'PUMP-1')
  const waiting = await expectDevice(first, pump, 'PUMP-2')
  await first.sequence()
  const before = await first.log.head()
  await first.stop()
  const second = await openTestHouse(data)
  assert.equal(rootPem(second), rootPem(first))
  assert.equal((await ask(second, 'GET', '/whoami', { credential: device })).status, 200)
  const request = await requestBy(await generateKey('p-256'))
  certificateIn(await postEst(second, 'simpleenroll', request, waiting))
  await second.sequence()
  const after = await second.log.head()
  assert.ok(after.size > before.size)
  assert.equal(after.checkpoint?.note.split('\n')[0], before.checkpoint?.note.split('\n')[0])
  const [stopped] = await eventsOf(second, 'server-stopped')
  assert.deepEqual(stopped?.actor, { kind: 'house', id: 'start' })
  await second.stop()
})

test('the answer to a repeated request survives a restart', async () => {
  const data = temporaryDirectory()
  const first = await openTestHouse(data)
  const pump = await withProduct(first)
  const waiting = await expectDevice(first, pump, 'PUMP-1')
  const request = await requestBy(await generateKey('p-256'))
  const answered = certificateIn(await postEst(first, 'simpleenroll', request, waiting))
  await first.stop()
  const second = await openTestHouse(data)
  assert.deepEqual(certificateIn(await postEst(second, 'simpleenroll', request, waiting)), answered)
  await second.stop()
})

test('clients of two houses are strangers to each other', async () => {
  const [one, other] = [await openTestHouse(), await openTestHouse()]
  const device = await enrolled(one, await withProduct(one), 'PUMP-1')
  const same = await enrolled(other, await withProduct(other), 'PUMP-1')
  const key = await generateKey('p-256')
  for (const [house, credential] of [
    [other, device],
    [one, same],
  ] as const) {
    assert.equal(await refusalOf(house, key, { credential }), '403 certificate-unknown')
    const whoami = await ask(house, 'GET', '/whoami', { credential })
    assert.match(`${whoami.status} ${whoami.body}`, /^403 .*certificate-unknown/)
  }
  // And a device of the one does not take the other for its server.
  await assert.rejects(ask({ ...other, core: one.core } as TestHouse, 'GET', '/whoami'), {
    code: /CERT|ISSUER|SIGNATURE|VERIFY/,
  })
  await one.stop()
  await other.stop()
})

test('a second server on the same directory refuses to start, and says who holds it', async () => {
  const house = await openTestHouse()
  await assert.rejects(openTestHouse(house.directory), {
    code: 'data-directory-held',
    message: new RegExp(`is held by .*${process.pid}`),
  })
  await enrolled(house, await withProduct(house), 'PUMP-1')
  await house.stop()
  await (await openTestHouse(house.directory)).stop()
})

test('a port that is taken is named, and nothing stays held', async () => {
  const house = await openTestHouse()
  const { port } = house.addresses.devices
  const words = ['--data', temporaryDirectory(), '--listen', `127.0.0.1:${port}`]
  const free = ['--operator-listen', '127.0.0.1:0', '--status-listen', '127.0.0.1:0']
  const configuration = readConfiguration([...words, ...free])
  for (let tries = 0; tries < 2; tries++) {
    await assert.rejects(
      openHouse(configuration, () => {}),
      { code: 'port-taken', message: new RegExp(String(port)) },
    )
  }
  await house.stop()
})

test('a clock behind the last event signs nothing, and goes on when it is right again', async () => {
  let behind = Temporal.Duration.from({ minutes: 0 })
  const clock = { now: () => Temporal.Now.instant().subtract(behind) }
  const house = await openTestHouse(undefined, { clock })
  const waiting = await expectDevice(house, await withProduct(house), 'PUMP-1')
  const request = await requestBy(await generateKey('p-256'))
  behind = Temporal.Duration.from({ minutes: 30 })
  const refused = await postEst(house, 'simpleenroll', request, waiting)
  assert.equal(`${refused.status} ${refused.body.split(':')[0]}`, '503 clock-behind')
  assert.equal(refused.headers['retry-after'], '60')
  behind = Temporal.Duration.from({ minutes: 0 })
  certificateIn(await postEst(house, 'simpleenroll', request, waiting))
})

test('what was acknowledged before an orderly stop is there after it', async () => {
  const data = temporaryDirectory()
  const first = await openTestHouse(data)
  const pump = await withProduct(first)
  const devices = []
  for (let count = 0; count < 8; count++) {
    devices.push(await expectDevice(first, pump, `PUMP-${count}`))
  }
  const requests = await Promise.all(devices.map(async () => requestBy(await generateKey('p-256'))))
  const answers = devices.map((device, index) =>
    postEst(first, 'simpleenroll', requests[index]!, device).then(
      certificateIn,
      () => undefined, // came too late: its connection was not taken any more
    ),
  )
  await answers[0]
  await first.stop()
  const issued = (await Promise.all(answers)).filter((one) => one !== undefined)
  assert.ok(issued.length > 0)
  const second = await openTestHouse(data)
  for (const der of issued) {
    const serialNumber = parseCertificate(der).serialNumber
    const issuer = second.core.doors.own.find(({ kind }) => kind === 'issuing')
    const record = await second.core.ledger.find('certificate', 'serialNumber', [
      issuer?.id,
      serialNumber,
    ])
    assert.equal(record?.state, 'issued')
  }
  await second.stop()
  assert.deepEqual(first.troubles, [])
})
