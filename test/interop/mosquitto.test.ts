// SPDX-License-Identifier: Apache-2.0
/** Sessions at a real Mosquitto end with the trust in their devices, and no others do. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { wishOf } from '#core/enforcement/wish.ts'
import type { Enforcement } from '#core/ledger/tables.ts'
import { MosquittoDesk } from '#edge/brokers/mosquitto/mosquitto.ts'
import { placeAt } from '#edge/brokers/place.ts'
import { parsePem } from '#format/pem.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  type Credential,
  certificateIn,
  enrolled,
  openTestHouse,
  postEst,
  renewalBy,
  rootPem,
  type TestHouse,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'
import { type JoinedMosquitto, joinMosquitto } from '../support/joined-mosquitto.ts'
import { askLocal } from '../support/local-door.ts'
import { type Mosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.ts'
import { type MqttDevice, openDevice } from '../support/mqtt-device.ts'

const skip = withoutMosquitto

let house: TestHouse
let broker: Mosquitto
const pumps = new Map<string, Credential & { readonly device: { readonly id: string } }>()
let joined: JoinedMosquitto
const open: MqttDevice[] = []

before(async () => {
  if (skip) return
  house = await openTestHouse()
  const product = await withProduct(house)
  for (const serial of ['PUMP-1', 'PUMP-2', 'PUMP-3'])
    pumps.set(serial, await enrolled(house, product, serial))
  joined = await joinMosquitto(house)
  broker = joined.broker
})

after(async () => {
  for (const one of open) one.close()
  await house?.stop()
  await broker?.remove()
})

async function connect(serial: string): Promise<MqttDevice> {
  const credential = pumps.get(serial) ?? assert.fail(serial)
  const device = await openDevice(broker.url, serial.toLowerCase(), credential, joined.trust)
  open.push(device)
  return device
}

/** Asks the house for something, and gives what the integration confirmed of it. */
async function confirmed(path: string, body: object): Promise<Enforcement> {
  const { promise, resolve } = Promise.withResolvers<Enforcement>()
  const unfollow = house.feed.follow(({ puts }) => {
    // That of nobody is what a broker was told when it was added.
    for (const { kind, record } of puts)
      if (kind === 'enforcement' && record.state === 'confirmed' && record.owners > 0)
        resolve(record)
  })
  try {
    const asked = await askLocal(house, 'POST', path, body)
    assert.equal(asked.status, 200, JSON.stringify(asked.document))
    return await promise
  } finally {
    unfollow()
  }
}

function act(verb: 'quarantine' | 'release', serial: string): Promise<Enforcement> {
  const id = pumps.get(serial)?.device.id ?? assert.fail(serial)
  return confirmed(`/devices/${id}/${verb}`, { reason: 'a test of sessions' })
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

test('a pump that the plugin knows keeps what it was given there', { skip }, async () => {
  await told({ command: 'createClient', username: 'PUMP-2' })
  await told({ command: 'createRole', rolename: 'service' })
  await told({ command: 'addClientRole', username: 'PUMP-2', rolename: 'service' })
  await act('quarantine', 'PUMP-2')
  assert.deepEqual(await standing('PUMP-2'), ['vitalsign-barred', 'service', 'disabled'])
  await act('release', 'PUMP-2')
  assert.deepEqual(await standing('PUMP-2'), ['service'])
})

test('what somebody else had disabled stays disabled after a release', { skip }, async () => {
  await told({ command: 'disableClient', username: 'PUMP-2' })
  await act('quarantine', 'PUMP-2')
  assert.deepEqual(await standing('PUMP-2'), ['vitalsign-barred-as-found', 'service', 'disabled'])
  await act('release', 'PUMP-2')
  assert.deepEqual(await standing('PUMP-2'), ['service', 'disabled'])
  await told({ command: 'deleteClient', username: 'PUMP-2' })
})

test('a session that may have been opened with an ended certificate ends, and a good one may come', {
  skip,
}, async () => {
  const before = pumps.get('PUMP-3') ?? assert.fail()
  const key = await generateKey('p-256')
  const renewal = await renewalBy(key, before.certificate)
  const answer = await postEst(house, 'simplereenroll', renewal, { credential: before })
  pumps.set('PUMP-3', { ...before, key, certificate: certificateIn(answer) })
  const digest = sha256(before.certificate)
  const old = await house.core.ledger.find('certificate', 'sha256', [digest])
  for (const isKnown of [false, true]) {
    if (isKnown) await told({ command: 'createClient', username: 'PUMP-3' })
    const session = await connect('PUMP-3')
    const { sessionsEnded } = isKnown
      ? await confirmed('/integrations/floor-2/sync', {})
      : await confirmed(`/certificates/${old?.id}/revoke`, {
          reason: 'keyCompromise',
          because: 'a test',
        })
    await session.ended()
    assert.equal(sessionsEnded, 1)
    const again = await connect('PUMP-3')
    if (!isKnown) await again.roundTrip('telemetry/PUMP-3/pressure')
    again.close()
  }
  await told({ command: 'deleteClient', username: 'PUMP-3' })
})

test('what a broker missed while it was away it is told when it is back', { skip }, async () => {
  await broker.stop()
  const asked = act('quarantine', 'PUMP-1')
  assert.match(await failedOnce(), /the connection/)
  await broker.start()
  await askLocal(house, 'POST', '/integrations/floor-2/retry')
  const { tries } = await asked
  assert.ok(tries > 1)
  assert.deepEqual(await standing('PUMP-1'), ['vitalsign-barred', 'disabled'])
  await act('release', 'PUMP-1')
})

test('a broker that hangs is not waited for, and is told when it answers again', {
  skip,
}, async () => {
  const { items } = await house.core.ledger.list('integration', { limit: 1 })
  const integration = items[0] ?? assert.fail('no integration')
  const place = placeAt(join(house.directory, 'integrations'))
  const desk = new MosquittoDesk({ place, random: house.core.random, node: 'test' })
  const id = pumps.get('PUMP-1')?.device.id ?? assert.fail()
  const wish = await wishOf(id, 'end', house.core)
  const batch = { id: 'enf_1.0', act: 'end', revocation: null, wishes: [wish!] } as const
  const patient = AbortSignal.timeout(60_000)
  assert.deepEqual(await desk.examine(integration, patient), {
    ...{ kind: 'well', facts: { identity: 'common-name', sessions: 'counted' } },
  })
  const session = await connect('PUMP-1')
  broker.suspend()
  for (const state of ['connected', 'not connected']) {
    const giving = new AbortController()
    const hanging = desk.enforce(integration, batch, giving.signal)
    giving.abort()
    assert.deepEqual(await hanging, { kind: 'down', detail: 'it does not answer' }, state)
  }
  broker.resume()
  const enforced = await desk.enforce(integration, batch, patient)
  assert.equal(enforced.kind, 'enforced')
  await session.ended()
  await desk.close()
})

test('its administrator is never barred, whatever a certificate says', { skip }, async () => {
  const integration = (await house.core.ledger.list('integration', { limit: 1 })).items[0]!
  const place = placeAt(join(house.directory, 'integrations'))
  const desk = new MosquittoDesk({ place, random: house.core.random, node: 'test' })
  const [own] = parsePem(joined.administrator.cert)
  const shown = { id: 'crt_1', der: own!.bytes, endedAt: null, reason: null }
  const none = new Uint8Array(32)
  const certificates = [{ ...shown, sha256: none, serialNumber: none }]
  const wishes = [{ owner: 'dev_1', want: 'bar', deviceSerial: null, certificates }] as const
  const enforced = await desk.enforce(
    integration,
    { id: 'enf_1.0', act: 'end', revocation: null, wishes },
    AbortSignal.timeout(60_000),
  )
  const detail = 'its user test server is how we come to it ourselves'
  assert.deepEqual(enforced, { kind: 'refused', detail })
  await desk.close()
})

test('a list that is kept fresh refuses the handshake, and drops nobody who is connected', {
  skip,
}, async () => {
  const file = join(temporaryDirectory(), 'crl.pem')
  const issuers = join(temporaryDirectory(), 'issuers.pem')
  writeFileSync(issuers, joined.trust.chain + rootPem(house))
  const { host, port } = house.addresses.status
  const list = `http://${host}:${port}/crl/issuing-1.crl`
  const keep = (...more: readonly string[]) =>
    command('crl', 'keep', '--list', list, '--issuers', issuers, '--output', file, ...more)
  assert.match((await keep()).stdout, /is new/)
  // The broker's administrator is of another authority, which has a list of its own.
  const other = await startMosquitto({
    ...{ anchors: rootPem(house) + joined.trust.chain, crl: readFileSync(file, 'utf8') },
    ...{ certificate: joined.own.cert, key: joined.own.key, administrators: [] },
  })
  try {
    const open = (serial: string) =>
      openDevice(other.url, serial, pumps.get(serial) ?? assert.fail(), joined.trust)
    const [first, second] = [await open('PUMP-1'), await open('PUMP-2')]
    await act('quarantine', 'PUMP-1')
    const pidFile = `${file}.pid`
    writeFileSync(pidFile, `${other.pid}\n`)
    const place = join(other.directory, 'crl.pem')
    const from = other.log.length
    const again = await command(
      ...['crl', 'keep', '--list', list, '--issuers', issuers, '--output', place],
      ...['--reload-pid-file', pidFile],
    )
    assert.match(again.stdout, /2 entries.*\n.*is new/)
    await other.heard(/Reloading config/, from)
    await assert.rejects(open('PUMP-1'))
    await (await open('PUMP-3')).roundTrip('telemetry/PUMP-3/pressure')
    assert.deepEqual([first.isLive, second.isLive], [true, true])
    await second.roundTrip('telemetry/PUMP-2/pressure')
    const wrong = await command(
      'crl',
      'keep',
      '--list',
      list,
      '--output',
      place,
      '--issuers',
      roots(),
    )
    assert.equal(wrong.status, 1)
    assert.match(wrong.stdout, /no certificate of .* is in --issuers\n.*stays as it was/)
    await act('release', 'PUMP-1')
  } finally {
    await other.remove()
  }
})

/** A file with a certificate of somebody else. */
function roots(): string {
  const file = join(temporaryDirectory(), 'roots.pem')
  writeFileSync(file, joined.trust.roots)
  return file
}

async function command(...words: readonly string[]) {
  const child = spawn(process.execPath, ['bin/vitalsign.ts', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  const [status] = await once(child, 'close')
  return { status, stdout }
}

/** Why the next enforcement that fails did. */
function failedOnce(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const unfollow = house.feed.follow(({ puts }) => {
    for (const { kind, record } of puts)
      if (kind === 'enforcement' && record.state === 'failed') {
        unfollow()
        resolve(record.lastError ?? '')
      }
  })
  return promise
}

/** Says something to the broker's dynamic security, as another administrator. */
async function told(command: object): Promise<unknown> {
  const { connectAsync } = await import('mqtt')
  const topic = '$CONTROL/dynamic-security/v1'
  const client = await connectAsync(broker.url, {
    ...joined.administrator,
    ca: joined.trust.roots,
  })
  try {
    await client.subscribeAsync(`${topic}/response`)
    const { promise, resolve } = Promise.withResolvers<string>()
    client.on('message', (_, payload) => {
      if (payload.includes('"by-hand"')) resolve(payload.toString())
    })
    const commands = [{ ...command, correlationData: 'by-hand' }]
    await client.publishAsync(topic, JSON.stringify({ commands }))
    const [{ error, data }] = JSON.parse(await promise).responses
    assert.equal(error, undefined)
    return data
  } finally {
    client.end(true)
  }
}

/** The roles of a user as the broker has them, and whether it is disabled. */
async function standing(username: string): Promise<readonly string[]> {
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  const { client } = (await told({ command: 'getClient', username })) as any
  const roles = client.roles.map(({ rolename }: { rolename: string }) => rolename)
  return client.disabled ? [...roles, 'disabled'] : roles
}
