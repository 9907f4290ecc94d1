// SPDX-License-Identifier: Apache-2.0
/** Nothing can be signed, past half of a list's life and past its end: who is told, and what those outside do. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { Fault } from '#core/fault.ts'
import { watchOnce } from '#core/watch/watch.ts'
import { encodePem, parsePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { sameName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { crlSource } from '#trust/peer/crl/crl-source.ts'
import { readRevocationList } from '#trust/peer/crl/revocation-list.ts'
import { verifyPeer } from '#trust/peer/verify-peer.ts'
import { encodePrivateKey } from '#trust/private-key.ts'
import { anchorOf } from '#trust/trust-anchor.ts'
import {
  type Credential,
  enrolled,
  fetchStatus,
  openTestHouse,
  type TestHouse,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'
import { type Nginx, startNginx, withoutNginx } from '../support/nginx.ts'
import { makeTestAuthority, pemOf, type TestIdentity } from '../tls-certificates.ts'

const mosquitto = '/usr/sbin/mosquitto'
const isThere = spawnSync(mosquitto, ['-h']).error === undefined
const withoutMosquitto =
  isThere || process.env['PEERS'] === 'required' ? false : 'mosquitto is missing'

const directory = temporaryDirectory()
const file = (name: string) => join(directory, name)
const day = 24
/** How far the server's clock is behind the true one; programs of others have the true one. */
let behind = { hours: 9 * day }
const clock = { now: () => Temporal.Now.instant().subtract(behind) }
let keysAreAway = false
let house: TestHouse
let device: Credential
let stolen: Credential
let server: TestIdentity
let serverRoot: string

function open(at?: string): Promise<TestHouse> {
  return openTestHouse(at, {
    clock,
    wrapKeys: (keys) => ({
      make: (algorithm, keyId, place) => keys.make(algorithm, keyId, place),
      has: (keyId) => keys.has(keyId),
      sign: async (keyId, toBeSigned) => {
        if (keysAreAway && keyId.startsWith('key_'))
          throw new Fault('key-missing', 'the token was taken away')
        return keys.sign(keyId, toBeSigned)
      },
    }),
    // Timed work is done by this test, when it has set the clock.
    wait: (_, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
      ),
  })
}

before(async () => {
  house = await open()
  const product = await withProduct(house)
  device = await enrolled(house, product, 'PUMP-0001')
  stolen = await enrolled(house, product, 'PUMP-0002')
  const shown = [sha256(stolen.certificate)]
  const record = await house.core.ledger.find('certificate', 'sha256', shown)
  const revoked = await askLocal(house, 'POST', `/certificates/${record?.id}/revoke`, {
    ...{ reason: 'keyCompromise', because: 'it was stolen' },
  })
  assert.equal(revoked.status, 200, JSON.stringify(revoked.document))
  const authority = await makeTestAuthority('Gateway')
  ;[server, serverRoot] = [await authority.issue('gateway'), authority.rootPem]
  writeFileSync(file('device.pem'), encodePem('CERTIFICATE', device.certificate))
  writeFileSync(file('server.pem'), pemOf(server.chain))
  writeFileSync(file('server.key'), server.key)
  const own = house.core.doors.own.map(({ certificate }) => encodePem('CERTIFICATE', certificate))
  writeFileSync(file('authorities.pem'), own.join(''))
  await house.core.shelf.refresh(house.core.doors.own)
  await fetchLists()
})
after(async () => {
  keysAreAway = false
  await house.stop()
})

/** The lists of all authorities of the house, as they are served now. */
async function fetchLists(): Promise<Temporal.Instant> {
  const lists = await Promise.all(
    house.core.doors.own.map(({ name }) => fetchStatus(house, `/crl/${name}.crl`)),
  )
  writeFileSync(file('lists.pem'), lists.map(({ body }) => encodePem('X509 CRL', body)).join(''))
  const ends = lists.map(({ body }) => parseCrl(body).nextUpdate ?? assert.fail('no end'))
  return ends.toSorted(Temporal.Instant.compare)[0] ?? assert.fail('no list')
}

/** What the server's own job does, at the time that its clock has now. */
async function work(): Promise<readonly string[]> {
  await house.core.shelf.refresh(house.core.doors.own)
  await watchOnce(house.core, new AbortController().signal)
  const { document } = await askLocal(house, 'GET', '/alarms?kind=status-stale&state=open')
  return document.items.map(({ severity }: { severity: string }) => severity)
}

/** Whether openssl, with the lists and without, believes the device. */
function openssl(...words: string[]): { readonly good: boolean; readonly said: string } {
  const trust = ['-CAfile', file('authorities.pem'), '-CRLfile', file('lists.pem')]
  const ran = spawnSync('openssl', ['verify', ...trust, ...words, file('device.pem')], {
    encoding: 'utf8',
  })
  return { good: ran.status === 0, said: ran.stdout + ran.stderr }
}

test('half of a life without a successor is an alarm, its end a critical one, and a new list clears it', async () => {
  keysAreAway = true
  behind = { hours: 9 * day - 3 * day }
  assert.deepEqual(await work(), [], 'three days of eight: one more makes half')
  behind = { hours: 9 * day - 5 * day }
  assert.deepEqual(await work(), ['warning'])
  behind = { hours: 0 }
  assert.deepEqual(await work(), ['critical'])

  const { document } = await askLocal(house, 'GET', '/doctor')
  const lists = document.findings.find(
    ({ check }: { check: string }) => check === 'revocation lists',
  )
  assert.match(lists.found, /could not be made: the token was taken away/)
  const page = new TextDecoder().decode((await fetchStatus(house, '/metrics')).body)
  const [, ends] =
    /^vitalsign_crl_next_update_timestamp_seconds\{authority="issuing-1"\} (\d+)$/m.exec(page) ?? []
  assert.ok(Number(ends) < clock.now().epochMilliseconds / 1000, 'a watcher outside sees it')
})

test('the list that has ended is served on as it is, and may be kept by nobody', async () => {
  const ended = await fetchLists()
  assert.ok(Temporal.Instant.compare(ended, clock.now()) < 0)
  const { host, port } = house.addresses.status
  const name = house.core.doors.own.find(({ kind }) => kind === 'issuing')?.name
  const answer = await fetch(`http://${host}:${port}/crl/${name}.crl`)
  assert.equal(answer.headers.get('cache-control'), 'public, max-age=0')
})

test('openssl fails closed with a list that has ended, and open without looking', () => {
  const closed = openssl('-crl_check_all')
  assert.deepEqual([closed.good, /CRL has expired/.test(closed.said)], [false, true], closed.said)
  assert.equal(openssl().good, true)
})

test('a server on Node fails closed if it was given lists, and says why', async () => {
  assert.equal(await nodeSays(true), 'CRL_HAS_EXPIRED')
  assert.equal(await nodeSays(false), 'good')
})

test('the verifier of applications fails as it was told, and open lets no one in who is known to be revoked', async () => {
  assert.equal(await verifierSays(device, 'refuse'), 'status-outdated')
  assert.equal(await verifierSays(device, 'accept'), 'trusted, status unknown')
  assert.equal(await verifierSays(stolen, 'accept'), 'certificate-revoked')
})

test('nginx with ssl_crl turns every device away', { skip: withoutNginx }, async () => {
  const nginx = await nginxWithLists()
  try {
    assert.equal(await nginxSays(nginx), '400')
  } finally {
    await nginx.stop()
  }
})

test('mosquitto with crlfile turns every device away', { skip: withoutMosquitto }, async () => {
  assert.equal(await mosquittoSays(), 'refused')
})

test('once the key is back, the list is there, the alarm goes, and all are let in again', async () => {
  keysAreAway = false
  assert.deepEqual(await work(), [])
  assert.ok(Temporal.Instant.compare(await fetchLists(), clock.now().add({ hours: 7 * day })) > 0)
  assert.equal(openssl('-crl_check_all').good, true, openssl('-crl_check_all').said)
  assert.equal(await nodeSays(true), 'good')
  assert.equal(await verifierSays(device, 'refuse'), 'trusted, status good')
  if (withoutMosquitto === false) assert.equal(await mosquittoSays(), 'let in')
  if (withoutNginx !== false) return
  const nginx = await nginxWithLists()
  try {
    assert.equal(await nginxSays(nginx), '200')
  } finally {
    await nginx.stop()
  }
})

test('a server that was down past the end of its lists serves new ones from its first answer on', async () => {
  await house.stop()
  behind = { hours: -9 * day }
  house = await open(house.directory)
  assert.ok(Temporal.Instant.compare(await fetchLists(), clock.now()) > 0)
  assert.deepEqual(await work(), [])
})

function identity() {
  return {
    key: encodePem('PRIVATE KEY', encodePrivateKey(device.key.privateKey)),
    cert: encodePem('CERTIFICATE', device.certificate),
  }
}

/** What a TLS server on Node finds of the device: `good`, or why not. */
async function nodeSays(withLists: boolean): Promise<string> {
  const read = (name: string) => readFileSync(file(name), 'utf8')
  const { promise, resolve } = Promise.withResolvers<string>()
  const own = createServer(
    {
      ...{ key: server.key, cert: read('server.pem'), ca: read('authorities.pem') },
      ...{ requestCert: true, rejectUnauthorized: false },
      ...(withLists && { crl: listsOf(read('lists.pem')) }),
    },
    (socket) => {
      resolve(socket.authorized ? 'good' : String(socket.authorizationError))
      socket.destroy()
    },
  ).listen(0, '127.0.0.1')
  await once(own, 'listening')
  const { port } = own.address() as AddressInfo
  const to = { host: '127.0.0.1', port, ca: serverRoot, servername: 'localhost' }
  connect({ ...to, ...identity() }).on('error', () => {})
  return promise.finally(() => own.close())
}

/** What an application of ours decides, with the lists that were fetched last. */
async function verifierSays(
  { certificate }: Credential,
  whenUnknown: 'refuse' | 'accept',
): Promise<string> {
  const lists = listsOf(readFileSync(file('lists.pem'), 'utf8')).map((pem) =>
    readRevocationList(parsePem(pem)[0]?.bytes ?? assert.fail('no list')),
  )
  const own = house.core.doors.own.map((one) => parseCertificate(one.certificate))
  const root = own.find(({ subject, issuer }) => sameName(subject, issuer)) ?? assert.fail()
  const anchor = anchorOf(root)
  const answer = await verifyPeer({
    ...{ chain: [certificate], intermediates: own, purpose: 'device', at: clock.now() },
    anchors: anchor.kind === 'anchor' ? [anchor.anchor] : [],
    status: { sources: [crlSource(() => lists)], whenUnknown, scope: 'path' },
  })
  return answer.kind === 'trusted' ? `trusted, status ${answer.status.kind}` : answer.reason
}

/** Node takes one list each. */
function listsOf(pem: string): string[] {
  return pem.split(/(?<=-----END X509 CRL-----\n)/)
}

function nginxWithLists(): Promise<Nginx> {
  return startNginx({
    ports: 1,
    http: ([port]) => `server {
      listen 127.0.0.1:${port} ssl;
      ssl_certificate ${file('server.pem')};
      ssl_certificate_key ${file('server.key')};
      ssl_client_certificate ${file('authorities.pem')};
      ssl_verify_client on;
      ssl_verify_depth 2;
      ssl_crl ${file('lists.pem')};
      return 200 in;
    }`,
  })
}

/** The status with which nginx answers the device. */
async function nginxSays({ ports: [port = 0] }: Nginx): Promise<string | undefined> {
  const to = { host: '127.0.0.1', port, ca: serverRoot, servername: 'localhost' }
  const socket = connect({ ...to, ...identity() })
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  let answer = ''
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1')
  })
  await once(socket, 'close')
  return answer.split(' ')[1]
}

/** Whether mosquitto takes the device's MQTT, or ends its connection. */
async function mosquittoSays(): Promise<'let in' | 'refused'> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await once(probe.close(), 'close')
  writeFileSync(
    file('mosquitto.conf'),
    [
      ...[`listener ${port} 127.0.0.1`, `cafile ${file('authorities.pem')}`],
      ...[`certfile ${file('server.pem')}`, `keyfile ${file('server.key')}`],
      ...[`crlfile ${file('lists.pem')}`, 'require_certificate true'],
      ...['use_identity_as_username true', 'user root'],
    ].join('\n'),
  )
  const child = spawn(mosquitto, ['-c', file('mosquitto.conf')], { stdio: 'ignore' })
  try {
    for (;;) {
      const found = await mqttHello(port)
      if (found !== 'nobody there') return found
      assert.equal(child.exitCode, null, 'mosquitto ended')
    }
  } finally {
    await ended(child)
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill()
  await once(child, 'exit')
}

/** MQTT 3.1.1 section 3.1: CONNECT of a client called `p`, and whether CONNACK says yes. */
function mqttHello(port: number): Promise<'let in' | 'refused' | 'nobody there'> {
  const { promise, resolve } = Promise.withResolvers<'let in' | 'refused' | 'nobody there'>()
  const to = { host: '127.0.0.1', port, ca: serverRoot, servername: 'localhost' }
  const socket = connect({ ...to, ...identity() })
  socket.write(Uint8Array.fromHex('100d00044d5154540402003c000170'))
  socket.once('data', (answer: Buffer) =>
    resolve(answer[0] === 0x20 && answer[3] === 0 ? 'let in' : 'refused'),
  )
  socket.once('error', (error: NodeJS.ErrnoException) =>
    resolve(error.code === 'ECONNREFUSED' ? 'nobody there' : 'refused'),
  )
  socket.once('close', () => resolve('refused'))
  return promise.finally(() => socket.destroy())
}
