// SPDX-License-Identifier: Apache-2.0
/** The port for old devices, and what the log says of TLS settings. */
import assert from 'node:assert/strict'
import { request } from 'node:https'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { parseEvent } from '#core/audit/encode-event.ts'
import type { AuditEvent } from '#core/audit/event.ts'
import type { ListenAddress } from '#edge/http/front.ts'
import { encodePem } from '#format/pem.ts'
import { readConfiguration } from '#house/configuration.ts'
import { examine } from '#house/doctor.ts'
import { encodePrivateKey } from '#trust/private-key.ts'
import {
  type Credential,
  enrolled,
  fetchStatus,
  openTestHouse,
  postEst,
  renewalBy,
  rootPem,
  type TestHouse,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'

const oldDevices = ['--legacy-listen', '127.0.0.1:0']

async function eventsOf(house: TestHouse): Promise<readonly AuditEvent[]> {
  await house.sequence()
  const { size } = await house.log.head()
  const events = await house.log.events(0, size)
  return events
    .flatMap(({ body }) => (body === null ? [] : [parseEvent(body.bytes)]))
    .filter(({ type }) => type === 'tls-settings-changed')
}

test('the log has the TLS settings at each start at which they changed, and only then', async () => {
  const directory = temporaryDirectory()
  const told: AuditEvent[][] = []
  for (const words of [[], [], oldDevices, []]) {
    const house = await openTestHouse(directory, {}, words)
    told.push([...(await eventsOf(house))])
    const relaxed = await house.core.ledger.list('exception', {
      ...{ by: 'rule', equal: ['tls-1.3-only'], limit: 9 },
    })
    assert.equal(relaxed.items.length, told.length > 2 ? 1 : 0)
    await house.stop()
    assert.deepEqual(house.troubles, [])
  }
  assert.deepEqual(
    told.map(({ length }) => length),
    [1, 1, 2, 3],
  )
  const [first, second, third] = told.at(-1) ?? assert.fail()
  const { before, sha256, devicesVersions, devicesGroups, legacyListen } = first?.facts ?? {}
  assert.deepEqual([before, devicesVersions, legacyListen], [null, 'TLSv1.3', 'off'])
  assert.equal(devicesGroups, 'X25519MLKEM768 X25519 P-256 P-384')
  assert.equal(second?.facts['before'], sha256)
  assert.equal(second?.facts['legacyVersions'], 'TLSv1.2 to TLSv1.3')
  assert.equal(third?.facts['sha256'], sha256)
})

test('an old device may do at its port what it may at the other one, and is seen', async () => {
  const house = await openTestHouse(temporaryDirectory(), {}, oldDevices)
  try {
    const legacy = house.addresses.legacy ?? assert.fail()
    const device = await enrolled(house, await withProduct(house), 'PUMP-0001')
    const there = { ...house, addresses: { ...house.addresses, devices: legacy } }
    const renewal = await renewalBy(device.key, device.certificate)
    const renewed = await postEst(there, 'simplereenroll', renewal, { credential: device })
    assert.equal(renewed.status, 200, renewed.body)

    const [here, old] = await Promise.all([
      whoami(house, house.addresses.devices, 'TLSv1.3', device),
      whoami(house, legacy, 'TLSv1.2', device),
    ])
    assert.deepEqual(old, here)
    assert.match(here, /PUMP-0001/)
    await assert.rejects(
      whoami(house, house.addresses.devices, 'TLSv1.2', device),
      /protocol version/i,
    )

    const page = new TextDecoder().decode((await fetchStatus(house, '/metrics')).body)
    const spoken = 'vitalsign_tls_handshakes_by_version_total'
    assert.match(page, new RegExp(`${spoken}{port="legacy",version="TLSv1.2"} 1\n`))
    assert.match(page, new RegExp(`${spoken}{port="devices",version="TLSv1.2"} 0\n`))
    assert.match(
      page,
      /vitalsign_http_requests_total{port="legacy",operation="whoami",status="200"} 1\n/,
    )

    const configuration = readConfiguration([
      '--data',
      house.directory,
      '--legacy-listen',
      '127.0.0.1:8445',
    ])
    const found = await examine(house.core, configuration, { production: true })
    const tls = found.find(({ check }) => check === 'TLS')
    assert.equal(tls?.verdict, 'warning')
    assert.match(tls?.found ?? '', /TLSv1\.2 at port 8445 \(legacy-listen\)/)
  } finally {
    await house.stop()
  }
  assert.deepEqual(house.troubles, [])
})

test('a renewed identity of the server is shown at both ports', async () => {
  const house = await openTestHouse(temporaryDirectory(), {}, oldDevices)
  try {
    const { devices, legacy = assert.fail() } = house.addresses
    assert.equal(await shownAt(devices, house), await shownAt(legacy, house))
  } finally {
    await house.stop()
  }
})

function shownAt({ host, port }: ListenAddress, house: TestHouse): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
  const socket = connect({ host, port, ca: rootPem(house), servername: 'localhost' }, () => {
    resolve(socket.getPeerX509Certificate()?.fingerprint256)
    socket.destroy()
  })
  socket.once('error', reject)
  return promise
}

function whoami(
  house: TestHouse,
  { host, port }: ListenAddress,
  version: 'TLSv1.2' | 'TLSv1.3',
  { key, certificate }: Credential,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const only = { minVersion: version, maxVersion: version, agent: false, ca: rootPem(house) }
  const identity = {
    key: encodePem('PRIVATE KEY', encodePrivateKey(key.privateKey)),
    cert: encodePem('CERTIFICATE', certificate),
  }
  request({ host, port, path: '/whoami', ...only, ...identity }, async (answer) => {
    answer.setEncoding('utf8')
    resolve((await answer.toArray()).join(''))
  })
    .on('error', reject)
    .end()
  return promise
}
