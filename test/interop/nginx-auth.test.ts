// SPDX-License-Identifier: Apache-2.0
/** nginx asks about every request of a device (auth_request), on the very lines of examples/authenticate/nginx. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { settle } from '#core/ledger/settle.ts'
import type { Device, Product } from '#core/ledger/tables.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { encodePem } from '#format/pem.ts'
import { sha256 } from '#trust/digest.ts'
import {
  ask as askHouse,
  type Credential,
  enrolled,
  openTestHouse,
  rootPem,
  type TestHouse,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'
import { type Nginx, startNginx, withoutNginx } from '../support/nginx.ts'
import { identityOf, withApplication } from '../support/verifier.ts'
import { makeTestAuthority, pemOf, type TestIdentity } from '../tls-certificates.ts'

const skip = withoutNginx
const operator = { kind: 'person', id: 'test' } as const
const example = new URL('../../examples/authenticate/nginx/devices.conf', import.meta.url)

let house: TestHouse
let pump: Product
let backend: Server
let nginx: Nginx
/** What came through to the server behind nginx, the newest last. */
const passed: IncomingHttpHeaders[] = []

before(async () => {
  if (skip !== false) return
  house = await openTestHouse()
  pump = await withProduct(house)
  backend = createServer(({ headers }, answer) => {
    passed.push(headers)
    answer.end('taken')
  }).listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const directory = temporaryDirectory()
  const issuers = house.core.doors.own.map((one) => one.certificate)
  const products = [pump.id]
  for (const [name, asked] of [
    ['gateway', { profile: 'server', names: ['localhost'] }],
    ['asker', { profile: 'client', products }],
  ] as const) {
    const { key, chain } = identityOf(
      await withApplication(house, name, asked),
      issuers.slice(0, 1),
    )
    writeFileSync(join(directory, `${name}.pem`), pemOf(chain))
    writeFileSync(join(directory, `${name}.key`), key)
  }
  writeFileSync(join(directory, 'root.pem'), rootPem(house))
  nginx = await startNginx({
    ports: 1,
    directory,
    http: ([port = 0]) => configuration(port, directory),
  })
})
after(async () => {
  if (skip !== false) return
  await nginx.stop()
  backend.close()
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

/** The example with the addresses of this test. */
function configuration(port: number, directory: string): string {
  const own = backend.address() as { port: number }
  return [
    ['/etc/vitalsign/', `${directory}/`],
    ['/var/log/nginx/', `${directory}/`],
    ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
    ['pki.example.com:8443', `127.0.0.1:${house.addresses.devices.port}`],
    ['proxy_ssl_name pki.example.com', 'proxy_ssl_name localhost'],
    ['127.0.0.1:3000', `127.0.0.1:${own.port}`],
  ].reduce(
    (text, [from = '', to = '']) => {
      assert.ok(text.includes(from), `the example has no ${from}`)
      return text.replaceAll(from, to)
    },
    readFileSync(example, 'utf8'),
  )
}

interface Told {
  readonly status: number
  /** The client's port: the same port, the same connection. */
  readonly port: number
  readonly resumed: boolean
}

/** One request by way of nginx, on a connection of `agent`. */
function call(
  agent: Agent,
  identity: TestIdentity | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const { promise, resolve, reject } = Promise.withResolvers<Told>()
  const tls = { ca: rootPem(house), servername: 'localhost', ...shown(identity) }
  const [port] = nginx.ports
  const sent = request({ host: '127.0.0.1', port, agent, headers, ...tls }, (answer) => {
    // Asked now: a socket that has gone back to its agent knows no port any more.
    const socket = answer.socket as TLSSocket
    const told = { port: socket.localPort ?? 0, resumed: socket.isSessionReused() }
    answer.resume().on('end', () => resolve({ status: answer.statusCode ?? 0, ...told }))
  })
  sent.on('error', reject).end()
  return promise
}

function shown(identity: TestIdentity | undefined) {
  return identity === undefined ? {} : { key: identity.key, cert: pemOf(identity.chain) }
}

const kept = () => new Agent({ keepAlive: true, maxSockets: 1 })

async function pumpNamed(serial: string): Promise<Credential & { readonly device: Device }> {
  return enrolled(house, pump, serial)
}

async function inState(id: string, state: Device['state']): Promise<void> {
  const device = (await house.core.ledger.read('device', id)) ?? assert.fail('no device')
  const record = { ...device, version: device.version + 1, state }
  const no = await settle({ puts: [{ kind: 'device', record }], events: [] }, house.core.ledger)
  assert.equal(no, undefined)
}

test('a good device is let in, and the server behind hears who it is', { skip }, async () => {
  const device = identityOf(await pumpNamed('PUMP-0001'))
  const agent = kept()
  const forged = { 'Device-Serial': 'PUMP-9999', 'X-SSL-Client-Cert': 'forged' }
  assert.equal((await call(agent, device, forged)).status, 200)
  const { 'device-serial': serial, 'device-product': product } = passed.at(-1) ?? {}
  assert.deepEqual([serial, product], ['PUMP-0001', 'pump'])
  agent.destroy()
})

test('a revoked device is refused at its next request, on the connection that it has', {
  skip,
}, async () => {
  const credential = await pumpNamed('PUMP-0002')
  const device = identityOf(credential)
  const agent = kept()
  const before = await call(agent, device)
  assert.equal(before.status, 200)
  const record = await house.core.ledger.find('certificate', 'sha256', [
    sha256(credential.certificate),
  ])
  const end = { id: record?.id ?? '', reason: 'unspecified', because: 'lost' } as const
  await revoke(end, operator, house.core)
  const next = await call(agent, device)
  assert.deepEqual([next.status, next.port], [403, before.port])
  agent.destroy()
})

test('a device in quarantine is refused on kept connections and resumed sessions, and let in again after', {
  skip,
}, async () => {
  const credential = await pumpNamed('PUMP-0003')
  const device = identityOf(credential)
  const [agent, other] = [kept(), new Agent({ maxSockets: 1, maxCachedSessions: 10 })]
  const before = await call(agent, device)
  assert.equal((await call(other, device)).status, 200)
  await inState(credential.device.id, 'quarantined')
  const next = await call(agent, device)
  assert.deepEqual([next.status, next.port], [403, before.port])
  const resumed = await call(other, device)
  assert.deepEqual([resumed.status, resumed.resumed], [403, true])
  await inState(credential.device.id, 'active')
  const again = await call(agent, device)
  assert.deepEqual([again.status, again.port], [200, before.port])
  for (const one of [agent, other]) one.destroy()
})

test('no certificate, a stranger, another product and a birth certificate are each refused', {
  skip,
}, async () => {
  const agent = new Agent()
  const count = passed.length
  assert.equal((await call(agent, undefined)).status, 401)
  const stranger = await (await makeTestAuthority('Stranger')).issue('PUMP-0001')
  assert.equal((await call(agent, stranger)).status, 403)
  const monitor = await enrolled(house, await withProduct(house, 'monitor'), 'MON-1', {
    label: 'monitor',
  })
  assert.equal((await call(agent, identityOf(monitor))).status, 403)
  const born = await enrolled(house, pump, 'PUMP-0004', { label: 'pump-birth' })
  assert.equal((await call(agent, identityOf(born))).status, 403)
  assert.equal(passed.length, count, 'something came through')
  agent.destroy()
})

test('a client that names another certificate in the field is nobody but itself', {
  skip,
}, async () => {
  const good = await pumpNamed('PUMP-0005')
  const agent = new Agent()
  const escaped = encodeURIComponent(encodePem('CERTIFICATE', good.certificate))
  for (const field of ['X-SSL-Client-Cert', 'Client-Cert']) {
    assert.equal((await call(agent, undefined, { [field]: escaped })).status, 401, field)
  }
  const bad = await (await makeTestAuthority('Stranger')).issue('PUMP-0005')
  assert.equal((await call(agent, bad, { 'X-SSL-Client-Cert': escaped })).status, 403)
  // Nor by asking itself, past nginx: who asks must be a program that has access.
  for (const credential of [undefined, good]) {
    const asked = await askHouse(house, 'GET', '/verify', {
      headers: { 'X-SSL-Client-Cert': escaped },
      ...(credential && { credential }),
    })
    assert.deepEqual([asked.status, asked.headers['vitalsign-reason']], [403, 'credential-missing'])
  }
  agent.destroy()
})

test('nobody is let in while the house cannot be asked', { skip }, async () => {
  const device = identityOf(await pumpNamed('PUMP-0006'))
  const agent = new Agent()
  const text = configuration(nginx.ports[0] ?? 0, nginx.directory)
  const away = text.replace(`127.0.0.1:${house.addresses.devices.port}`, '127.0.0.1:1')
  const second = await startNginx({
    ports: 1,
    http: ([port]) => away.replace(`:${nginx.ports[0]} `, `:${port} `),
  })
  const sent = request({
    host: '127.0.0.1',
    port: second.ports[0],
    agent,
    ca: rootPem(house),
    servername: 'localhost',
    ...shown(device),
  }).end()
  const [answer] = await once(sent, 'response')
  assert.equal(answer.statusCode, 500)
  answer.resume()
  agent.destroy()
  await second.stop()
})

test('what the guide shows for nginx is what runs', () => {
  const guide = new URL('../../docs/guides/authenticate-devices.md', import.meta.url)
  assert.ok(readFileSync(guide, 'utf8').includes(readFileSync(example, 'utf8')))
})
