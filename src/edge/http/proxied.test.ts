// SPDX-License-Identifier: Apache-2.0
/** Devices behind proxies, of both kinds, and strangers who say that they are one. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as ask } from 'node:https'
import { type AddressInfo, connect as connectPlain, createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { connect } from 'node:tls'
import { refuse } from '#trust/refusal.ts'
import { makeTestAuthority, pemOf, type TestIdentity } from '../../../test/tls-certificates.ts'
import { openDeviceFront } from './device-front.ts'
import { deviceLimits } from './limits.ts'
import type { HttpPeer, Route } from './message.ts'

const random = { bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) }
const ours = await makeTestAuthority('Ours')
const [identity, proxy, device] = await Promise.all([
  ours.issue('server'),
  ours.issue('proxy'),
  ours.issue('PUMP-0001'),
])

let peer: HttpPeer | undefined
const routes: Route[] = (['GET', 'POST'] as const).map((method) => ({
  ...{ method, path: '/hello', maxBodyBytes: 100 },
  handler: async (request) => {
    peer = request.peer
    return { status: 200, headers: {}, body: 'hello' }
  },
}))
const refused: string[] = []
const common = {
  ...{ identity, routes, random, limits: { ...deviceLimits, proxyHeaderMilliseconds: 200 } },
  listen: { host: '127.0.0.1', port: 0 },
  adminHandler: (_: unknown, response: { end(text: string): unknown }) => void response.end('api'),
  report: ({ cause }: { readonly cause: unknown }) => {
    throw cause
  },
  proxies: {
    find: async ([leaf]: readonly Uint8Array[]) =>
      leaf !== undefined && Buffer.compare(leaf, proxy.chain[0]!) === 0
        ? ({ kind: 'proxy', id: 'pxy_1', name: 'edge' } as const)
        : refuse('proxy-unknown' as const, 'no proxy with this certificate is known here'),
    noteRefused: async ({ reason }: { readonly reason: string }) => void refused.push(reason),
  },
}
const proxied = {
  listen: { host: '127.0.0.1', port: 0 },
  refused: (_: string, why: string) => void refused.push(why),
}
const front = await openDeviceFront({ ...common, proxied: { ...proxied, from: ['127.0.0.0/30'] } })
const closed = await openDeviceFront({ ...common, proxied: { ...proxied, from: ['192.0.2.1'] } })
after(() => Promise.all([front.close(), closed.close()]))

/** Version 2, PROXY, TCP over IPv4, from 203.0.113.7 port 54321. */
const header = Buffer.from('0d0a0d0a000d0a515549540a2111000ccb007107c0000201d43120fb', 'hex')

/** One request over a connection that begins with these bytes. */
async function through(bytes: readonly Uint8Array[], proof?: TestIdentity): Promise<string> {
  const socket = connectPlain({ ...front.proxiedAddress! })
  await once(socket, 'connect')
  for (const piece of bytes) {
    socket.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const secure = connect({
    ...{ socket, servername: 'localhost', ca: ours.rootPem },
    ...(proof && { key: proof.key, cert: pemOf(proof.chain) }),
  })
  await once(secure, 'secureConnect')
  secure.write('GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  let text = ''
  for await (const chunk of secure) text += chunk
  return text
}

test('behind a proxy that passes TLS through, the device proves itself here, from its own address', async () => {
  assert.match(await through([header], device), /^HTTP\/1.1 200/)
  assert.equal(peer?.address, '203.0.113.7')
  assert.deepEqual(peer?.certificates[0], device.chain[0])
  assert.equal(peer?.channelBinding?.length, 32)
  assert.equal(peer?.proxy, undefined)
})

test('the header may come byte by byte', async () => {
  assert.match(await through([...header].map((byte) => Uint8Array.of(byte))), /^HTTP\/1.1 200/)
  assert.equal(peer?.address, '203.0.113.7')
})

test('header and first TLS record may come in one packet', async () => {
  const relay = createServer((from) => {
    from.once('data', (first: Uint8Array) => {
      const to = connectPlain({ ...front.proxiedAddress! })
      to.write(Buffer.concat([header, first]))
      from.pipe(to).pipe(from)
    })
  }).listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const { port } = relay.address() as AddressInfo
  const secure = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: ours.rootPem })
  await once(secure, 'secureConnect')
  secure.write('GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  let text = ''
  for await (const chunk of secure) text += chunk
  assert.match(text, /^HTTP\/1.1 200/)
  assert.equal(peer?.address, '203.0.113.7')
  relay.close()
})

test('a proxy that looks whether we live speaks for itself', async () => {
  const local = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex')
  assert.match(await through([local]), /^HTTP\/1.1 200/)
  assert.equal(peer?.address, '127.0.0.1')
})

/** Resolves once the other side has closed. */
async function dead(socket: Socket): Promise<void> {
  socket.on('error', () => {})
  socket.resume()
  await once(socket, 'close')
}

async function refusedWhy(bytes: Uint8Array, at = front): Promise<string | undefined> {
  refused.length = 0
  const before = at.counts().proxiesRefused
  const socket = connectPlain({ ...at.proxiedAddress! })
  socket.write(bytes)
  await dead(socket)
  assert.equal(at.counts().proxiesRefused, before + 1)
  return refused[0]
}

test('without a right header in time the connection is closed, counted and told of', async () => {
  assert.match((await refusedWhy(Buffer.from('160301', 'hex'))) ?? '', /PROXY header is wrong/)
  assert.match((await refusedWhy(Buffer.from('PROXY TCP4 '))) ?? '', /PROXY header is wrong/)
  assert.match((await refusedWhy(header.subarray(0, 20))) ?? '', /in time/)
  const huge = Buffer.from('0d0a0d0a000d0a515549540a2111ffff', 'hex')
  assert.match((await refusedWhy(huge)) ?? '', /too large/)
})

test('who is no configured proxy is not listened to, whatever it sends', async () => {
  assert.match((await refusedWhy(header, closed)) ?? '', /no known proxy/)
})

test("on the devices' own port a PROXY header is no TLS, and ends the connection", async () => {
  const before = front.counts().handshakesFailed
  const socket = connectPlain({ ...front.address })
  socket.write(header)
  await dead(socket)
  assert.equal(front.counts().handshakesFailed, before + 1)
})

test('connections are counted by where they really come from', async () => {
  const narrow = await openDeviceFront({
    ...common,
    limits: { ...common.limits, maxConnectionsPerAddress: 1 },
    proxied: { ...proxied, from: ['127.0.0.1'] },
  })
  try {
    const open = (bytes: Uint8Array) => {
      const socket = connectPlain({ ...narrow.proxiedAddress! })
      socket.write(bytes)
      return socket
    }
    const first = open(header)
    const other = Buffer.from(header)
    other[16] = 10
    const second = open(other)
    const third = open(header)
    await dead(third)
    assert.equal(narrow.counts().connectionsRefused, 1)
    assert.ok(!first.destroyed && !second.destroyed)
    first.destroy()
    second.destroy()
  } finally {
    await narrow.close()
  }
})

interface Told {
  readonly status: number
  readonly body: string
}

function call(
  headers: Record<string, string>,
  proof?: TestIdentity,
  { path = '/hello', body = '' } = {},
): Promise<Told> {
  const { promise, resolve, reject } = Promise.withResolvers<Told>()
  const sent = ask(
    {
      ...{ ...front.address, path, headers, agent: false, method: body === '' ? 'GET' : 'POST' },
      ...{ servername: 'localhost', ca: ours.rootPem },
      ...(proof && { key: proof.key, cert: pemOf(proof.chain) }),
    },
    async (answer) => {
      let text = ''
      for await (const chunk of answer) text += chunk
      resolve({ status: answer.statusCode ?? 0, body: text })
    },
  )
  sent.on('error', reject)
  sent.end(body)
  return promise
}

const [leaf = new Uint8Array()] = device.chain
const told = { 'Client-Cert': `:${leaf.toBase64()}:`, Forwarded: 'for=203.0.113.9' }

test('a known proxy says whose certificate it saw and where from', async () => {
  assert.equal((await call(told, proxy)).status, 200)
  assert.deepEqual(peer, {
    ...{ address: '203.0.113.9', certificates: [leaf], proxy: { id: 'pxy_1', name: 'edge' } },
  })
  assert.equal((await call({ Forwarded: 'for=203.0.113.9' }, proxy)).status, 200)
  assert.deepEqual(peer?.certificates, [], "a proxy's own certificate is not its device's")
})

test('a stranger that says the same is refused by name, with and without a certificate or a body', async () => {
  refused.length = 0
  for (const answer of [
    await call(told),
    await call(told, device),
    await call(told, device, { body: 'x'.repeat(50) }),
    await call(told, device, { path: '/api/v1/status' }),
    await call({ 'Client-Cert-Chain': ':AA==:' }),
  ]) {
    assert.equal(answer.status, 403)
    assert.match(answer.body, /^proxy-unknown: /)
  }
  assert.deepEqual(refused, Array(5).fill('proxy-unknown'))
})

test('Forwarded from a stranger changes nothing', async () => {
  assert.equal((await call({ Forwarded: 'for=203.0.113.9' }, device)).status, 200)
  assert.equal(peer?.address, '127.0.0.1')
  assert.deepEqual(peer?.certificates[0], leaf)
  assert.equal((await call({ 'X-Forwarded-For': '203.0.113.9' })).status, 200)
  assert.equal(peer?.address, '127.0.0.1')
})

test('what a known proxy says wrongly is refused, not guessed', async () => {
  for (const fields of [{ 'Client-Cert': 'AA==' }, { Forwarded: 'for=pump' }]) {
    const answer = await call(fields, proxy)
    assert.equal(answer.status, 400)
    assert.match(answer.body, /^request-malformed: a field of proxy edge/)
  }
})

test('the API is not reached through a proxy that ends TLS', async () => {
  const answer = await call(told, proxy, { path: '/api/v1/status' })
  assert.equal(answer.status, 403)
  assert.match(answer.body, /^not-permitted: /)
  assert.equal((await call({}, device, { path: '/api/v1/status' })).body, 'api')
})
