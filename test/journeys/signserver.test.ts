// SPDX-License-Identifier: Apache-2.0
/** Clients of SignServer over real mTLS: what they get signed, and what nobody gets. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, verify, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
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
import { absent } from '../support/absent.ts'
import { approvedNow, approvedRelease, notedClean } from '../support/approved-release.ts'
import { octetsOf } from '../support/artefact-files.ts'
import { operator } from '../support/core.ts'
import {
  openTestHouse,
  rootPem,
  type TestHouse,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'
import { runHere } from '../support/in-process.ts'
import { callApi } from '../support/local-api.ts'
import { newRelease } from '../support/releases.ts'
import { askAs, withMachine } from '../support/verifier.ts'
import { makeTestAuthority, pemOf, type TestIdentity } from '../tls-certificates.ts'

const mcuboot = ['--version', '1.0.0', '--header-size', '32', '--pad-header']
const place = temporaryDirectory()
const image = Uint8Array.from({ length: 20_000 }, (_, index) => (index * 31) % 251)
let house: TestHouse
let pump: Product
let other: Product
let release: Release
let signer: TestIdentity
let artifact: Uint8Array
const keys: Record<string, ArtefactKey> = {}

before(async () => {
  house = await openTestHouse()
  pump = await withProduct(house)
  other = await withProduct(house, 'other')
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
  assert.equal(
    (
      await applyPlan(pump, lines, operator, {
        ...house.core,
        forms: artefactForms(archiveTools()),
      })
    ).kind,
    'applied',
  )
  artifact = await menderArtifact()
  release = await approvedRelease(house.core, pump, { 'app.bin': image, 'pump.mender': artifact })
  signer = await withMachine(house, 'mender-ci', 'signer', [pump.id, other.id])
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

async function menderArtifact(artifactName = 'release-1'): Promise<Uint8Array> {
  const built = await buildMender({
    ...{ artifactName, deviceTypes: ['board-a'], payloadType: 'rootfs-image' },
    ...{ gzip: packGzip, files: [{ name: 'rootfs.ext4', content: memorySource(image) }] },
  })
  assert.ok(built.kind === 'container')
  return octetsOf(built.octets)
}

/** Where the octets of a digest lie in the directory of artefacts. */
function shelf(bytes: Uint8Array): string {
  const name = sha256(bytes).toHex()
  return join(name.slice(0, 2), name)
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

test('curl gets what openssl believes, with the key out of the certificate that came', {
  skip: absent('/usr/bin/curl', '/usr/bin/openssl'),
}, async () => {
  const at = (name: string) => join(place, name)
  writeFileSync(at('cert.pem'), pemOf(signer.chain))
  writeFileSync(at('key.pem'), signer.key)
  writeFileSync(at('root.pem'), rootPem(house))
  writeFileSync(at('app.bin'), image)
  writeFileSync(at('asked.json'), JSON.stringify(digestOf(image)))
  const { host, port } = house.addresses.devices
  const run = promisify(execFile)
  const { stdout } = await run('/usr/bin/curl', [
    ...['--silent', '--fail', '--cert', at('cert.pem'), '--key', at('key.pem')],
    ...['--cacert', at('root.pem'), '-H', 'Content-Type: application/json'],
    ...['--data', `@${at('asked.json')}`],
    `https://${host}:${port}/signserver/rest/v1/workers/bare/process`,
  ])
  const { data, signerCertificate } = JSON.parse(stdout)
  writeFileSync(at('signature'), Buffer.from(data, 'base64'))
  writeFileSync(at('signer.der'), Buffer.from(signerCertificate, 'base64'))
  const openssl = (...words: string[]) => run('/usr/bin/openssl', words)
  const shown = await openssl(
    'x509',
    '-inform',
    'DER',
    '-in',
    at('signer.der'),
    '-noout',
    '-pubkey',
  )
  writeFileSync(at('public.pem'), shown.stdout)
  const verified = ['dgst', '-sha256', '-verify', at('public.pem'), '-signature', at('signature')]
  assert.match((await openssl(...verified, at('app.bin'))).stdout, /Verified OK/)
  writeFileSync(at('app.bin'), image.with(0, 1))
  await assert.rejects(openssl(...verified, at('app.bin')))
})

test('an image is signed in its forms without ever leaving: people approve what has to be signed', async () => {
  const stays = image.map((octet) => octet ^ 0x55)
  const file = join(place, 'stays.bin')
  writeFileSync(file, stays)
  for (const [name, form, algorithm] of [
    ['outer', 'outer-manifest', 'p-256'],
    ['outer-pq', 'outer-manifest', 'ml-dsa-65'],
    ['letters', 'cms', undefined],
  ] as const)
    keys[name] = await made({ name, forms: [form], algorithm })
  const draft = await newRelease(house.core, pump, { firmwareVersion: '2.0.0' })
  const sign = (words: readonly string[]) =>
    runHere([
      ...['firmware', 'sign', file, '--release', draft.id, ...words],
      ...['--json', '--data', house.directory],
    ])
  const commands: readonly (readonly string[])[] = [
    ['--form', 'mcuboot', '--signing-key', 'boot', ...mcuboot, '--out', `${file}.signed`],
    ['--form', 'raw', '--signing-key', 'bare', '--out', `${file}.sig`],
    ['--form', 'cms', '--signing-key', 'letters', '--out', `${file}.p7s`],
    [
      ...['--form', 'outer-manifest', '--signing-key', 'outer', '--signing-key', 'outer-pq'],
      ...[
        '--product',
        'pump',
        '--version',
        '2.0.0',
        '--security-version',
        '1',
        '--name',
        'stays.bin',
      ],
      ...['--environment', 'trial', '--kind', 'feature', '--made-at', '1800000000'],
      ...['--out', `${file}.manifest`],
    ],
  ]
  for (const words of commands) {
    const proposed = await sign(words)
    assert.equal(proposed.status, 0, proposed.error)
    assert.equal(JSON.parse(proposed.out).kind, 'to-be-approved')
  }
  const pure = await sign(['--form', 'raw', '--signing-key', 'pure'])
  assert.match(pure.error, /ed25519 signs the whole file, which would have to leave/)
  const { core } = house
  const draftNow = (await core.ledger.read('release', draft.id)) ?? assert.fail('gone')
  const unscanned = await callApi(house, 'GET', `/releases/${draft.id}`)
  const check = (name: string) =>
    unscanned.body.checks.find((one: { check: string }) => one.check === name)
  assert.match(check('artefacts-here').detail, /6 artefacts, of which 6 by the digest alone/)
  assert.match(check('scan-clean').detail, /^stays.bin was not scanned$/)
  await notedClean(core, 'stays.bin', sha256(stays))
  await approvedNow(core, pump, draftNow)
  const early = await runHere(['release', 'sign', draft.id, '--data', house.directory])
  assert.match(early.error, /it was not signed by its digest yet/)
  for (const words of commands) {
    const done = await sign(words)
    assert.equal(done.status, 0, done.error)
    assert.equal(JSON.parse(done.out).kind, 'signed')
  }
  assert.equal(await core.artefacts.size(sha256(stays)), undefined, 'it was never here')
  const raw = readFileSync(`${file}.sig`)
  const record = (await core.ledger.read('key', keys['bare']!.key))!
  const publicKey = publicKeyOf(record)
  if ('reason' in publicKey) return assert.fail(publicKey.detail)
  assert.ok(verify('sha256', stays, publicKey.keyObject, raw))
  // One other choice, or one other octet, is something that nobody approved.
  const other = await sign([...commands[0]!.map((word) => (word === '1.0.0' ? '1.0.1' : word))])
  assert.match(other.error, /digest-not-approved|is not what was approved/)
  writeFileSync(file, stays.with(0, 1))
  const bent = await sign(commands[0]!)
  assert.match(bent.error, /stays.bin is not the file that/)
  const scanned = await callApi(house, 'GET', `/releases/${draft.id}`)
  assert.equal(scanned.body.signed.length, 5)
  const ended = await runHere(['release', 'sign', draft.id, '--json', '--data', house.directory])
  assert.deepEqual([ended.status, JSON.parse(ended.out).state], [0, 'signed'], ended.error)
  assert.equal((await callApi(house, 'POST', `/releases/${draft.id}/publish`, {})).status, 200)
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

test('octets that were changed under a digest that people approved are never what a key signs', async () => {
  const { core } = house
  const fresh = await menderArtifact('release-2')
  const terms = { firmwareVersion: '1.0.2' }
  const approved = await approvedRelease(core, pump, { 'next.mender': fresh }, terms)
  const path = join(house.directory, 'artefacts', shelf(fresh))
  const other = await menderArtifact('release-3')
  assert.equal(other.length, fresh.length)
  writeFileSync(path, other)
  for (const lie of [other, fresh]) {
    const answer = await process('updates', digestOf(await manifestOf(lie)))
    assert.equal(answer.status, 403, JSON.stringify(answer.body))
    assert.match(
      answer.body.error,
      /digest-not-approved: .* the octets that are kept of next.mender/,
    )
  }
  // What was never answered is not remembered: with the right octets it goes on.
  writeFileSync(path, fresh)
  const signed = await process('updates', digestOf(await manifestOf(fresh)))
  assert.equal(signed.status, 200, JSON.stringify(signed.body))
  const gone = await withdrawRelease(
    (await core.ledger.read('release', approved.id))!,
    'it was a test',
    operator,
    core,
  )
  assert.equal(gone.kind, 'changed')
})

test('a signer gets at keys of its own products alone, by whatever name it calls them', async () => {
  const { core } = house
  const theirs = await made({ name: 'bare' }, other)
  const rare = await made({ name: 'rare' }, other)
  const odd = image.with(5, 17)
  await approvedRelease(core, other, { 'other.bin': odd })
  const as = await withMachine(house, 'pump-ci', 'signer', [pump.id])
  const none = await signerWithoutProducts()
  // As if they were not there: the answer is the same for a key that nobody has.
  for (const [caller, names] of [
    [as, [theirs.id, 'other%2Fbare', rare.id, 'other%2Frare', 'rare', 'other%2Fnobody', 'nobody']],
    [none, [keys['bare']!.id, 'pump%2Fbare', 'bare', theirs.id, 'rare']],
  ] as const)
    for (const worker of names) {
      const refused = await process(worker, digestOf(odd), { as: caller })
      assert.equal(refused.status, 404, worker)
      const said = decodeURIComponent(worker)
      const why = 'it is a signing key of a product that this machine is for, by its id or name'
      assert.equal(refused.body.error, `not-found: there is no worker ${said}: ${why}`)
    }
  // A name that another product has, too, is no riddle to it.
  for (const worker of ['bare', 'pump%2Fbare', keys['bare']!.id]) {
    const signed = await process(worker, digestOf(image), { as })
    assert.equal(signed.status, 200, JSON.stringify(signed.body))
  }
  const both = await process('bare', digestOf(image))
  assert.match(both.body.error, /2 products have a signing key bare: say PRODUCT\/bare, or its id/)
  assert.equal((await process(theirs.id, digestOf(odd))).status, 200)
})

test('an administrator says anew for which products a signer is, and the log keeps both', async () => {
  const name = 'moves-ci'
  const as = await withMachine(house, name, 'signer', [pump.id])
  const [machine] = (await callApi(house, 'GET', `/machines?name=${name}`)).body.items
  assert.deepEqual(machine.products, [pump.id])
  const set = async (products: readonly string[], id: string = machine.id) =>
    callApi(house, 'POST', `/machines/${id}/products`, { products })
  assert.equal((await process('rare', digestOf(image), { as })).status, 404)
  const moved = await set([other.id, other.id])
  assert.deepEqual([moved.status, moved.body.products], [200, [other.id]])
  assert.match((await process('rare', digestOf(image), { as })).body.error, /^digest-not-approved/)
  assert.equal((await process('boot', digestOf(image), { as })).status, 404)
  await house.sequence()
  const { body } = await callApi(house, 'GET', '/log?type=machine-products-set')
  const [event] = body.items
  assert.deepEqual(event.subjects, [machine.id, other.id])
  assert.deepEqual(event.facts, { name, before: pump.id })
  // Said twice it is no second act.
  assert.equal((await set([other.id])).body.version, moved.body.version)
  assert.equal((await set([])).body.code, 'input-wrong')
  assert.equal((await set([`prd_${'0'.repeat(32)}`])).status, 404)
  assert.equal((await set([pump.id], `mch_${'0'.repeat(32)}`)).status, 404)
  await withMachine(house, 'an operator', 'operator')
  const [operating] = (await callApi(house, 'GET', '/machines?name=an%20operator')).body.items
  assert.equal(operating.products, null)
  const unfit = await set([pump.id], operating.id)
  assert.match(unfit.body.detail, /a machine of role operator is for all products/)
  assert.equal((await callApi(house, 'DELETE', `/machines/${machine.id}`)).status, 200)
  assert.equal((await set([pump.id])).body.code, 'not-permitted')
})

test('a signer is added with products, and nobody else is', async () => {
  const identity = await (await makeTestAuthority('ci')).issue('ci')
  const add = async (more: Readonly<Record<string, unknown>>) =>
    (
      await callApi(house, 'POST', '/machines', {
        name: 'ci',
        certificate: pemOf([identity.chain[0]!]),
        ...more,
      })
    ).body
  const cases = [
    [{ role: 'signer' }, 'input-wrong', /say at least one of which this signer/],
    [{ role: 'auditor', products: [pump.id] }, 'input-wrong', /only a signer is for some/],
    [{ role: 'signer', products: [`prd_${'0'.repeat(32)}`] }, 'not-found', /prd_0/],
  ] as const
  for (const [more, code, why] of cases) {
    const answer = await add(more)
    assert.equal(answer.code, code, JSON.stringify(answer))
    assert.match(answer.detail, why)
  }
  const added = await add({ role: 'signer', products: [pump.id, other.id] })
  assert.deepEqual(added.products, [pump.id, other.id])
  await house.sequence()
  const { body } = await callApi(house, 'GET', `/log?subject=${added.id}`)
  assert.deepEqual(body.items[0].subjects, [added.id, added.key, pump.id, other.id])
})

/** As no door makes one: it is for no product, and not for all of them. */
async function signerWithoutProducts(): Promise<TestIdentity> {
  const as = await withMachine(house, 'none-ci', 'signer', [pump.id])
  const { ledger } = house.core
  const record = (await ledger.find('machine', 'name', ['none-ci']))!
  const put = { ...record, version: record.version + 1, products: null }
  await ledger.commit({ puts: [{ kind: 'machine', record: put }], events: [] })
  return as
}
