// SPDX-License-Identifier: Apache-2.0
/**
 * What ends at nginx when trust in a device ends, and what does not, on the very lines of examples/nginx:
 * streams end by the application, resumed sessions are not given, and a reload ends the wrong ones or none.
 */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { Enforcement } from '#core/ledger/tables.ts'
import { encodePem } from '#format/pem.ts'
import { sha256 } from '#trust/digest.ts'
import { encodePrivateKey } from '#trust/private-key.ts'
import {
  deviceSocket,
  httpServer,
  Sessions,
  streamServer,
  webhook,
} from '../../examples/nginx/application.ts'
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
import { makeTestAuthority, pemOf } from '../tls-certificates.ts'

const skip = withoutNginx
const directory = temporaryDirectory()
const file = (name: string) => join(directory, name)
const sessions = new Sessions()
const servers: Server[] = []

type Pump = Credential & { readonly device: { readonly id: string } }
let house: TestHouse
let gatewayRoot: string
let nginx: Nginx
/** What stands outside of both blocks from the next reload on. */
let hurry = ''
const pumps: Pump[] = []
/** Ports of nginx: two as the examples have them (streams, TCP), one where TLS ends, two that resume. */
const at = { http: 0, tcp: 1, sockets: 2, resuming: 3, tickets: 4 }

before(async () => {
  if (skip) return
  house = await openTestHouse()
  const product = await withProduct(house)
  for (const serial of ['PUMP-1', 'PUMP-2', 'PUMP-3', 'PUMP-4'])
    pumps.push(await enrolled(house, product, serial))
  const gateway = await makeTestAuthority('Gateway')
  gatewayRoot = gateway.rootPem
  const { key, chain } = await gateway.issue('gateway')
  writeFileSync(file('gateway.key'), key)
  writeFileSync(file('gateway.pem'), pemOf(chain))
  writeFileSync(file('devices-ca.pem'), authorities())
  writeFileSync(file('tickets.key'), crypto.getRandomValues(new Uint8Array(80)))
  await fetchLists()
  const asked = await askLocal(house, 'GET', '/notifications/key')
  const hooked = createServer()
  const hook = await listen(hooked)
  const address = `http://127.0.0.1:${hook}/sessions`
  hooked.on('request', webhook(asked.document.pem, address, sessions))
  const [http, tcp] = [
    await listen(httpServer(sessions)),
    await listen(streamServer({ key, cert: pemOf(chain), ca: authorities() }, sessions)),
  ]
  mkdirSync(file('devices'))
  for (const { certificate } of pumps) {
    const { name, server } = deviceSocket(new X509Certificate(certificate), sessions)
    servers.push(server.listen(join(file('devices'), name)))
    await once(server, 'listening')
  }
  nginx = await startNginx({
    ...{ ports: 5, directory },
    get main() {
      return hurry
    },
    http: (ports) => [example('http.conf', ports, http), resuming(ports)].join('\n'),
    stream: (ports) => example('stream.conf', ports, tcp),
  })
  const added = await askLocal(house, 'POST', '/integrations', {
    ...{ name: 'gateway', kind: 'webhook', address },
  })
  assert.equal(added.status, 201, JSON.stringify(added.document))
})

after(async () => {
  if (skip) return
  await nginx?.stop()
  for (const server of servers) server.close()
  await house?.stop()
  assert.deepEqual(house.troubles, [])
})

/** The issuing authority and its root. */
function authorities(): string {
  return house.core.doors.own.map((one) => encodePem('CERTIFICATE', one.certificate)).join('')
}

/** nginx wants a list of each authority on the path. */
async function fetchLists(): Promise<void> {
  const lists = await Promise.all(
    house.core.doors.own.map(({ name }) => fetchStatus(house, `/crl/${name}.crl`)),
  )
  const pem = lists.map(({ body }) => encodePem('X509 CRL', body))
  writeFileSync(file('lists.pem'), pem.join(''))
}

async function listen(server: Server): Promise<number> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** An example with the addresses of this test. */
function example(name: string, ports: readonly number[], application: number): string {
  const text = readFileSync(new URL(`../../examples/nginx/${name}`, import.meta.url), 'utf8')
  const told: readonly (readonly [string, string])[] =
    name === 'http.conf'
      ? [
          ['listen 443 ssl', `listen 127.0.0.1:${ports[at.http]} ssl`],
          ['127.0.0.1:3000', `127.0.0.1:${application}`],
        ]
      : [
          ['listen 8883', `listen 127.0.0.1:${ports[at.tcp]}`],
          ['listen 8884 ssl', `listen 127.0.0.1:${ports[at.sockets]} ssl`],
          ['127.0.0.1:3001', `127.0.0.1:${application}`],
          ['/run/vitalsign-devices/', `${file('devices')}/`],
        ]
  return [...told, ['/etc/vitalsign/', `${directory}/`] as const].reduce((before, [from, to]) => {
    assert.ok(before.includes(from), `${name} has no ${from}`)
    return before.replaceAll(from, to)
  }, text)
}

/** What nobody should run: sessions by a cache and by tickets, and revocation by a list alone. */
function resuming(ports: readonly number[]): string {
  const server = (port: number | undefined, sessionWords: string) => `server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${file('gateway.pem')};
    ssl_certificate_key ${file('gateway.key')};
    ssl_client_certificate ${file('devices-ca.pem')};
    ssl_verify_client on;
    ssl_verify_depth 2;
    ssl_crl ${file('lists.pem')};
    ${sessionWords}
    return 200 "$ssl_client_verify $ssl_session_reused.";
  }`
  return [
    server(
      ports[at.resuming],
      'ssl_session_cache shared:one:1m; ssl_session_tickets off; ssl_protocols TLSv1.2;',
    ),
    server(
      ports[at.tickets],
      `ssl_session_cache none; ssl_session_ticket_key ${file('tickets.key')}; ssl_protocols TLSv1.3;`,
    ),
  ].join('\n')
}

/** A device's connection to a port of nginx, and what it hears. */
async function dial(
  port: keyof typeof at,
  { key, certificate }: Pump,
  more: ConnectionOptions = {},
): Promise<TLSSocket> {
  const identity = {
    key: encodePem('PRIVATE KEY', encodePrivateKey(key.privateKey)),
    cert: encodePem('CERTIFICATE', certificate),
  }
  const to = { host: '127.0.0.1', port: nginx.ports[at[port]] ?? 0, servername: 'localhost' }
  const socket = connect({ ...to, ca: gatewayRoot, ...identity, ...more })
  socket.on('error', () => {}) // a reset is one of the ends that the tests await
  await once(socket, 'secureConnect')
  return socket
}

/** Sends, and resolves when `expected` was heard after that. */
async function hear(socket: TLSSocket, sent: string, expected: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let heard = ''
  const listen = (chunk: Buffer) => {
    heard += chunk.toString('latin1')
    if (heard.includes(expected)) resolve(heard)
  }
  const gone = () => reject(new Error(`it ended after: ${heard}`))
  socket.on('data', listen).once('close', gone)
  if (sent !== '') socket.write(sent)
  return promise.finally(() => socket.off('data', listen).off('close', gone))
}

interface Stream {
  readonly socket: TLSSocket
  readonly port: number | undefined
  readonly ended: Promise<unknown>
  /** Something goes there and comes back. */
  lives(): Promise<unknown>
}

const upgrade =
  'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

/** One stream of each kind by way of nginx. */
async function streamsOf(pump: Pump): Promise<readonly Stream[]> {
  const events = await dial('http', pump)
  await hear(events, 'GET /events HTTP/1.1\r\nHost: x\r\n\r\n', 'welcome')
  const socket = await dial('http', pump)
  await hear(socket, upgrade, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
  const [tcp, own] = [await dial('tcp', pump), await dial('sockets', pump)]
  const all = [events, socket, tcp, own]
  const streams = all.map((one) => ({
    ...{ socket: one, port: one.localPort, ended: once(one, 'close') },
    lives: () => (one === events ? hear(one, '', 'still here') : hear(one, 'ping', 'ping')),
  }))
  for (const { lives } of streams) await lives()
  return streams
}

/** Does something to a device, and gives what the integration confirmed of it. */
async function act(path: string, body: object): Promise<Enforcement> {
  const { promise, resolve } = Promise.withResolvers<Enforcement>()
  const unfollow = house.feed.follow(({ puts }) => {
    for (const put of puts)
      if (put.kind === 'enforcement' && put.record.state === 'confirmed') resolve(put.record)
  })
  try {
    const asked = await askLocal(house, 'POST', path, body)
    assert.equal(asked.status, 200, JSON.stringify(asked.document))
    return await promise
  } finally {
    unfollow()
  }
}

function pumpAt(index: number): Pump {
  return pumps[index] ?? assert.fail(`no pump ${index}`)
}

test('the streams of a device end with the trust in it, and nobody else loses a socket', {
  skip,
}, async () => {
  const [ending, staying] = [await streamsOf(pumpAt(0)), await streamsOf(pumpAt(1))]
  const before = nginx.said.length
  const reason = { reason: 'a test of streams' }
  const confirmed = await act(`/devices/${pumpAt(0).device.id}/quarantine`, reason)
  await Promise.all(ending.map(({ ended }) => ended))
  assert.deepEqual([confirmed.sessionsEnded, confirmed.sessionsKnown], [4, true])
  for (const { socket, port, lives } of staying) {
    await lives()
    assert.equal(socket.localPort, port, 'it is the same connection')
  }
  assert.deepEqual(
    nginx.said.slice(before).filter((line) => /worker process|reconfigur|signal/.test(line)),
    [],
    'no worker came or went',
  )
  // Its certificate is still good for nginx, which was told nothing; the application ends what it opens.
  const again = await dial('tcp', pumpAt(0))
  await assert.rejects(hear(again, 'ping', 'ping'))
  await act(`/devices/${pumpAt(0).device.id}/release`, reason)
  for (const { socket } of [...staying, ...(await streamsOf(pumpAt(0)))]) socket.destroy()
})

/** Reloads, and waits until the worker of before takes no connections any more. */
async function reload(): Promise<void> {
  const going = () => nginx.said.filter((line) => line.includes('gracefully shutting down')).length
  const before = going()
  await nginx.reload()
  while (going() === before) await askOnce('http', pumpAt(1))
}

async function askOnce(port: 'resuming' | 'tickets' | 'http', pump: Pump, offered?: Buffer) {
  const socket = await dial(port, pump, offered === undefined ? {} : { session: offered })
  const sessions: Buffer[] = []
  socket.on('session', (one: Buffer) => sessions.push(one))
  const reused = socket.isSessionReused()
  const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
  const answer = await hear(socket, request, '\r\n\r\n')
  // In TLS 1.2 it came with the handshake, in 1.3 after it.
  const session = sessions[0] ?? socket.getSession()
  socket.destroy()
  return { status: answer.split(' ')[1], reused, session }
}

test('nginx that resumes lets a revoked device in though its list names it; as in the example it does not resume', {
  skip,
}, async () => {
  const pump = pumpAt(2)
  const first = {
    resuming: await askOnce('resuming', pump),
    tickets: await askOnce('tickets', pump),
    http: await askOnce('http', pump),
  }
  const shown = [sha256(pump.certificate)]
  const record = await house.core.ledger.find('certificate', 'sha256', shown)
  const asked = await askLocal(house, 'POST', `/certificates/${record?.id}/revoke`, {
    ...{ reason: 'keyCompromise', because: 'a test of sessions' },
  })
  assert.equal(asked.status, 200, JSON.stringify(asked.document))
  await fetchLists()
  await reload()
  for (const port of ['resuming', 'tickets'] as const) {
    const fresh = await askOnce(port, pump)
    assert.deepEqual([fresh.status, fresh.reused], ['400', false], 'a whole handshake is refused')
    const resumed = await askOnce(port, pump, first[port].session)
    assert.deepEqual(
      [resumed.status, resumed.reused],
      ['200', true],
      `${port}: nobody looked again`,
    )
  }
  const again = await askOnce('http', pump, first.http.session)
  assert.equal(again.reused, false)
})

test('a reload ends no stream; and where old workers have to go, they take everybody with them', {
  skip,
}, async () => {
  const [revoked, other] = [await streamsOf(pumpAt(3)), await streamsOf(pumpAt(1))]
  await fetchLists()
  hurry = 'worker_shutdown_timeout 1s;'
  await reload()
  for (const { lives } of [...revoked, ...other]) await lives()

  const [third, fourth] = [await streamsOf(pumpAt(0)), await streamsOf(pumpAt(1))]
  await reload()
  await Promise.all([...third, ...fourth].map(({ ended }) => ended))
  for (const { lives } of other) await lives()
  for (const { socket } of [...revoked, ...other]) socket.destroy()
})
