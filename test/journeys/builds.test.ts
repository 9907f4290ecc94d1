// SPDX-License-Identifier: Apache-2.0
/** A job of a build, let in by the ID token of its service: what it may, and what it may not. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { wanting } from '#core/releases/stored.ts'
import { encodePem } from '#format/pem.ts'
import { sha256 } from '#trust/digest.ts'
import { encodePrivateKey, generateKey } from '#trust/private-key.ts'
import { askLocally } from '../support/backup.ts'
import {
  ask,
  openTestHouse,
  rootPem,
  type TestHouse,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'
import { cyclonedx } from '../support/release-papers.ts'

/** A service that runs builds, as far as it signs ID tokens. */
const key = await generateKeyPair('RS256')
const stranger = await generateKeyPair('RS256')
const jwk = { ...(await exportJWK(key.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
let service: Server
let issuer: string
const asked: string[] = []

let house: TestHouse
let pump: string
let other: string
const subject = 'repo:acme/pump:ref:refs/heads/main'
const audience = 'https://pki.acme.example'

before(async () => {
  service = createServer((request, response) => {
    asked.push(request.url ?? '')
    const answer = request.url?.startsWith('/.well-known')
      ? { issuer, jwks_uri: `${issuer}/keys` }
      : { keys: [jwk] }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  house = await openTestHouse()
  pump = (await withProduct(house)).id
  other = (await withProduct(house, 'other')).id
  const added = await askLocally(house, 'POST', '/build-trusts', {
    ...{ name: 'main of pump', issuer, audience, subject: 'repo:acme/pump:*', products: [pump] },
  })
  assert.equal(added.status, 201, added.text)
})
after(async () => {
  await house.stop()
  service.close()
  assert.deepEqual(house.troubles, [])
})

interface Bent {
  readonly claims?: JWTPayload
  readonly by?: typeof key
  readonly kid?: string
  readonly life?: string
}

function idToken({ claims, by = key, kid = 'one', life = '5m' }: Bent = {}): Promise<string> {
  return new SignJWT({ jti: crypto.randomUUID(), ...claims })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer(claims?.iss ?? issuer)
    .setSubject(claims?.sub ?? subject)
    .setAudience(claims?.aud ?? audience)
    .setIssuedAt(claims?.iat)
    .setExpirationTime(claims?.exp ?? life)
    .sign(by.privateKey)
}

async function api(method: string, path: string, body?: object, token?: string) {
  const answer = await ask(house, method, `/api/v1${path}`, {
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: JSON.parse(answer.body) }
}

const signIn = (token: string) => api('POST', '/builds/sign-in', { token })

async function granted(): Promise<string> {
  const { status, body } = await signIn(await idToken())
  assert.equal(status, 200, JSON.stringify(body))
  assert.deepEqual(body.products, [pump])
  return body.token
}

test('a job drafts and submits releases of its own products, and does nothing else', async () => {
  const token = await granted()
  const draft = { product: pump, firmwareVersion: '1.0.0', securityVersion: 1 }
  const created = await api('POST', '/releases', draft, token)
  assert.equal(created.status, 201, JSON.stringify(created.body))
  const { id } = created.body
  assert.equal((await api('GET', `/releases/${id}`, undefined, token)).status, 200)
  const listed = await api('GET', '/products', undefined, token)
  assert.deepEqual(
    listed.body.items.map((one: { id: string }) => one.id),
    [pump],
  )
  const foreign = await askLocally(house, 'POST', '/releases', { ...draft, product: other })
  const theirs = JSON.parse(foreign.text).id
  const refused = [
    ['POST', '/releases', { ...draft, product: other }],
    ['GET', `/releases/${theirs}`, undefined],
    ['POST', `/releases/${theirs}/submit`, {}],
    ['POST', `/releases/${theirs}/scans`, {}],
    ['POST', `/releases/${id}/publish`, {}],
    ['GET', '/releases', undefined],
    ['GET', '/devices', undefined],
    ['GET', '/log', undefined],
    ['POST', '/build-trusts', { name: 'x' }],
  ] as const
  for (const [method, path, body] of refused) {
    const { status, body: problem } = await api(method, path, body, token)
    assert.deepEqual([status, problem.code], [403, 'not-permitted'], `${method} ${path}`)
  }
  await house.sequence()
  const log = await askLocally(house, 'GET', '/log?type=build-granted')
  assert.match(log.text, /repo:acme\/pump:ref/)
})

test('a job changes no release that was put forward: an old pipeline voids nobody’s approval', async () => {
  const token = await granted()
  const draft = { product: pump, firmwareVersion: '1.1.0', securityVersion: 1 }
  const { id } = (await api('POST', '/releases', draft, token)).body
  const { ledger } = house.core
  const sha256 = await uploaded('octets of a job', token)
  const part = { role: 'artefact', name: 'app.bin', sha256 }
  const attached = await api('POST', `/releases/${id}/parts`, part, token)
  assert.equal(attached.status, 201, JSON.stringify(attached.body))
  assert.equal((await api('POST', `/releases/${id}/submit`, {}, token)).status, 200)
  const before = await ledger.read('release', id)
  for (const [method, path, body] of [
    ['POST', `/releases/${id}/parts`, { ...part, name: 'more.bin' }],
    ['POST', `/releases/${id}/parts/${attached.body.id}/detach`, {}],
    ['POST', `/releases/${id}/edit`, { securityVersion: 2 }],
  ] as const) {
    const { status, body: problem } = await api(method, path, body, token)
    assert.deepEqual([status, problem.code], [403, 'not-permitted'], path)
  }
  assert.deepEqual(await ledger.read('release', id), before)
})

/** Octets as a job sends them; gives their digest. */
async function uploaded(text: string, token: string): Promise<string> {
  const octets = new TextEncoder().encode(text)
  const digest = sha256(octets).toHex()
  const asked = { name: 'app.bin', octets: octets.length, sha256: digest }
  const { body: begun } = await api('POST', '/artefacts/uploads', asked, token)
  assert.deepEqual([begun.complete, begun.offset], [false, 0], 'what others sent is not told')
  const answer = await ask(house, 'PATCH', `/api/v1/artefacts/uploads/${begun.upload}`, {
    headers: {
      ...{ 'content-type': 'application/partial-upload', 'upload-offset': '0' },
      authorization: `Bearer ${token}`,
    },
    body: text,
  })
  assert.equal(JSON.parse(answer.body).complete, true, answer.body)
  assert.equal((await api('POST', '/artefacts/uploads', asked, token)).body.complete, true)
  return digest
}

test('a job that knows a digest of another product learns nothing by it, and puts it nowhere', async () => {
  const text = 'an image of the other product'
  const { sha256: kept } = await house.core.artefacts.keep([new TextEncoder().encode(text)])
  const { ledger } = house.core
  const octets = { sha256: kept, octets: text.length }
  await ledger.commit({ puts: [await wanting(octets, 'psn_ada', house.core)], events: [] })
  const token = await granted()
  const draft = { product: pump, firmwareVersion: '1.2.0', securityVersion: 1 }
  const { id } = (await api('POST', '/releases', draft, token)).body
  const part = { role: 'artefact', name: 'app.bin', sha256: kept.toHex() }
  const { status, body } = await api('POST', `/releases/${id}/parts`, part, token)
  assert.deepEqual([status, body.code], [409, 'artefact-missing'])
  const none = await api(
    'POST',
    `/releases/${id}/parts`,
    { ...part, sha256: '00'.repeat(32) },
    token,
  )
  assert.deepEqual(none.body.detail, body.detail, 'as if they were not here')
  assert.equal(await uploaded(text, token), kept.toHex())
  assert.equal((await api('POST', `/releases/${id}/parts`, part, token)).status, 201)
  // A later job of the same product need not send them again.
  const again = { product: pump, firmwareVersion: '1.2.1', securityVersion: 1 }
  const later = await granted()
  const next = (await api('POST', '/releases', again, later)).body
  assert.equal((await api('POST', `/releases/${next.id}/parts`, part, later)).status, 201)
})

test('an ID token is good once, for who it is meant, while it is fresh, by a key of its issuer', async () => {
  const once = await idToken()
  assert.equal((await signIn(once)).status, 200)
  const now = Math.floor(Date.now() / 1000)
  const bent = [
    once,
    respelt(once),
    await idToken({ claims: { sub: 'repo:acme/pumpkin:ref:refs/heads/main' } }),
    await idToken({ claims: { aud: 'https://elsewhere.example' } }),
    await idToken({ claims: { iat: now - 3600, exp: now - 1800 } }),
    await idToken({ claims: { iat: now - 3600, exp: now + 3600 } }),
    await idToken({ claims: { iss: 'https://token.actions.githubusercontent.com' } }),
    await idToken({ by: stranger }),
    await idToken({ by: stranger, kid: 'two' }),
    unsigned(await idToken()),
    `${await idToken()}x`,
    'no token',
  ]
  for (const [index, token] of bent.entries()) {
    const { status, body } = await signIn(token)
    assert.deepEqual([status, body.code], [401, 'sign-in-wrong'], `${index}: ${body.detail}`)
    assert.ok(!body.detail.includes(token.slice(0, 40)), 'the token is not repeated')
  }
})

/** The same signature in other letters: the last of its base64url has bits that nobody reads. */
function respelt(token: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return `${token.slice(0, -1)}${letters[letters.indexOf(token.slice(-1)) ^ 1]}`
}

function unsigned(token: string): string {
  const head = Buffer.from('{"alg":"none","kid":"one"}').toString('base64url')
  return `${head}.${token.split('.')[1]}.`
}

test('nobody who is not named is asked for keys, and who is named not for every token', async () => {
  asked.length = 0
  const elsewhere = `http://127.0.0.1:${house.addresses.status.port}`
  for (let count = 0; count < 5; count++) {
    await signIn(await idToken({ claims: { iss: elsewhere } }))
    await signIn(await idToken({ by: stranger, kid: `unknown ${count}` }))
  }
  assert.ok(asked.length <= 2, asked.join(' '))
})

test('a service that is down is asked once, however many tokens come', async () => {
  let count = 0
  const down = createServer((_, response) => {
    count++
    response.writeHead(500).end()
  })
  await new Promise<void>((resolve) => down.listen(0, '127.0.0.1', resolve))
  try {
    const iss = `http://127.0.0.1:${(down.address() as AddressInfo).port}`
    const trust = { name: 'a service that is down', issuer: iss, audience, subject }
    await askLocally(house, 'POST', '/build-trusts', { ...trust, products: [pump] })
    const tokens = await Promise.all([1, 2, 3, 4].map(() => idToken({ claims: { iss } })))
    const answers = await Promise.all(tokens.map(signIn))
    assert.deepEqual(new Set(answers.map(({ body }) => body.code)), new Set(['busy']))
    assert.equal(count, 1)
  } finally {
    down.close()
  }
})

test('a subject of everybody, and a star in its midst, are not taken', async () => {
  for (const wide of ['*', 'repo:*', 'repo:acme*', 'repo:*/pump:*', 'repo:acme/pum*']) {
    const asked = { name: wide.replaceAll('*', 'x'), issuer, audience, products: [pump] }
    const { status, text } = await askLocally(house, 'POST', '/build-trusts', {
      ...asked,
      subject: wide,
    })
    assert.equal(status === 201 ? 'taken' : JSON.parse(text).code, 'input-wrong', wide)
  }
})

test('one command hands in what a build made, by its ID token, and goes on where a run was cut off', async () => {
  const place = temporaryDirectory()
  const at = (name: string) => join(place, name)
  writeFileSync(at('root.pem'), rootPem(house))
  for (const name of ['app.bin', 'more.bin'])
    writeFileSync(at(name), `a build of the pump: ${name}`)
  const papers = ['app', 'more'].map((name) => {
    const path = at(`${name}.cdx.json`)
    const digest = sha256(readFileSync(at(`${name}.bin`))).toHex()
    writeFileSync(path, JSON.stringify(cyclonedx(digest)))
    return path
  })
  const { host, port } = house.addresses.devices
  const deliver = (...more: readonly string[]) =>
    run([
      ...['release', 'deliver', 'pump', '2.0.0', '--security-version', '2', '--json'],
      ...['--server', `https://${host}:${port}`, '--ca', at('root.pem')],
      ...['--id-token', at('id-token'), '--artefact', at('app.bin'), ...more],
    ])
  writeFileSync(at('id-token'), `${await idToken()}\n`)
  const first = await deliver('--draft')
  assert.equal(first.status, 0, first.out)
  assert.equal(JSON.parse(first.out).state, 'draft')
  // The token is used up.
  assert.equal((await deliver()).status, 1)
  writeFileSync(at('id-token'), await idToken())
  const sboms = papers.flatMap((path) => ['--sbom', path])
  const second = await deliver('--artefact', at('more.bin'), ...sboms)
  assert.equal(second.status, 0, second.out)
  const { id, state, manifestSha256, scans, findings } = JSON.parse(second.out)
  assert.deepEqual([id, state], [JSON.parse(first.out).id, 'submitted'])
  assert.match(manifestSha256, /^[0-9a-f]{64}$/)
  assert.deepEqual(
    scans.map((one: { artefact: string; result: string }) => [one.artefact, one.result]),
    [
      ['app.bin', 'clean'],
      ['more.bin', 'clean'],
    ],
  )
  assert.deepEqual(findings, [])
  const page = JSON.parse((await askLocally(house, 'GET', `/releases/${id}`)).text)
  const check = (name: string) =>
    page.checks.find((one: { check: string }) => one.check === name)?.passed
  assert.deepEqual([check('sbom-attached'), check('sbom-complete')], [true, true])
  assert.deepEqual(
    page.parts.flatMap(({ role, name }: Record<string, string>) => (role === 'sbom' ? [name] : [])),
    ['app.cdx.json', 'more.cdx.json'],
  )
  // Who did what is told by name, and a job by what its service calls it.
  assert.deepEqual(
    Object.values(page.names),
    Object.keys(page.names).map(() => subject),
  )
  assert.match(page.createdBy, /^grn_/)
  assert.equal(page.names[page.createdBy], subject)
  const shown = await run(['release', 'show', id, '--data', house.directory])
  assert.match(shown.out, /made by +repo:acme\/pump:ref:refs\/heads\/main \(grn_[0-9a-f]{32}\), /)
  assert.equal((await deliver('--sbom', at('x/app.cdx.json'), ...sboms)).status, 2)
  writeFileSync(at('id-token'), await idToken())
  assert.equal((await deliver()).status, 1, 'what was submitted is handed in no more')
})

test('a build in which the scan finds a key stays a draft, and the job fails', async () => {
  const place = temporaryDirectory()
  const at = (name: string) => join(place, name)
  writeFileSync(at('root.pem'), rootPem(house))
  const planted = encodePem(
    'PRIVATE KEY',
    encodePrivateKey((await generateKey('p-256')).privateKey),
  )
  writeFileSync(at('app.bin'), `a build of the pump with ${planted}`)
  const { host, port } = house.addresses.devices
  for (const time of ['at first', 'again']) {
    writeFileSync(at('id-token'), await idToken())
    const { status, out } = await run([
      ...['release', 'deliver', 'pump', '3.0.0', '--security-version', '3', '--json'],
      ...['--server', `https://${host}:${port}`, '--ca', at('root.pem')],
      ...['--id-token', at('id-token'), '--artefact', at('app.bin')],
    ])
    assert.equal(status, 1, time + out)
    const { state, scans, findings } = JSON.parse(out)
    const told = [state, scans[0].result, findings[0].artefact]
    assert.deepEqual(told, ['draft', 'found', 'app.bin'], time)
    assert.ok(!out.includes(planted.split('\n')[1] ?? 'no line'), 'the key is not told')
  }
})

function run(words: readonly string[]): Promise<{ status: number | null; out: string }> {
  const flags = ['--disable-warning=ExperimentalWarning', 'bin/vitalsign.ts']
  const child = spawn(process.execPath, [...flags, ...words])
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, out })))
}

test('of a grant that stands on two words, what one of them was for ends with it', async () => {
  const added = await askLocally(house, 'POST', '/build-trusts', {
    ...{ name: 'main of other', issuer, audience, subject, products: [other] },
  })
  const { status, body } = await signIn(await idToken())
  assert.deepEqual([status, body.products], [200, [pump, other]])
  const draft = { product: other, firmwareVersion: '3.0.0', securityVersion: 1 }
  assert.equal((await api('POST', '/releases', draft, body.token)).status, 201)
  await askLocally(house, 'DELETE', `/build-trusts/${JSON.parse(added.text).id}`)
  const again = await api('POST', '/releases', { ...draft, firmwareVersion: '3.0.1' }, body.token)
  assert.deepEqual([again.status, again.body.code], [403, 'not-permitted'])
  assert.equal((await api('GET', '/session', undefined, body.token)).body.role, 'builder')
})

test('a grant ends with the word that it stands on', async () => {
  const token = await granted()
  const listed = JSON.parse((await askLocally(house, 'GET', '/build-trusts')).text)
  const { id } = listed.items.find((one: { name: string }) => one.name === 'main of pump')
  assert.equal((await api('GET', '/session', undefined, token)).body.role, 'builder')
  const removed = await askLocally(house, 'DELETE', `/build-trusts/${id}`)
  assert.equal(removed.status, 200, removed.text)
  assert.equal((await api('GET', '/session', undefined, token)).status, 401)
  assert.equal((await signIn(await idToken())).status, 401)
})
