// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request as askPlain } from 'node:http'
import { request as askSecure } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { makeTestAuthority, pemOf } from '../../../test/tls-certificates.ts'
import { openDeviceFront } from '../http/device-front.ts'
import { deviceLimits } from '../http/limits.ts'
import { openStore } from '../store/open-store.ts'
import {
  bookCertificate,
  claimed,
  origin,
  passphrase,
  type Stage,
  TestClient,
  withHouse,
} from './admin-testing.ts'
import { listenOnSocket } from './doors/local.ts'
import { machineDoor } from './doors/machine.ts'
import { operatorDoor } from './doors/operator.ts'

function testHouse(rule: string, work: (stage: Stage) => Promise<void>) {
  test(rule, () => withHouse(openStore, work))
}

testHouse('a change is taken only from a page of this very origin', async (stage) => {
  const ada = await claimed(stage)
  const change = (headers: Record<string, string>) =>
    ada.ask('POST', '/people', { name: 'Otto', role: 'auditor' }, headers)
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: '' },
    { origin: 'http://localhost:8081.evil.example' },
    { host: 'evil.example', origin },
  ]) {
    const refused = await change(headers)
    assert.deepEqual(
      [refused.status, refused.document.code],
      [403, 'origin-wrong'],
      JSON.stringify(headers),
    )
  }
  assert.equal((await ada.ask('GET', '/people', undefined, { host: 'evil.example' })).status, 403)
  assert.equal(stage.house.told.filter((one) => one.reason === 'origin-wrong').length, 6)
  assert.equal((await change({})).status, 201)
})

testHouse(
  'a browser that says "same-origin" needs no Origin, a client that says nothing is refused',
  async ({ house }) => {
    const api = await house.operatorApi()
    const signIn = (headers: Record<string, string>) =>
      api.inject({
        method: 'POST',
        url: '/api/v1/session',
        headers: { host: 'localhost:8081', ...headers },
        payload: { name: 'Ada', passphrase },
      })
    assert.equal((await signIn({ 'sec-fetch-site': 'same-origin' })).json().code, 'sign-in-wrong')
    assert.equal((await signIn({ 'sec-fetch-site': 'cross-site' })).json().code, 'origin-wrong')
    assert.equal((await signIn({})).json().code, 'origin-wrong')
    await api.close()
  },
)

testHouse('a session cookie is strict, and bound to the host where there is TLS', async (stage) => {
  const ada = await claimed(stage)
  const plain = await ada.ask('POST', '/session', { name: 'Ada Administrator', passphrase })
  assert.match(
    String(plain.headers['set-cookie']),
    /^vitalsign=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
  )
  assert.ok(!plain.text.includes(ada.cookie.split('=')[1]!), 'the answer itself holds no token')
  const { ledger, ports } = stage.house
  const secureOrigin = 'https://pki.acme.example'
  const door = operatorDoor({
    ledger,
    ...ports,
    clock: ports.clock,
    random: ports.random,
    origins: [secureOrigin],
  })
  const api = await stage.house.api(door)
  const secure = await new TestClient(api).ask(
    'POST',
    '/session',
    { name: 'Ada Administrator', passphrase },
    { host: 'pki.acme.example', origin: secureOrigin },
  )
  assert.match(
    String(secure.headers['set-cookie']),
    /^__Host-vitalsign=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
  )
  assert.equal(secure.headers['strict-transport-security'], 'max-age=31536000')
  await api.close()
})

testHouse('every answer at the operator port guards the browser', async ({ browser, house }) => {
  const { headers } = await browser().ask('GET', '/session')
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['x-frame-options'], 'DENY')
  assert.equal(headers['referrer-policy'], 'no-referrer')
  assert.match(
    String(headers['content-security-policy']),
    /default-src 'none'; frame-ancestors 'none'/,
  )
  assert.match(String(headers['x-request-id']), /^[0-9a-f]{16}$/)

  const { ledger, ports } = house
  const door = operatorDoor({ ledger, clock: ports.clock, random: ports.random, origins: [origin] })
  const pages = new Map([['/', { mediaType: 'text/html; charset=utf-8', content: '<p>hello' }]])
  const api = await house.api(door, pages)
  const page = await api.inject({ method: 'GET', url: '/', headers: { host: 'localhost:8081' } })
  assert.equal(page.body, '<p>hello')
  assert.match(
    String(page.headers['content-security-policy']),
    /script-src 'self'; style-src 'self'/,
  )
  assert.doesNotMatch(String(page.headers['content-security-policy']), /unsafe/)
  await api.close()
})

testHouse('what belongs to one door is refused at the others', async (stage) => {
  const ada = await claimed(stage)
  const link = await ada.ask('POST', '/claim/link', {})
  assert.deepEqual([link.status, link.document.code], [403, 'not-permitted'])
  const local = await stage.local.ask('POST', '/session', { name: 'Ada Administrator', passphrase })
  assert.deepEqual([local.status, local.document.code], [403, 'not-permitted'])
  const who = await stage.local.ask('GET', '/session')
  assert.deepEqual(who.document, {
    kind: 'person',
    id: 'local',
    name: 'local',
    role: 'administrator',
    expiresAt: null,
  })
})

testHouse(
  'the socket can be opened by its owner only, and replaces a dead one',
  async ({ house }) => {
    const directory = mkdtempSync(join(tmpdir(), 'vitalsign-socket-'))
    const path = join(directory, 'admin.sock')
    writeFileSync(path, 'left behind')
    const api = await house.localApi()
    const server = await listenOnSocket(api.routing, path)
    try {
      assert.equal(statSync(path).mode & 0o777, 0o600)
      const request = askPlain({ socketPath: path, path: '/api/v1/session' }).end()
      const [answer] = await once(request, 'response')
      assert.equal(JSON.parse(await text(answer)).role, 'administrator')
    } finally {
      await api.close()
      server.close()
      rmSync(directory, { recursive: true, force: true })
    }
  },
)

testHouse(
  'a machine speaks on the device port by the key of its certificate',
  async ({ house, local }) => {
    const authority = await makeTestAuthority('Somebody')
    const [server, line, stranger] = await Promise.all(
      ['server', 'line 1', 'stranger'].map((name) => authority.issue(name)),
    )
    const added = await local.ask('POST', '/machines', {
      name: 'line 1',
      role: 'operator',
      certificate: pemOf([line!.chain[0]!]),
    })
    assert.equal(added.status, 201, added.text)
    const api = await house.api(machineDoor({ ledger: house.ledger, ...house.ports }))
    const front = await openDeviceFront({
      listen: { host: '127.0.0.1', port: 0 },
      identity: server!,
      routes: [],
      adminHandler: (request, response) => api.routing(request, response),
      limits: deviceLimits,
      random: house.ports.random,
      report: ({ cause }) => {
        throw cause
      },
    })
    const ask = async (identity: typeof line, method = 'GET', path = '/session') => {
      const request = askSecure({
        ...front.address,
        method,
        path: `/api/v1${path}`,
        agent: false,
        ca: authority.rootPem,
        checkServerIdentity: () => undefined,
        ...(identity === undefined ? {} : { key: identity.key, cert: pemOf(identity.chain) }),
      }).end()
      const [answer] = await once(request, 'response')
      return { headers: answer.headers, document: JSON.parse(await text(answer)) }
    }
    try {
      const { document, headers } = await ask(line)
      assert.deepEqual(
        [document.kind, document.name, document.role],
        ['machine', 'line 1', 'operator'],
      )
      assert.match(headers['x-request-id'], /^[0-9a-f]{16}$/)
      assert.equal(
        (await ask(line, 'DELETE', `/machines/${added.document.id}`)).document.code,
        'not-permitted',
      )
      assert.equal((await ask(stranger)).document.code, 'credential-missing')
      assert.equal((await ask(undefined)).document.code, 'credential-missing')

      const listed = await local.ask('GET', '/machines?name=line%201')
      assert.equal(listed.document.items[0].id, added.document.id)
      assert.equal((await local.ask('GET', '/machines')).document.items.length, 1)
      const again = await local.ask('POST', '/machines', {
        name: 'line 2',
        role: 'auditor',
        certificate: pemOf([line!.chain[0]!]),
      })
      assert.deepEqual([again.status, again.document.code], [409, 'key-has-another-owner'])
      const none = await local.ask('POST', '/machines', {
        name: 'line 3',
        role: 'auditor',
        certificate: 'x',
      })
      assert.deepEqual([none.status, none.document.code], [400, 'input-wrong'])

      const removed = await local.ask('DELETE', `/machines/${added.document.id}`)
      assert.equal(removed.document.state, 'removed')
      assert.equal((await ask(line)).document.code, 'credential-missing')
      const revokedAt = house.ports.clock.now()
      await bookCertificate(house, { state: 'revoked', revokedAt }, line!.chain[0]!)
      assert.equal((await ask(line)).document.code, 'certificate-revoked')
      assert.equal((await local.ask('DELETE', `/machines/${added.document.id}`)).status, 200)
      assert.equal((await local.ask('DELETE', `/machines/mch_${'0'.repeat(32)}`)).status, 404)
    } finally {
      await front.close()
      await api.close()
    }
  },
)
