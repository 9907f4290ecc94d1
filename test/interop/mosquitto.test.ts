// SPDX-License-Identifier: Apache-2.0
/** Sessions at a real Mosquitto end with the trust in their devices, and no others do. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Enforcement } from '#core/ledger/tables.ts'
import { keyPurposes } from '#format/oids.ts'
import { encodePem } from '#format/pem.ts'
import { issueServer, makeRoot, pemOf } from '../journeys/support/est-authority.ts'
import {
  type Credential,
  enrolled,
  openTestHouse,
  rootPem,
  type TestHouse,
  withProduct,
} from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'
import { type Mosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.ts'
import { type MqttDevice, openDevice } from '../support/mqtt-device.ts'

const skip = withoutMosquitto

let house: TestHouse
let broker: Mosquitto
let trust: { readonly chain: string; readonly roots: string }
const pumps = new Map<string, Credential & { readonly device: { readonly id: string } }>()
const open: MqttDevice[] = []

before(async () => {
  if (skip) return
  house = await openTestHouse()
  const product = await withProduct(house)
  for (const serial of ['PUMP-1', 'PUMP-2', 'PUMP-3'])
    pumps.set(serial, await enrolled(house, product, serial))
  const now = Temporal.Now.instant()
  const span = { notBefore: now.subtract({ hours: 1 }), notAfter: now.add({ hours: 24 }) }
  const root = await makeRoot('broker root')
  const own = await issueServer(root, span)
  // Its common name is "test server": by that the broker knows its administrator.
  const administrator = await issueServer(root, span, ['vitalsign'], keyPurposes.clientAuth)
  const issuers = house.core.doors.own.map(({ certificate }) =>
    encodePem('CERTIFICATE', certificate),
  )
  trust = { chain: issuers.join(''), roots: pemOf([root.certificate]) }
  broker = await startMosquitto({
    anchors: rootPem(house) + issuers.join('') + pemOf([root.certificate]),
    ...{ certificate: own.cert, key: own.key, administrators: ['test server'] },
  })
  const files = join(house.directory, 'integrations')
  mkdirSync(files)
  for (const [name, text] of [
    ['admin.pem', administrator.cert],
    ['admin.key', administrator.key],
    ['roots.pem', pemOf([root.certificate])],
  ] as const)
    writeFileSync(join(files, name), text, { mode: 0o600 })
  const added = await askLocal(house, 'POST', '/integrations', {
    ...{ name: 'floor-2', kind: 'mosquitto', address: broker.url },
    ...{ certificateFile: 'admin.pem', keyFile: 'admin.key', rootsFile: 'roots.pem' },
  })
  assert.equal(added.status, 201, JSON.stringify(added.document))
})

after(async () => {
  for (const one of open) one.close()
  await house?.stop()
  await broker?.remove()
})

async function connect(serial: string): Promise<MqttDevice> {
  const credential = pumps.get(serial) ?? assert.fail(serial)
  const device = await openDevice(broker.url, serial.toLowerCase(), credential, trust)
  open.push(device)
  return device
}

/** Does something to a device, and gives what the integration confirmed of it. */
async function act(verb: 'quarantine' | 'release', serial: string): Promise<Enforcement> {
  const id = pumps.get(serial)?.device.id ?? assert.fail(serial)
  const { promise, resolve } = Promise.withResolvers<Enforcement>()
  const unfollow = house.feed.follow(({ puts }) => {
    for (const put of puts)
      if (put.kind === 'enforcement' && put.record.state === 'confirmed') resolve(put.record)
  })
  try {
    const asked = await askLocal(house, 'POST', `/devices/${id}/${verb}`, {
      reason: 'a test of sessions',
    })
    assert.equal(asked.status, 200, JSON.stringify(asked.document))
    return await promise
  } finally {
    unfollow()
  }
}

test('the session of a quarantined pump ends, and all others keep their socket', {
  skip,
}, async () => {
  const [first, second, third] = [
    await connect('PUMP-1'),
    await connect('PUMP-2'),
    await connect('PUMP-3'),
  ]
  const ports = [second.port, third.port]
  const confirmed = await act('quarantine', 'PUMP-1')
  await first.ended()
  assert.deepEqual(
    [confirmed.owners, confirmed.sessionsEnded, confirmed.sessionsKnown],
    [1, 1, true],
  )
  assert.deepEqual([second.port, third.port], ports)
  assert.deepEqual([second.isLive, third.isLive], [true, true])
  await second.roundTrip('telemetry/PUMP-2/pressure')
  await third.roundTrip('telemetry/PUMP-3/pressure')
})

test('a barred pump that comes again may say and hear nothing', { skip }, async () => {
  const again = await connect('PUMP-1')
  await assert.rejects(again.roundTrip('telemetry/PUMP-1/pressure'))
  again.close()
})

test('a released pump works again', { skip }, async () => {
  await act('release', 'PUMP-1')
  const again = await connect('PUMP-1')
  await again.roundTrip('telemetry/PUMP-1/pressure')
})
