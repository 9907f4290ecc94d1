// SPDX-License-Identifier: Apache-2.0
/**
 * Firmware and key watch on two servers of one database and one directory of artefacts: what one was given, decided
 * or began, the other has, hears and ends; what both do at once is done once; what a killed one held is taken over.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { Product } from '#core/ledger/tables.ts'
import { join as joinPeople } from '#core/people/invitation.ts'
import { addMachine } from '#core/people/machine.ts'
import { makePassphraseHasher } from '#edge/admin/argon2.ts'
import { systemClock } from '#edge/clock/system-clock.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import { keyOfPrimes, primeOf1024 } from '../../demo/bad-generator.ts'
import { type Approver, addApprover, makeSigner, signedBy } from '../support/approver.ts'
import { operator } from '../support/core.ts'
import {
  ask,
  certificateIn,
  enrolled,
  nodeDirectory,
  openTestHouse,
  postEst,
  requestBy,
  sharedWords,
  type TestHouse,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'
import { beginSigning, judgedChanges, signNext } from '../support/judged-changes.ts'
import { callApi } from '../support/local-api.ts'
import { type PostgresPlace, postgresPlace, withoutPostgres } from '../support/postgres.ts'
import { changeProfile } from '../support/profiles.ts'
import { expectDevice } from '../support/refusing.ts'

let ahead = Temporal.Duration.from({ seconds: 0 })
const clock = { now: () => systemClock.now().add(ahead) }
/** Jobs run once at the start, and then only when a test runs them. */
const wait = (_: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))

const artefacts = temporaryDirectory()
const directories = [nodeDirectory(), nodeDirectory()] as const
const environment = ['--environment', 'production', '--maker', 'Acme', '--artefacts', artefacts]
const passphrase = 'nine blue herons over the marsh'
const image = Uint8Array.from({ length: 90_000 }, (_, index) => (index * 7_919) >> 7)
/** What the generator of a bad lot gives first. */
const stuck = primeOf1024()

let place: PostgresPlace
let one: TestHouse
let other: TestHouse
let pump: Product
let approvers: readonly Approver[] = []
let builds: Server

before(
  async () => {
    if (withoutPostgres) return
    place = await postgresPlace()
    const open = (directory: string) =>
      openTestHouse(directory, { clock, wait }, [...sharedWords(place.url), ...environment])
    one = await open(directories[0])
    other = await open(directories[1])
    pump = await withProduct(one)
    await letTwoApprove()
    approvers = await Promise.all(['kim', 'lee', 'max'].map((name) => addApprover(name, one.core)))
  },
  { timeout: 120_000 },
)
after(async () => {
  if (withoutPostgres) return
  builds?.close()
  await Promise.all([one.stop(), other.stop()])
  assert.deepEqual([...one.troubles, ...other.troubles], [])
  await place.remove()
})

const both = { skip: withoutPostgres, timeout: 120_000 } as const

// biome-ignore lint/suspicious/noExplicitAny: a journey reads what it expects
async function asked(node: TestHouse, method: string, path: string, input?: object): Promise<any> {
  const { status, body } = await callApi(node, method, path, input)
  assert.ok(status < 300, `${path}: ${JSON.stringify(body)}`)
  return body
}

/** Of all that is usually asked of production only two people are left: two administrators agree to that. */
async function letTwoApprove(): Promise<void> {
  await asked(one, 'POST', '/claim', { name: 'ada', passphrase, maker: 'Acme' })
  const { link } = await asked(one, 'POST', '/people', { name: 'grace', role: 'administrator' })
  const hasher = makePassphraseHasher(one.core.random)
  const token = link.path.split('=')[1]
  await joinPeople({ token, passphrase }, { ...one.core, hasher })
  await demandPeople(2)
}

/** What production asks from now on; where that is less than before, the administrators agree at either server. */
async function demandPeople(people: number): Promise<void> {
  const path = `/products/${pump.id}/signing-policy`
  const rules = (await asked(one, 'GET', path)).document
  const document = { ...rules, production: { checks: {}, approvals: { people } } }
  const because = 'evidence is another journey'
  const set = await asked(one, 'POST', path, { document, because })
  if (set.state !== 'waiting') return
  await asked(one, 'POST', `/signing-policies/${set.id}/approve`, { name: 'ada', passphrase })
  await asked(other, 'POST', `/signing-policies/${set.id}/approve`, { name: 'grace', passphrase })
}

/** A request with octets; resolves with the status and the last line of the answer. */
function send(socket: string, method: string, path: string, octets: Uint8Array) {
  // biome-ignore lint/suspicious/noExplicitAny: a journey reads what it expects
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; last: any }>()
  const type = path.startsWith('/artefacts') ? 'application/partial-upload' : 'application/json'
  const sent = request(
    {
      ...{ socketPath: socket, method, path: `/api/v1${path}` },
      headers: { 'content-type': type },
    },
    async (answer) => {
      try {
        const text = Buffer.concat(await Array.fromAsync(answer)).toString()
        const last = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')
        resolve({ status: answer.statusCode ?? 0, last })
      } catch (error) {
        reject(error)
      }
    },
  )
  sent.on('error', reject)
  sent.end(octets)
  return promise
}

const add = (
  node: { readonly socket: string },
  upload: string,
  bytes: Uint8Array,
  at: number,
  to: number,
) => send(node.socket, 'PATCH', `/artefacts/uploads/${upload}?offset=${at}`, bytes.subarray(at, to))

const beginUpload = async (node: TestHouse, bytes: Uint8Array) => {
  const said = { name: 'app.bin', octets: bytes.length, sha256: sha256(bytes).toHex() }
  return (await asked(node, 'POST', '/artefacts/uploads', said)).upload
}

const noInput = new TextEncoder().encode('{}')
const run = (node: { readonly socket: string }) =>
  send(node.socket, 'POST', '/keywatch/run', noInput)

/** A third server, in a process of its own, that can be killed. */
async function openChild() {
  const script = new URL('support/node-child.ts', import.meta.url).pathname
  const directory = nodeDirectory()
  const words = [script, directory, place.url, '0', ...environment]
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const { node } = JSON.parse((await lines.next()).value ?? '{}')
  const dies = async (moment: string) => {
    child.stdin.write(`${moment}\n`)
    assert.equal((await lines.next()).value, 'dying')
  }
  return {
    ...{ node: String(node), socket: join(directory, 'admin.sock'), ended, dies },
    kill: () => child.kill('SIGKILL'),
  }
}

async function released(node: TestHouse, firmwareVersion: string, securityVersion: number) {
  const { id } = await asked(node, 'POST', '/releases', {
    ...{ product: pump.id, firmwareVersion, securityVersion, kind: 'security' },
    supportUntil: clock
      .now()
      .add({ hours: 24 * 365 })
      .toString(),
  })
  const part = { role: 'artefact', name: 'app.bin', sha256: sha256(image).toHex() }
  await asked(node, 'POST', `/releases/${id}/parts`, part)
  return String(id)
}

async function approve(node: TestHouse, release: string, approver: Approver, version: string) {
  const { manifestSha256 } = await asked(node, 'GET', `/releases/${release}/preview`)
  const said = { release, manifestSha256, product: 'pump', version, environment } as const
  const { statement, signature } = await signedBy(
    approver,
    { ...said, environment: 'production' },
    clock.now(),
  )
  const input = { statement: statement.toBase64(), signature: signature.toBase64() }
  return asked(node, 'POST', `/releases/${release}/approve`, input)
}

const sign = (node: TestHouse, release: string) =>
  send(node.socket, 'POST', `/releases/${release}/sign`, noInput)

test('an upload that one server began goes on and ends at the other', both, async () => {
  const upload = await beginUpload(one, image)
  assert.equal((await add(one, upload, image, 0, 30_000)).last.offset, 30_000)
  assert.equal(await beginUpload(other, image), upload, 'the same sender goes on with the same')
  assert.equal((await add(other, upload, image, 30_000, 60_000)).last.offset, 60_000)
  const at = await Promise.all([one, other].map((node) => add(node, upload, image, 60_000, 90_000)))
  const [done = assert.fail('neither'), ...more] = at.filter(({ status }) => status === 200)
  assert.deepEqual(
    [done.last.complete, more.length],
    [true, 0],
    'of two at one moment one is taken',
  )
})

test(
  'a release that one server was given is approved at the other, under the newest policy',
  both,
  async () => {
    const id = await released(one, '1.0.0', 1)
    await asked(one, 'POST', '/signing-keys', {
      product: pump.id,
      name: 'boot',
      forms: ['mcuboot'],
    })
    await asked(one, 'POST', '/signing-keys', { product: pump.id, name: 'bare', forms: ['raw'] })
    const options = { version: '1.0.0', headerSize: 32, padHeader: true }
    await asked(other, 'POST', `/signing-plans/${pump.id}`, {
      plan: {
        lines: [
          { form: 'mcuboot', artefacts: ['*.bin'], name: '{stem}.signed.bin', options },
          { form: 'raw', artefacts: ['*.bin'] },
        ],
      },
    })
    // How it is signed is what people approve, too.
    await asked(other, 'POST', `/releases/${id}/submit`, {})
    const [kim, lee, max] = approvers as [Approver, Approver, Approver]
    await approve(other, id, kim, '1.0.0')
    await approve(one, id, lee, '1.0.0')
    assert.equal((await asked(other, 'GET', `/releases/${id}`)).state, 'approved')
    await demandPeople(3)
    const early = await sign(other, id)
    assert.deepEqual([early.last.kind, early.last.reason], ['refused', 'release-not-approved'])
    await approve(other, id, max, '1.0.0')

    // With the first release for production somebody who stamps time is made, too: by one of them.
    const signed = await Promise.all([one, other].map((node) => sign(node, id)))
    for (const { last } of signed) assert.equal(last.kind, 'signed', JSON.stringify(last))
    // Whoever came second reads them from the ledger, where those of one moment have no order.
    const [first, second] = signed.map(({ last }) =>
      last.signed.toSorted((a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)),
    )
    assert.deepEqual(first, second)
    assert.equal(signed.filter(({ last }) => last.isRepeated).length, 1)
    const { items } = await other.core.ledger.list('signedArtefact', {
      ...{ by: 'release', equal: [id], limit: 10 },
    })
    assert.deepEqual(items.map(({ form }) => form).sort(), ['mcuboot', 'raw'])
    for (const { timeStamp } of items) assert.ok(timeStamp)
    await one.sequence()
    const told = await asked(other, 'GET', `/log?type=release-signed&subject=${id}`)
    assert.equal(told.items.length, 1)
  },
)

test('a key and a person that one server lets go of count at the other no more', both, async () => {
  await demandPeople(2)
  const id = await released(other, '1.1.0', 2)
  await asked(one, 'POST', `/releases/${id}/submit`, {})
  const [kim, lee, max] = approvers as [Approver, Approver, Approver]
  for (const approver of [kim, lee]) await approve(one, id, approver, '1.1.0')
  assert.equal((await asked(other, 'GET', `/releases/${id}`)).state, 'approved')
  await asked(one, 'POST', `/approvers/${kim.key.id}/end`, { because: 'left' })
  assert.equal((await asked(other, 'GET', `/releases/${id}`)).state, 'submitted')
  assert.equal((await sign(other, id)).last.reason, 'release-state-wrong')
  await approve(other, id, max, '1.1.0')
  const { items } = await asked(one, 'GET', `/signing-keys?product=${pump.id}`)
  const bare = items.find(({ name }: { name: string }) => name === 'bare')
  const digest = { key: bare.id, sha256: sha256(image).toHex() }
  assert.ok((await asked(other, 'POST', `/releases/${id}/digests`, digest)).signature)
  await asked(one, 'POST', `/signing-keys/${bare.id}/retire`, { because: 'another follows' })
  const refused = await sign(other, id)
  assert.equal(refused.last.reason, 'signing-plan-changed', 'what asks for the key is not signed')
})

test(
  'an ID token that is shown to both servers at once lets one job in, for as long as its trust lasts',
  both,
  async () => {
    const key = await generateKeyPair('RS256')
    const jwk = { ...(await exportJWK(key.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
    let issuer = ''
    builds = createServer((question, answer) => {
      const isAbout = question.url?.startsWith('/.well-known')
      const said = isAbout ? { issuer, jwks_uri: `${issuer}/keys` } : { keys: [jwk] }
      answer.setHeader('content-type', 'application/json').end(JSON.stringify(said))
    }).listen(0, '127.0.0.1')
    await once(builds, 'listening')
    issuer = `http://127.0.0.1:${(builds.address() as AddressInfo).port}`
    const [audience, subject] = ['https://pki.acme.example', 'repo:acme/pump:ref:refs/heads/main']
    const trust = await asked(one, 'POST', '/build-trusts', {
      ...{ name: 'main', issuer, audience, subject: 'repo:acme/pump:*', products: [pump.id] },
    })
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .setIssuer(issuer)
      .setSubject(subject)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(key.privateKey)
    const shown = await Promise.all(
      [one, other, one, other].map((node) => device(node, 'POST', '/builds/sign-in', { token })),
    )
    const [granted = assert.fail('nobody'), ...more] = shown.filter(({ status }) => status === 200)
    assert.equal(more.length, 0)
    for (const { status, body } of shown)
      if (status !== 200) assert.match(body.detail, /this id token was used already/)
    const list = (node: TestHouse) =>
      device(node, 'GET', `/releases?product=${pump.id}`, undefined, granted.body.token)
    for (const node of [one, other]) assert.equal((await list(node)).status, 200)
    await asked(one, 'DELETE', `/build-trusts/${trust.id}`)
    assert.equal((await list(other)).status, 401)
  },
)

/** As a machine asks, at the devices' port. */
async function device(
  node: TestHouse,
  method: string,
  path: string,
  body?: object,
  bearer?: string,
) {
  const answer = await ask(node, method, `/api/v1${path}`, {
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: JSON.parse(answer.body) }
}

async function enrol(node: TestHouse, serial: string, key: KeyPair) {
  const { user, code } = await expectDevice(node, pump, serial)
  return postEst(node, 'simpleenroll', await requestBy(key), { user, code })
}

test(
  'what a killed server held is taken over: its upload where it was acknowledged, its run with the tree of another',
  both,
  async () => {
    await changeProfile(one.core, {
      keys: { algorithms: ['p-256', 'rsa-2048'], because: 'the chip of this pump does RSA' },
    })
    const first = keyOfPrimes(stuck, primeOf1024())
    certificateIn(await enrol(one, 'P-1', first))
    const again = await enrol(other, 'P-2', first)
    assert.equal(again.status, 403, 'the same key at the other server is a second owner’s')
    assert.doesNotMatch(again.body, /P-1/)
    for (const serial of ['P-3', 'P-5'])
      certificateIn(await enrol(other, serial, keyOfPrimes(primeOf1024(), primeOf1024())))
    assert.deepEqual((await run(one)).last.end, 'done')
    const primes = join(directories[0], 'keywatch', 'primes')
    const [product = assert.fail()] = readdirSync(primes).filter((name) =>
      name.endsWith('.product'),
    )
    const { mtimeMs } = statSync(join(primes, product))

    const bytes = image.map((octet) => octet ^ 1)
    const upload = await beginUpload(other, bytes)
    await add(other, upload, bytes, 0, 20_000)
    certificateIn(await enrol(other, 'P-4', keyOfPrimes(stuck, primeOf1024())))
    const child = await openChild()
    try {
      const sent = request({
        ...{ socketPath: child.socket, method: 'PATCH' },
        path: `/api/v1/artefacts/uploads/${upload}?offset=20000`,
        headers: { 'content-type': 'application/partial-upload' },
      })
      sent.on('error', () => undefined)
      sent.write(bytes.subarray(20_000, 50_000))
      const at = async () => (await asked(other, 'GET', `/artefacts/uploads/${upload}`)).offset
      while ((await at()) < 50_000) await turn()
      await child.dies('found')
      await assert.rejects(run(child))
      await child.ended
    } finally {
      child.kill()
    }
    const held = await add(other, upload, bytes, 20_000, 90_000)
    assert.equal(held.last.code, 'busy')
    assert.match(held.last.detail, new RegExp(`on ${child.node}; ask again`))
    const busy = (await run(one)).last
    assert.match(busy.detail, new RegExp(`node ${child.node} is at it`))
    ahead = Temporal.Duration.from({ seconds: 61 })
    const { offset } = await asked(one, 'GET', `/artefacts/uploads/${upload}`)
    assert.equal(offset, 20_000)
    assert.equal((await add(one, upload, bytes, offset, 90_000)).last.complete, true)
    assert.equal((await run(one)).last.end, 'done')
    const { items } = await other.core.ledger.list('keyFinding', { limit: 10 })
    const found = items.map(({ kind, facts }) => `${kind} ${facts['serial']}`).sort()
    assert.deepEqual(found, ['prime-shared P-1', 'prime-shared P-4'])
    assert.equal(
      statSync(join(primes, product)).mtimeMs,
      mtimeMs,
      'its product is still the very file',
    )
  },
)

test(
  'what one server decides of a release counts for the very next signature at the other',
  both,
  async () => {
    // One of each who may decide; the store's contract says that each kind of record ends the epoch of all nodes.
    for (const what of [
      ...['a policy that asks for more people', 'an approver key that was found weak'],
      ...['a person who left', 'another signing plan', 'a scan that found something'],
    ]) {
      const [reason, make] = judgedChanges[what] ?? assert.fail(what)
      const signing = await beginSigning(`pump with ${what}`, one.core)
      assert.equal(await signNext(signing, 0, other.core), 'signed', what)
      await make(signing, one.core)
      assert.equal(await signNext(signing, 1, other.core), reason, what)
    }
  },
)

test(
  'what a client of SignServer was given at one server it is given at the other, until its machine is removed there',
  both,
  async () => {
    const { product, key, digests } = await beginSigning('pump of clients', one.core)
    const pair = await generateKey('p-256')
    const [certificate = assert.fail()] = (await makeSigner('client', clock.now(), 'p-256', pair))
      .chain
    const { environment } = one.core
    const wish = { name: 'client', role: 'signer', products: [product.id], environment } as const
    const added = await addMachine({ ...wish, publicKey: pair.publicKey }, operator, one.core)
    const machine = added.kind === 'refused' ? assert.fail(added.detail) : added.machine
    const metaData = {
      ...{ USING_CLIENTSUPPLIED_HASH: 'true', CLIENTSIDE_HASHDIGESTALGORITHM: 'SHA-256' },
    }
    const process = async (node: TestHouse, at: number) => {
      const data = digests[at]?.toBase64()
      const path = `/signserver/rest/v1/workers/${key.name}/process`
      const { status, body } = await ask(node, 'POST', path, {
        ...{ credential: { key: pair, certificate } },
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ data, encoding: 'BASE64', metaData }),
      })
      return {
        status,
        signature: JSON.parse(body).data as string,
        archive: JSON.parse(body).archiveId,
      }
    }
    const shown = await Promise.all([one, other, one, other].map((node) => process(node, 0)))
    for (const { status } of shown) assert.equal(status, 200)
    assert.equal(
      new Set(shown.map(({ archive }) => archive)).size,
      1,
      'of one digest one is booked',
    )
    assert.equal(new Set(shown.map(({ signature }) => signature)).size, 1)
    await asked(one, 'DELETE', `/machines/${machine.id}`)
    assert.equal((await process(other, 1)).status, 401)
  },
)

test(
  'a rotation that one server began goes on at the other, by what devices reported to either',
  both,
  async () => {
    const make = async (name: string, next: boolean) =>
      (await asked(one, 'POST', '/signing-keys', { product: pump.id, name, forms: ['cms'], next }))
        .id
    const [from, to] = [await make('old', false), await make('new', true)]
    const wish = { product: pump.id, from, to, threshold: 100, because: 'five years old' }
    const begun = await Promise.all(
      [one, other].map((node) => callApi(node, 'POST', '/rotations', wish)),
    )
    const [first = assert.fail(), ...more] = begun.filter(({ status }) => status === 201)
    assert.equal(more.length, 0, 'of two that begin it one does')
    const shownAt = (node: TestHouse) => asked(node, 'GET', `/rotations/${first.body.id}`)
    const [anchor] = (await shownAt(other)).anchors
    const devices = await Promise.all(
      [one, other].map((node, at) => enrolled(node, pump, `R-${at}`)),
    )
    for (const [at, credential] of devices.entries()) {
      const said = { firmwareVersion: `1.${at}`, securityVersion: 1, anchors: [anchor] }
      const node = at === 0 ? other : one
      const sent = { credential, body: JSON.stringify(said) }
      assert.equal((await ask(node, 'POST', '/firmware/report', sent)).status, 200)
    }
    const counted = await Promise.all(
      [one, other].map((node) => asked(node, 'GET', `/products/${pump.id}/installed`)),
    )
    assert.deepEqual(counted[0].versions, counted[1].versions)
    assert.equal(counted[1].reported, 2)
    const because = 'another way was found'
    await asked(other, 'POST', `/rotations/${first.body.id}/give-up`, { because })
    assert.equal((await shownAt(one)).state, 'given-up')
  },
)
