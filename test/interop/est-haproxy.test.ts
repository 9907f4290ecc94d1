// SPDX-License-Identifier: Apache-2.0
/** HAProxy before the devices' port, both ways: TLS passed through with a PROXY header, and TLS that ends there. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { addProxy } from '#core/enrolment/speakers/register.ts'
import type { Product } from '#core/ledger/tables.ts'
import { encodePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import { encodePrivateKey, generateKey } from '#trust/private-key.ts'
import {
  type Credential,
  certificateIn,
  openTestHouse,
  postEst,
  renewalBy,
  requestBy,
  rootPem,
  type TestHouse,
  temporaryDirectory,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { makeTestAuthority, pemOf } from '../tls-certificates.ts'

const isThere = spawnSync('haproxy', ['-v']).error === undefined
const skip = isThere || process.env['PEERS'] === 'required' ? false : 'haproxy is missing'

const directory = temporaryDirectory()
const file = (name: string) => join(directory, name)
let house: TestHouse
let pump: Product
let haproxy: ChildProcess
let ports: readonly [number, number]

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

before(async () => {
  if (skip !== false) return
  const words = ['--proxy-listen', '127.0.0.1:0', '--proxy-from', '127.0.0.1']
  house = await openTestHouse(undefined, {}, words)
  pump = await withProduct(house)
  const edge = await makeTestAuthority('Edge')
  const identity = await edge.issue('edge-1')
  const certificate = parseCertificate(identity.chain[0] ?? new Uint8Array())
  const added = await addProxy({ name: 'edge-1', certificate }, operator, house.core)
  assert.equal(added.kind, 'added', JSON.stringify(added))
  writeFileSync(file('edge-1.pem'), pemOf(identity.chain) + identity.key)
  writeFileSync(file('root.pem'), rootPem(house))
  const issuer = house.core.doors.own.map((one) => encodePem('CERTIFICATE', one.certificate))
  writeFileSync(file('devices-ca.pem'), issuer.join(''))
  writeFileSync(file('edge-root.pem'), edge.rootPem)
  ports = [await freePort(), await freePort()]
  writeFileSync(file('haproxy.cfg'), configuration())
  haproxy = spawn('haproxy', ['-db', '-f', file('haproxy.cfg')], { stdio: 'inherit' })
  for (const port of ports) await reachable(port)
})
after(async () => {
  if (skip !== false) return
  haproxy.kill()
  await once(haproxy, 'exit')
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

const operator = { kind: 'person', id: 'psn_test' } as const

/** As docs/guides/behind-a-proxy.md says. */
function configuration(): string {
  const { devices, proxied } = house.addresses
  return `defaults
    timeout connect 10s
    timeout client 30s
    timeout server 30s
frontend passing
    mode tcp
    bind 127.0.0.1:${ports[0]}
    default_backend behind
backend behind
    mode tcp
    server one 127.0.0.1:${proxied?.port} send-proxy-v2
frontend ending
    mode http
    bind 127.0.0.1:${ports[1]} ssl crt ${file('edge-1.pem')} ca-file ${file('devices-ca.pem')} verify optional
    http-request del-header Client-Cert
    http-request del-header Client-Cert-Chain
    http-request set-header Client-Cert :%[ssl_c_der,base64]: if { ssl_c_used }
    http-request set-header Forwarded for=203.0.113.77
    default_backend before
backend before
    mode http
    server one 127.0.0.1:${devices.port} ssl crt ${file('edge-1.pem')} ca-file ${file('root.pem')} verify required
`
}

async function reachable(port: number): Promise<void> {
  for (;;) {
    const answer = await call(port, readFileSync(file('root.pem'), 'utf8'), '/').catch(
      () => undefined,
    )
    if (answer !== undefined) return
    assert.equal(haproxy.exitCode, null, 'haproxy ended')
  }
}

interface Told {
  readonly status: number
  readonly body: string
}

function call(
  port: number,
  ca: string,
  path: string,
  {
    body,
    headers,
    credential,
  }: {
    readonly body?: string
    readonly headers?: Record<string, string>
    readonly credential?: Credential
  } = {},
): Promise<Told> {
  const { promise, resolve, reject } = Promise.withResolvers<Told>()
  const sent = request(
    {
      ...{ host: '127.0.0.1', port, path, ca, headers: headers ?? {}, agent: false },
      ...{ method: body === undefined ? 'GET' : 'POST', servername: 'localhost' },
      // HAProxy's own certificate is a stranger's to these clients; whom it leads to is the test's matter.
      rejectUnauthorized: false,
      ...(credential && {
        key: encodePem('PRIVATE KEY', encodePrivateKey(credential.key.privateKey)),
        cert: encodePem('CERTIFICATE', credential.certificate),
      }),
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

/** Enrols by code and then renews by certificate, both through this port. */
async function walk(port: number, serial: string) {
  const code = await withCode(house, await withDevice(house, pump, serial))
  const key = await generateKey('p-256')
  const first = await call(port, '', '/.well-known/est/simpleenroll', {
    body: (await requestBy(key)).toBase64(),
    headers: {
      'Content-Type': 'application/pkcs10',
      Authorization: `Basic ${Buffer.from(`${serial}:${code}`).toString('base64')}`,
    },
  })
  const certificate = certificateIn({ ...first, headers: {} })
  const who = await call(port, '', '/whoami', { credential: { key, certificate } })
  assert.equal(who.status, 200, who.body)
  const next = await generateKey('p-256')
  const renewed = await call(port, '', '/.well-known/est/simplereenroll', {
    body: (await renewalBy(next, certificate)).toBase64(),
    headers: { 'Content-Type': 'application/pkcs10' },
    credential: { key, certificate },
  })
  return enrolmentOf(certificateIn({ ...renewed, headers: {} }))
}

async function enrolmentOf(der: Uint8Array) {
  const record = await house.core.ledger.find('certificate', 'sha256', [sha256(der)])
  return (await house.core.ledger.read('enrolment', record?.enrolment ?? '')) ?? assert.fail()
}

test('TLS passed through: the device proves its key here, and comes from where it is', {
  skip,
}, async () => {
  const record = await walk(ports[0], 'PUMP-1')
  assert.equal(record.possession, 'signature')
  assert.equal(record.proxy, null)
  assert.equal(record.sourceAddress, '127.0.0.1')
  assert.equal(record.proof, 'current-certificate')
})

test('TLS ended by HAProxy: Client-Cert is believed, and the record names the proxy', {
  skip,
}, async () => {
  const record = await walk(ports[1], 'PUMP-2')
  assert.equal(record.possession, 'channel')
  assert.match(record.proxy ?? '', /^pxy_/)
  assert.equal(record.sourceAddress, '203.0.113.77')
  assert.equal(record.proof, 'current-certificate')
})

test('what a device writes into Client-Cert itself does not pass the proxy, nor us', {
  skip,
}, async () => {
  const code = await withCode(house, await withDevice(house, pump, 'PUMP-3'))
  const key = await generateKey('p-256')
  const answer = await postEst(house, 'simpleenroll', await requestBy(key), {
    user: 'PUMP-3',
    code,
  })
  const certificate = certificateIn(answer)
  const headers = { 'Client-Cert': `:${certificate.toBase64()}:` }
  const through = await call(ports[1], '', '/whoami', { headers })
  assert.equal(through.status, 401, 'the proxy removed it')
  const direct = await call(house.addresses.devices.port, '', '/whoami', { headers })
  assert.equal(direct.status, 403)
  assert.match(direct.body, /^proxy-unknown: /)
})
