// SPDX-License-Identifier: Apache-2.0
/** Clients of SignServer over real mTLS: what they get signed, and what nobody gets. */
import assert from 'node:assert/strict'
import { createHash, verify, X509Certificate } from 'node:crypto'
import { request } from 'node:https'
import { after, before, test } from 'node:test'
import type { ArtefactKey, Product, Release } from '#core/ledger/tables.ts'
import { withdrawRelease } from '#core/releases/withdraw.ts'
import { publicKeyOf } from '#core/signing/artefact-key.ts'
import { moveKey } from '#core/signing/end-key.ts'
import { type KeyWish, makeArtefactKey } from '#core/signing/make-key.ts'
import { applyPlan } from '#core/signing/signing-plan.ts'
import { packGzip } from '#edge/images/pack-gzip.ts'
import { archiveTools } from '#edge/images/tools.ts'
import { memorySource } from '#format/archive/byte-source.ts'
import { readTar } from '#format/archive/tar-entries.ts'
import { joinEcdsaSignature } from '#format/ecdsa-signature.ts'
import { keyPorts } from '#house/verbs/signing-keys.ts'
import { artefactForms } from '#trust/artefact/forms.ts'
import { buildMender } from '#trust/artefact/mender/build.ts'
import { sha256 } from '#trust/digest.ts'
import { approvedRelease } from '../support/approved-release.ts'
import { octetsOf } from '../support/artefact-files.ts'
import { operator } from '../support/core.ts'
import { openTestHouse, rootPem, type TestHouse, withProduct } from '../support/house.ts'
import { askAs, withMachine } from '../support/verifier.ts'
import { pemOf, type TestIdentity } from '../tls-certificates.ts'

const image = Uint8Array.from({ length: 20_000 }, (_, index) => (index * 31) % 251)
let house: TestHouse
let pump: Product
let release: Release
let signer: TestIdentity
let artifact: Uint8Array
const keys: Record<string, ArtefactKey> = {}

before(async () => {
  house = await openTestHouse()
  pump = await withProduct(house)
  await withProduct(house, 'other')
  for (const [name, form, algorithm] of [
    ['bare', 'raw', undefined],
    ['updates', 'mender', undefined],
    ['updates-rsa', 'mender', 'rsa-3072'],
    ['boot', 'mcuboot', undefined],
    ['pure', 'raw', 'ed25519'],
    ['bundles', 'rauc', undefined],
    ['old', 'raw', undefined],
  ] as const)
    keys[name] = await made({ name, forms: [form], algorithm })
  const ended = await moveKey(keys['old']!, 'retire', 'the test ends it', operator, house.core)
  assert.equal(ended.kind, 'moved')
  const lines = [
    { form: 'raw', keys: ['pure'], artefacts: ['app.bin'] },
    { form: 'mender', keys: ['updates'], artefacts: ['*.mender'] },
    {
      ...{ form: 'mcuboot', keys: ['boot'], artefacts: ['app.bin'] },
      options: { version: '1.0.0', headerSize: 32, padHeader: true },
    },
  ]
  assert.equal((await applyPlan(pump, lines, operator, house.core)).kind, 'applied')
  artifact = await menderArtifact()
  release = await approvedRelease(house.core, pump, { 'app.bin': image, 'pump.mender': artifact })
  signer = await withMachine(house, 'mender-ci', 'signer')
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

async function made(wish: Partial<KeyWish>, product = pump): Promise<ArtefactKey> {
  const answer = await makeArtefactKey(
    {
      ...{ product, name: 'x', forms: ['raw'], algorithm: undefined, custody: 'file' },
      ...{ isNext: false, supportUntil: undefined, authority: undefined, because: undefined },
      ...wish,
    },
    operator,
    keyPorts(house.core),
  )
  return answer.kind === 'made' ? answer.key : assert.fail(answer.detail)
}

async function menderArtifact(): Promise<Uint8Array> {
  const built = await buildMender({
    ...{ artifactName: 'release-1', deviceTypes: ['board-a'], payloadType: 'rootfs-image' },
    ...{ gzip: packGzip, files: [{ name: 'rootfs.ext4', content: memorySource(image) }] },
  })
  assert.ok(built.kind === 'container')
  return octetsOf(built.octets)
}

interface Asking {
  readonly as?: TestIdentity | undefined
  readonly method?: string
  readonly type?: string
}

/** One request as a client of SignServer makes it. */
function process(worker: string, body: unknown, asking: Asking = {}) {
  const { as = signer, method = 'POST', type = 'application/json' } = asking
  const { host, port } = house.addresses.devices
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number
    // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
    body: any
  }>()
  const shows =
    'as' in asking && asking.as === undefined ? {} : { key: as.key, cert: pemOf(as.chain) }
  const path = `/signserver/rest/v1/workers/${worker}/process`
  const sent = request(
    { host, port, method, path, agent: false, ca: rootPem(house), ...shows },
    (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({
          status: answer.statusCode ?? 0,
          body: text.startsWith('{') ? JSON.parse(text) : text,
        })
      })
    },
  )
  sent.on('error', reject)
  sent.setHeader('Content-Type', type)
  sent.end(typeof body === 'string' ? body : JSON.stringify(body))
  return promise
}

const hashed = { USING_CLIENTSUPPLIED_HASH: 'true', CLIENTSIDE_HASHDIGESTALGORITHM: 'SHA-256' }
const digestOf = (bytes: Uint8Array, metaData: object = hashed) => ({
  ...{ data: sha256(bytes).toBase64(), encoding: 'BASE64', metaData },
})

/** The key as its client finds it: in a certificate. */
function keyIn(signerCertificate: string) {
  return new X509Certificate(Buffer.from(signerCertificate, 'base64')).publicKey
}

/** What a client of Mender signs: a file of the artifact. */
async function manifestOf(mender: Uint8Array): Promise<Uint8Array> {
  for await (const file of readTar(memorySource(mender)))
    if (file.name === 'manifest') return mender.slice(file.start, file.start + file.size)
  return assert.fail('the artifact has no manifest')
}

test('the digest of an approved artefact is signed, in DER, and again the same', async () => {
  const first = await process('bare', digestOf(image))
  assert.equal(first.status, 200, JSON.stringify(first.body))
  const { data, signerCertificate, requestId, archiveId, metaData } = first.body
  assert.ok(verify('sha256', image, keyIn(signerCertificate), Buffer.from(data, 'base64')))
  assert.match(archiveId, /^sga_/)
  assert.deepEqual([typeof requestId, metaData], ['string', {}])
  for (const worker of [keys['bare']!.id, 'pump%2Fbare', 'bare']) {
    const again = await process(worker, digestOf(image))
    assert.deepEqual([again.body.data, again.body.archiveId], [data, archiveId], worker)
  }
  await house.sequence()
  const record = await house.core.ledger.read('signedArtefact', archiveId)
  assert.equal(record?.release, release.id)
})

test('the manifest of an approved Mender artifact is signed as the artifact holds it: r and s', async () => {
  const manifest = await manifestOf(artifact)
  const { status, body } = await process('updates', digestOf(manifest))
  assert.equal(status, 200, JSON.stringify(body))
  const raw = Uint8Array.fromBase64(body.data)
  assert.equal(raw.length, 64)
  assert.ok(verify('sha256', manifest, keyIn(body.signerCertificate), joinEcdsaSignature(raw)))
  // The plan names another key, so that of RSA would sign nothing of it.
  const other = await process('updates-rsa', digestOf(manifest))
  assert.deepEqual([other.status, /digest-not-approved/.test(other.body.error)], [403, true])
})

test('what a plan would have a bootloader key sign is signed, as a digest or whole', async () => {
  // MCUboot signs the image behind its header, whose fields the plan and the release say.
  const { core } = house
  const form = artefactForms(archiveTools()).mcuboot ?? assert.fail('no MCUboot')
  const record = (await core.ledger.read('key', keys['boot']!.key))!
  const publicKey = publicKeyOf(record)
  if ('reason' in publicKey) return assert.fail(publicKey.detail)
  const plan = await form.plan(
    memorySource(image),
    { version: '1.0.0', headerSize: 32, padHeader: true, securityCounter: '1' },
    [{ publicKey, algorithm: 'ecdsa-sha256', chain: [] }],
  )
  if (plan.kind === 'refused') return assert.fail(plan.detail)
  const [wanted] = plan.wanted
  const data = wanted!.bytes.toBase64()
  const { status, body } = await process('boot', { data, encoding: 'BASE64', metaData: hashed })
  assert.equal(status, 200, JSON.stringify(body))
  const [piece] = await plan.finish([Uint8Array.fromBase64(body.data)])
  assert.ok(piece)
})

test('a key of Ed25519 signs the message itself, and says why it takes no digest', async () => {
  const whole = await process('pure', { data: image.toBase64(), encoding: 'BASE64' })
  assert.equal(whole.status, 200, JSON.stringify(whole.body))
  const { data, signerCertificate } = whole.body
  assert.ok(verify(null, image, keyIn(signerCertificate), Buffer.from(data, 'base64')))
  const digest = await process('pure', digestOf(image))
  assert.equal(digest.status, 400)
  assert.match(digest.body.error, /^digest-not-signable: ed25519 signs the whole message/)
})

test('nothing else is signed, each time with a reason', async () => {
  const other = new Uint8Array(32).fill(7)
  const metaOf = (name: string) => ({ ...hashed, CLIENTSIDE_HASHDIGESTALGORITHM: name })
  const sha1 = createHash('sha1').update(image).digest('base64')
  const base = digestOf(image)
  const cases: readonly (readonly [string, unknown, number, RegExp])[] = [
    ['nobody', base, 404, /not-found: there is no worker nobody/],
    ['other%2Fbare', base, 404, /no worker/],
    ['sgk_00000000000000000000000000000000', base, 404, /no worker/],
    ['%E0%A4%A', base, 404, /operation-unknown/],
    ['bare%2F..%2Fbare', base, 404, /no worker/],
    ['bare', digestOf(other), 403, /digest-not-approved: no approved release of pump/],
    [
      'bare',
      { ...base, data: sha256(new TextEncoder().encode('dummy')).toBase64() },
      403,
      /digest-not-approved/,
    ],
    ['bare', { ...base, data: 'AAAA' }, 400, /data: has 3 octets, a digest by sha256 has 32/],
    ['bare', { ...base, data: sha1, metaData: metaOf('SHA-1') }, 400, /none of SHA-256/],
    ['bare', { ...base, metaData: metaOf('MD5') }, 400, /none of SHA-256/],
    ['bare', digestOf(image, metaOf('SHA-512')), 400, /has 32 octets, a digest by sha512 has 64/],
    [
      'bare',
      {
        ...base,
        data: createHash('sha512').update(image).digest('base64'),
        metaData: metaOf('SHA-512'),
      },
      400,
      /digest-not-signable: key bare signs sha256, the digest is sha512/,
    ],
    ['bare', digestOf(image, { ...hashed, FILENAME: 'x' }), 400, /metaData.FILENAME: is not known/],
    ['bare', digestOf(image, { CLIENTSIDE_HASHDIGESTALGORITHM: 'SHA-256' }), 400, /is not true/],
    ['bare', digestOf(image, { USING_CLIENTSUPPLIED_HASH: 'true' }), 400, /none of SHA-256/],
    ['bare', digestOf(image, { USING_CLIENTSUPPLIED_HASH: 'yes' }), 400, /neither true nor false/],
    ['bare', digestOf(image, []), 400, /metaData: is no object/],
    ['bare', { ...base, encoding: 'HEX' }, 400, /neither BASE64 nor NONE/],
    ['bare', { ...base, data: '*' }, 400, /character outside the alphabet/],
    ['bare', { ...base, data: 7 }, 400, /data: is no text/],
    ['bare', { ...base, data: '' }, 400, /data: is empty/],
    ['bare', { ...base, worker: 'bare' }, 400, /worker: is not known here/],
    ['bare', { encoding: 'BASE64' }, 400, /data: is no text/],
    ['bare', '[]', 400, /no object/],
    ['bare', '{"data":"AA==","data":"AA=="}', 400, /stands twice/],
    ['bare', '{"data":', 400, /request-malformed/],
    ['bare', { data: 'dummy' }, 403, /digest-not-approved/],
    ['bundles', base, 400, /digest-not-signable: bundles signs rauc, in which the moment/],
    ['old', base, 403, /key-retired: signing key old is retired/],
    ['updates', digestOf(artifact), 403, /digest-not-approved/],
  ]
  for (const [worker, asked, status, why] of cases) {
    const answer = await process(worker, asked)
    assert.match(answer.body.error, why, JSON.stringify(asked).slice(0, 200))
    assert.equal(answer.status, status, answer.body.error)
    assert.deepEqual(Object.keys(answer.body), ['error'])
  }
})

test('eleven megabytes, another method and another content type are turned away', async () => {
  const big = await process('bare', { data: 'A'.repeat(11_000_000), encoding: 'BASE64' }).catch(
    // A server that has heard enough may hang up while the rest is sent.
    (error: NodeJS.ErrnoException) => ({ status: 413, body: error.code }),
  )
  assert.equal(big.status, 413)
  assert.equal((await process('bare', '', { method: 'GET' })).status, 405)
  const page = await process('bare', digestOf(image), { type: 'text/plain' })
  assert.equal(page.status, 415)
})

test('only a machine that may sign is listened to, and it may do nothing else', async () => {
  const stranger = await process('bare', digestOf(image), { as: undefined })
  assert.deepEqual([stranger.status, /credential-missing/.test(stranger.body.error)], [401, true])
  for (const role of ['verifier', 'auditor'] as const) {
    const as = await withMachine(house, `a ${role}`, role)
    assert.equal((await process('bare', digestOf(image), { as })).status, 403, role)
    assert.equal((await process('nobody', digestOf(image), { as })).status, 403, 'learns nothing')
  }
  for (const path of ['/releases', '/devices', '/session', '/machines']) {
    const { status, document } = await askAs(house, signer, path)
    assert.deepEqual([status, document['code']], [403, 'not-permitted'], path)
  }
  const asked = await askAs(house, signer, '/verify', { method: 'POST', body: { chain: 'x' } })
  assert.equal(asked.status, 403)
})

test('what is withdrawn is signed no more', async () => {
  const second = await approvedRelease(
    ...([
      house.core,
      pump,
      { 'second.bin': image.with(3, 9) },
      { firmwareVersion: '1.0.1' },
    ] as const),
  )
  const gone = await withdrawRelease(second, 'it was a mistake', operator, house.core)
  assert.equal(gone.kind, 'changed')
  const answer = await process('bare', digestOf(image.with(3, 9)))
  assert.deepEqual([answer.status, /digest-not-approved/.test(answer.body.error)], [403, true])
})
