// SPDX-License-Identifier: Apache-2.0
/** Debian's pebble, a public authority in small, signs for a profile of servers: RFC 8555. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { request as plainRequest } from 'node:http'
import { request } from 'node:https'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { tellRevocations } from '#core/authority/upstream/revocations.ts'
import { encodePem } from '#format/pem.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  fetchStatus,
  openTestHouse,
  requestBy,
  type TestHouse,
  temporaryDirectory,
} from '../support/house.ts'
import { callApi } from '../support/local-api.ts'
import { changeProfile } from '../support/profiles.ts'
import { makeTestAuthority } from '../tls-certificates.ts'

const isThere = spawnSync('pebble', ['-h']).error === undefined
const skip = isThere || process.env['PEERS'] === 'required' ? false : 'pebble is missing'

const directory = temporaryDirectory()
const because = 'RFC 0000: a test'
const macKey = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W'
let house: TestHouse
let roots: string
let ports: readonly number[]
const children: ChildProcess[] = []

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** A program on a port of this machine; resolves when it takes connections. */
async function start(program: string, words: readonly string[], port: number, env = {}) {
  const child = spawn(program, [...words], {
    ...{ cwd: directory, stdio: 'ignore', env: { ...process.env, ...env } },
  })
  children.push(child)
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`)
    if (await listens(port)) return
    // The program is still loading; nothing tells when it listens.
    await sleep(50)
  }
}

function listens(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = createConnection({ host: '127.0.0.1', port })
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}

function get(url: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  request(url, { ca: roots, agent: false }, async (answer) => {
    let text = ''
    for await (const chunk of answer) text += chunk
    resolve(text)
  })
    .on('error', reject)
    .end()
  return promise
}

before(async () => {
  if (skip !== false) return
  house = await openTestHouse()
  ports = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const [acme = 0, management = 0, dns = 0, records = 0] = ports
  const authority = await makeTestAuthority('Pebble')
  const identity = await authority.issue('localhost')
  roots = encodePem('CERTIFICATE', authority.root)
  mkdirSync(join(directory, 'tls'))
  const chain = identity.chain.map((der) => encodePem('CERTIFICATE', der)).join('')
  writeFileSync(join(directory, 'tls/cert.pem'), chain)
  writeFileSync(join(directory, 'tls/key.pem'), identity.key, { mode: 0o600 })
  const pebble = {
    ...{ listenAddress: `127.0.0.1:${acme}`, managementListenAddress: `127.0.0.1:${management}` },
    ...{ certificate: 'tls/cert.pem', privateKey: 'tls/key.pem' },
    ...{ httpPort: house.addresses.status.port, tlsPort: 5001, ocspResponderURL: '' },
    ...{ externalAccountBindingRequired: true, externalAccountMACKeys: { 'kid-1': macKey } },
    certificateValidityPeriod: 3600 * 24 * 30,
  }
  writeFileSync(join(directory, 'pebble.json'), JSON.stringify({ pebble }))
  await start(
    'pebble-challtestsrv',
    [
      ...['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${records}`],
      ...['-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv6', ''],
    ],
    records,
  )
  await start(
    'pebble',
    ['-config', 'pebble.json', '-dnsserver', `127.0.0.1:${dns}`],
    management,
    // One nonce in three is turned down for nothing, as RFC 8555 section 6.5 says that it may be.
    { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '33' },
  )
})
after(async () => {
  for (const child of children) child.kill()
  await house?.stop()
  if (skip === false) assert.deepEqual(house.troubles, [])
})

async function addPebble(more: object = {}) {
  const [acme = 0, management = 0] = ports
  const anchors = await get(`https://localhost:${management}/roots/0`)
  return callApi(house, 'POST', '/upstreams', {
    ...{
      name: 'public',
      protocol: 'acme',
      address: `https://localhost:${acme}/dir`,
      roots,
      anchors,
    },
    ...more,
  })
}

test('its terms and its binding are asked for by name', { skip }, async () => {
  const terms = await addPebble()
  assert.match(terms.body.detail, /asks to agree to .*terms=agreed/)
  const binding = await addPebble({ settings: ['terms=agreed'] })
  assert.match(binding.body.detail, /eab-kid=ID/)
  const wrong = { settings: ['terms=agreed', 'eab-kid=kid-1'], secretFile: 'public-eab' }
  const missing = await addPebble(wrong)
  assert.match(missing.body.detail, /secret file public-eab is not there/)
  const secrets = join(house.directory, 'upstream')
  mkdirSync(secrets)
  writeFileSync(join(secrets, 'public-eab'), `${macKey}\n`)
  chmodSync(join(secrets, 'public-eab'), 0o644)
  assert.match((await addPebble(wrong)).body.detail, /can be read by others/)
})

test('a server gets its certificate, proved by http-01 on the status port', { skip }, async () => {
  writeFileSync(join(house.directory, 'upstream', 'eab'), `${macKey}\n`, { mode: 0o600 })
  const added = await addPebble({
    ...{ settings: ['terms=agreed', 'eab-kid=kid-1'], secretFile: 'eab' },
  })
  assert.equal(added.status, 201, JSON.stringify(added.body))
  await changeProfile(
    house.core,
    { hosting: { upstream: 'public', mayDiffer: ['subject', 'purposes'], because } },
    'server',
  )
  const key = await generateKey('p-256')
  const names = ['www.pki.test', 'api.pki.test']
  const san = encodeExtension(
    'subjectAltName',
    names.map((value) => ({ kind: 'dns', value })),
  )
  const pem = encodePem('CERTIFICATE REQUEST', await requestBy(key, { extensions: [san] }))
  const wish = { profile: 'server', names, request: pem }
  const issued = await callApi(house, 'POST', '/certificates', wish)
  assert.equal(issued.status, 201, JSON.stringify(issued.body))
  assert.equal(issued.body.state, 'issued', JSON.stringify(issued.body))
  const certificate = new X509Certificate(issued.body.pem)
  assert.ok(certificate.checkHost('www.pki.test') && certificate.checkHost('api.pki.test'))
  assert.match(certificate.issuer, /Pebble Intermediate/)
  const again = await callApi(house, 'POST', '/certificates', wish)
  assert.equal(again.body.pem, issued.body.pem, 'a repetition')
  const { authority, id } = issued.body.certificate
  const intermediate = await callApi(house, 'GET', `/authorities/${authority}`)
  assert.equal(intermediate.body.kind, 'foreign', 'learnt from the chain')
  const chain = await callApi(house, 'GET', `/certificates/${id}/export?chain=true`)
  assert.equal(chain.body.pem.match(/BEGIN CERTIFICATE/g).length, 2)
})

test('a name that does not lead here is refused in words for the operator', { skip }, async () => {
  const [, , , records = 0] = ports
  const set = plainRequest({
    ...{ host: '127.0.0.1', port: records, path: '/set-default-ipv4', method: 'POST' },
  })
  set.end(JSON.stringify({ ip: '127.0.0.9' }))
  await once(set, 'response')
  const key = await generateKey('p-256')
  const pem = encodePem('CERTIFICATE REQUEST', await requestBy(key))
  const wish = { profile: 'server', names: ['elsewhere.pki.test'], request: pem }
  const refused = await callApi(house, 'POST', '/certificates', wish)
  assert.equal(refused.body.code, 'upstream-refused')
  const { body } = await callApi(house, 'GET', '/upstream-orders?state=turned-down')
  assert.match(body.items.at(-1).words, /elsewhere\.pki\.test/)
})

test('a challenge of nobody is not answered', { skip }, async () => {
  const token = 'a'.repeat(43)
  assert.equal((await fetchStatus(house, `/.well-known/acme-challenge/${token}`)).status, 404)
  assert.equal((await fetchStatus(house, '/.well-known/acme-challenge/x')).status, 404)
})

test('what is revoked here is revoked at the authority', { skip }, async () => {
  const walk = { by: 'state', equal: ['answered'], limit: 10 } as const
  const [order] = (await house.core.ledger.list('upstreamOrder', walk)).items
  const because = { reason: 'superseded', because: 'a test' }
  const path = `/certificates/${order?.certificate}/revoke`
  assert.equal((await callApi(house, 'POST', path, because)).status, 200)
  const signal = new AbortController().signal
  await tellRevocations(house.core.doors.upstreams, house.core, signal)
  const told = await house.core.ledger.read('upstreamOrder', order?.id ?? '')
  assert.equal(told?.revocation, 'done')
  const [, management = 0] = ports
  const record = await house.core.ledger.read('certificate', order?.certificate ?? '')
  const serial = record?.serialNumber.toHex()
  const status = JSON.parse(
    await get(`https://localhost:${management}/cert-status-by-serial/${serial}`),
  )
  assert.equal(status.Status, 'Revoked')
})
