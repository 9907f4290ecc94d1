// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request as ask } from 'node:https'
import { connect as connectPlain, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { type ConnectionOptions, connect, type SecureVersion, type TLSSocket } from 'node:tls'
import { encodePem } from '#format/pem.ts'
import { encodePrivateKey } from '#trust/private-key.ts'
import type { ListenerName } from '#trust/tls-settings.ts'
import { certify, makeEntity } from '../../../test/made-certificates.ts'
import { makeTestAuthority, pemOf, type TestIdentity } from '../../../test/tls-certificates.ts'
import { type DeviceFront, openDeviceFront } from './device-front.ts'
import { deviceLimits, type FrontLimits } from './limits.ts'
import type { HttpRequest, Route } from './message.ts'
import { peerOf } from './peer.ts'

const random = { bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) }
const [ours, strange] = await Promise.all([makeTestAuthority('Ours'), makeTestAuthority('Strange')])
const [identity, second, device, stranger] = await Promise.all([
  ours.issue('server one'),
  ours.issue('server two'),
  ours.issue('PUMP-0001'),
  strange.issue('PUMP-0001'),
])

const requests: HttpRequest[] = []
let entered = Promise.withResolvers<void>()
let release = () => {}
const routes: Route[] = [
  {
    method: 'GET',
    path: '/hello',
    maxBodyBytes: 0,
    handler: async (request) => {
      requests.push(request)
      return { status: 200, headers: {}, body: 'hello' }
    },
  },
  {
    method: 'GET',
    path: '/slow',
    maxBodyBytes: 0,
    handler: async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      release = resolve
      entered.resolve()
      await promise
      return { status: 200, headers: {}, body: 'late' }
    },
  },
]

const fronts: DeviceFront[] = []
async function open(
  limits: Partial<FrontLimits> = {},
  settings: ListenerName = 'devices',
): Promise<DeviceFront> {
  const front = await openDeviceFront({
    listen: { host: '127.0.0.1', port: 0 },
    identity,
    routes,
    adminHandler: (request, response) =>
      response.end(`${peerOf(request.socket).certificates.length} ${request.url}`),
    limits: { ...deviceLimits, ...limits },
    settings,
    random,
    report: ({ cause }) => {
      throw cause
    },
  })
  fronts.push(front)
  return front
}
after(() => Promise.all(fronts.map((front) => front.close())))
const front = await open()

function client(proof?: TestIdentity): ConnectionOptions {
  const shown = proof && { key: proof.key, cert: pemOf(proof.chain) }
  return { ...front.address, servername: 'localhost', ca: ours.rootPem, ...shown }
}

async function dial(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect(options)
  await once(socket, 'secureConnect')
  return socket
}

async function fetchText(path: string, options: object): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  ask({ path, agent: false, ...options }, async (response) => {
    let text = ''
    for await (const chunk of response) text += chunk
    resolve(text)
  })
    .on('error', reject)
    .end()
  return promise
}

async function end(socket: Socket): Promise<string> {
  let text = ''
  socket.on('error', () => {}) // a reset is one of the ends that the tests await
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  await once(socket, 'close')
  return text
}

const ports = { devices: front, legacy: await open({}, 'legacy') }

/** One handshake with exactly this version: what was agreed, or why not. */
async function agreed(port: DeviceFront, version: SecureVersion, more: ConnectionOptions = {}) {
  const only = { minVersion: version, maxVersion: version }
  try {
    const socket = await dial({ ...client(device), ...port.address, ...only, ...more })
    const { name } = socket.getEphemeralKeyInfo() as { name?: string }
    const found = `${socket.getProtocol()} ${socket.getCipher().name} ${name}`
    socket.destroy()
    return found
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}

const shut = 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'

test('devices speak TLS 1.3, and nothing older', async () => {
  const best = 'TLSv1.3 TLS_AES_256_GCM_SHA384 X25519MLKEM768'
  assert.equal(await agreed(ports.devices, 'TLSv1.3'), best)
  for (const version of ['TLSv1', 'TLSv1.1', 'TLSv1.2'] as const) {
    const ciphers = 'DEFAULT:@SECLEVEL=0'
    assert.equal(await agreed(ports.devices, version, { ciphers }), shut, version)
  }
})

test('old devices speak TLS 1.2 at a port of their own, with forward secrecy and whole tags alone', async () => {
  const best = 'TLSv1.3 TLS_AES_256_GCM_SHA384 X25519MLKEM768'
  assert.equal(await agreed(ports.legacy, 'TLSv1.3'), best)
  for (const suite of [
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES128-CCM',
  ]) {
    const found = await agreed(ports.legacy, 'TLSv1.2', { ciphers: suite })
    assert.equal(found, `TLSv1.2 ${suite} X25519`)
  }
  for (const ciphers of [
    'ECDHE-ECDSA-AES128-SHA256',
    'ECDHE-ECDSA-AES256-SHA',
    'ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0',
    'AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256',
  ]) {
    const found = await agreed(ports.legacy, 'TLSv1.2', { ciphers })
    assert.match(found ?? '', /HANDSHAKE_FAILURE$/, ciphers)
  }
  const old = { ciphers: 'DEFAULT:@SECLEVEL=0' }
  assert.equal(await agreed(ports.legacy, 'TLSv1.1', old), shut)
  assert.ok(ports.legacy.counts().handshakesBy['TLSv1.2'] >= 4)
  assert.equal(ports.devices.counts().handshakesBy['TLSv1.2'], 0)
})

test('the group that withstands quantum computers is asked for of all who know it', async () => {
  for (const [offered, taken] of [
    ['X25519:X25519MLKEM768', 'X25519MLKEM768'],
    // Among the others the client's own guess saves a round trip.
    ['P-384:P-256:X25519', 'secp384r1'],
    ['P-256', 'prime256v1'],
    ['X25519', 'X25519'],
  ] as const) {
    const found = await agreed(ports.devices, 'TLSv1.3', { ecdhCurve: offered })
    assert.equal(found?.split(' ').at(-1), taken, offered)
  }
  const other = await agreed(ports.devices, 'TLSv1.3', { ecdhCurve: 'P-521' })
  assert.match(other ?? '', /HANDSHAKE_FAILURE$/)
})

test('without a client certificate the peer has none', async () => {
  assert.equal(await fetchText('/hello', client()), 'hello')
  const { address, certificates } = requests.at(-1)?.peer ?? {}
  assert.deepEqual({ address, certificates }, { address: '127.0.0.1', certificates: [] })
})

test('the chain is handed over as it was sent, leaf first, whoever signed it', async () => {
  for (const proof of [device, stranger]) {
    assert.equal(await fetchText('/hello', client(proof)), 'hello')
    const chain = requests.at(-1)?.peer.certificates
    assert.deepEqual(chain, proof.chain)
    assert.equal(Object.getPrototypeOf(chain?.[0]), Uint8Array.prototype)
  }
  assert.equal(
    await fetchText('/hello', client({ ...device, chain: device.chain.slice(0, 1) })),
    'hello',
  )
  assert.deepEqual(requests.at(-1)?.peer.certificates, device.chain.slice(0, 1))
})

test('a device of tomorrow is heard: its certificate is of ML-DSA', async () => {
  const entity = await makeEntity('CN=PUMP-0002', 'ml-dsa-65')
  const { der } = await certify(entity, entity)
  const key = encodePem('PRIVATE KEY', encodePrivateKey(entity.pair.privateKey))
  assert.equal(await fetchText('/hello', client({ key, chain: [der] })), 'hello')
  assert.deepEqual(requests.at(-1)?.peer.certificates, [der])
})

test('no connection resumes another', async () => {
  for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
    const only = { minVersion: version, maxVersion: version }
    const options = { ...client(device), ...ports.legacy.address, ...only }
    const first = await dial(options)
    let session = first.getSession()
    first.on('session', (offered) => {
      session = offered
    })
    first.write('GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await end(first)
    const again = await dial({ ...options, ...(session && { session }) })
    assert.equal(again.isSessionReused(), false, version)
    again.destroy()
  }
})

test('a small answer leaves in one TLS record, head and body together', async () => {
  const socket = await dial(client())
  const records: unknown[] = []
  socket.on('data', (record) => records.push(record))
  socket.write('GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  await once(socket, 'close')
  assert.equal(records.length, 1)
})

test('the administration is handed over raw, with who asks', async () => {
  assert.equal(await fetchText('/api/v1/devices?a', client(device)), '2 /api/v1/devices?a')
  assert.equal(await fetchText('/api/v1', client()), '0 /api/v1')
})

test('a swap leaves standing connections and answers under way in peace', async () => {
  const swapped = await open()
  const to = { ...client(), ...swapped.address }
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const seen: string[] = []
  agent.on('keylog', () => seen.push('handshake'))
  await fetchText('/hello', { ...to, agent })
  entered = Promise.withResolvers()
  const late = fetchText('/slow', to)
  await entered.promise

  swapped.swapIdentity(second)
  const fresh = await dial(to)
  assert.equal(fresh.getPeerX509Certificate()?.subject, 'CN=server two')
  fresh.destroy()
  const handshakes = seen.length
  assert.equal(await fetchText('/hello', { ...to, agent }), 'hello')
  assert.equal(seen.length, handshakes, 'the kept connection was used again')
  release()
  assert.equal(await late, 'late')
  agent.destroy()
})

test('an identity whose key is not its own is refused and the former stays', async () => {
  const swapped = await open()
  assert.throws(() => swapped.swapIdentity({ key: second.key, chain: identity.chain }))
  const socket = await dial({ ...client(), ...swapped.address })
  assert.equal(socket.getPeerX509Certificate()?.subject, 'CN=server one')
  socket.destroy()
})

test('one who never begins, or never finishes, the handshake is cut off', async () => {
  const strict = await open({ handshakeMilliseconds: 20 })
  const silent = connectPlain(strict.address)
  await end(silent)
  const halfOpen = connectPlain(strict.address)
  halfOpen.write(Uint8Array.fromHex('16030100ff010000fb0303'))
  await end(halfOpen)
  assert.equal(strict.counts().handshakesFailed, 2)
})

test('one who says nothing behind the handshake is cut off', async () => {
  const strict = await open({ headerMilliseconds: 20, checkMilliseconds: 10 })
  await end(await dial({ ...client(), ...strict.address }))
  assert.equal(strict.counts().requestsTooSlow, 1)
})

test('bytes that are not TLS are cut off quietly, and the door stays open', async () => {
  const before = front.counts().handshakesFailed
  for (const bytes of [
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    '\x16\x03\x01\xff\xff',
    '\x80\x2e\x01\0\x02',
  ]) {
    const socket = connectPlain(front.address)
    socket.end(bytes, 'latin1')
    assert.doesNotMatch(await end(socket), /HTTP/)
  }
  assert.equal(front.counts().handshakesFailed, before + 3)
  assert.equal(await fetchText('/hello', client()), 'hello')
})

test('connections beyond the number for one address are cut before TLS begins', async () => {
  const strict = await open({ maxConnectionsPerAddress: 2 })
  const to = { ...client(), ...strict.address }
  const held = await Promise.all([dial(to), dial(to)])
  for (let round = 0; round < 20; round++) await assert.rejects(dial(to))
  assert.equal(strict.counts().connectionsRefused, 20)
  for (const socket of held) {
    socket.write('GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    assert.match(await end(socket), /hello$/)
  }
  assert.equal(await fetchText('/hello', to), 'hello')
})

test('garbage within TLS gets 400', async () => {
  const socket = await dial(client())
  socket.write('\0\x01\x02\r\n\r\n')
  assert.match(await end(socket), /^HTTP\/1.1 400 /)
})

test('those who go away behind their request harm nobody', async () => {
  for (let round = 0; round < 20; round++) {
    const socket = await dial(client(device))
    socket.write('GET /hello HTTP/1.1\r\nHost: x\r\n\r\n')
    if (round % 2 === 0) socket.destroy()
    else socket.end('GET /hel')
    await end(socket)
  }
  assert.equal(await fetchText('/hello', client()), 'hello')
})

test('many at once are all served', async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => fetchText('/hello', client(device))),
  )
  assert.ok(answers.every((answer) => answer === 'hello'))
})

test('close cuts a half-open handshake and waits for the answer under way', async () => {
  const closing = await open()
  const halfOpen = connectPlain(closing.address)
  const cut = end(halfOpen)
  await once(halfOpen, 'connect')
  entered = Promise.withResolvers()
  const late = fetchText('/slow', { ...client(), ...closing.address })
  await entered.promise
  const closed = closing.close()
  await cut
  release()
  assert.equal(await late, 'late')
  await closed
})

test('who came before the close and asks after it is answered, and then let go', async () => {
  const closing = await open({ graceMilliseconds: 20_000 })
  const socket = await dial({ ...client(), ...closing.address })
  const closed = closing.close()
  socket.write('GET /hello HTTP/1.1\r\nHost: x\r\n\r\n')
  const text = await end(socket)
  assert.match(text, /^HTTP\/1\.1 200 .*connection: close.*hello$/is)
  await closed
})

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const skip = hasOpenssl || process.env.PEERS === 'required' ? false : 'openssl is missing'

const toLegacy = ['-connect', `${ports.legacy.address.host}:${ports.legacy.address.port}`]

/** What `openssl s_client` sees of the handshake. */
async function seenByOpenssl(...words: string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const to = `${front.address.host}:${front.address.port}`
  const child = execFile('openssl', ['s_client', '-connect', to, ...words], (_, out, err) =>
    resolve(out + err),
  )
  child.stdin?.end()
  return promise
}

test('openssl is sent leaf and issuer without the root, and asked only for our roots', {
  skip,
}, async () => {
  const seen = await seenByOpenssl('-showcerts')
  const chain = seen.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  assert.deepEqual(
    [...new Set(chain)].slice(0, 3).map((pem) => new X509Certificate(pem).subject),
    ['CN=server one', 'CN=Ours Issuing'],
  )
  const names = /Acceptable client certificate CA names\n([\s\S]*?)\n(?:Requested|Peer)/.exec(seen)
  assert.match(names?.[1] ?? '', /^(CN ?= ?Ours Root\n?)?(Client Certificate Types.*)?$/)
  assert.match(seen, /CN ?= ?Ours Root/)
})

test('openssl, which tries five times to go on with its session, begins anew each time', {
  skip,
}, async () => {
  for (const version of ['-tls1_3', '-tls1_2']) {
    const seen = await seenByOpenssl('-reconnect', version, ...toLegacy)
    const count = (word: string) => seen.match(new RegExp(`^${word}, TLSv1`, 'gm'))?.length ?? 0
    const [anew, resumed] = [count('New'), count('Reused')]
    assert.equal(resumed, 0, version)
    assert.ok(anew >= 5, `${version}: ${anew} handshakes`)
  }
})

test('a ticket, which OpenSSL sends in TLS 1.3 all the same, carries nothing', {
  skip,
}, async () => {
  assert.doesNotMatch(await seenByOpenssl('-tls1_2', ...toLegacy), /TLS session ticket:/)
  // 32 bytes are an id that leads nowhere; with a session in it, it would be longer by the certificate.
  assert.doesNotMatch(await seenByOpenssl(), /TLS session ticket:\n.*\n.*\n +0020/)
})
