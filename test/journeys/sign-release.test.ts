// SPDX-License-Identifier: Apache-2.0
/**
 * A release for real devices, approved by two people, is signed by keys in files and in a token, in four forms; what
 * comes out is judged by those who install it. Whatever breaks on the way, it is approved and nothing of it is seen.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { join as joinPeople } from '#core/people/invitation.ts'
import { makePassphraseHasher } from '#edge/admin/argon2.ts'
import { memorySource } from '#format/archive/byte-source.ts'
import { parseKeyFile } from '#format/firmware/bundle/key-file.ts'
import { parsePem } from '#format/pem.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { buildRauc } from '#trust/artefact/rauc/build.ts'
import { buildSwupdate } from '#trust/artefact/swupdate/build.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { absent } from '../support/absent.ts'
import { type Approver, addApprover, signedBy } from '../support/approver.ts'
import { fileToPack, octetsOf, piecesOf } from '../support/artefact-files.ts'
import { judgeInPython, python } from '../support/artefacts/judge-in-python.ts'
import {
  nodeDirectory,
  openTestHouse,
  rootPem,
  type TestHouse,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'
import { runHere } from '../support/in-process.ts'
import { callApi } from '../support/local-api.ts'
import { rightPin, softHsm, softToken, withoutToken } from '../support/soft-token.ts'

const skip =
  withoutToken || absent('/usr/bin/rauc', '/usr/bin/swupdate', '/usr/bin/openssl', python)
const place = temporaryDirectory()
const at = (name: string) => join(place, name)
const passphrase = 'nine blue herons over the marsh'
const child = new URL('../durability/house-child.ts', import.meta.url).pathname
const image = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7_919) >> 7)

if (!skip) softToken('signers')

/** Somebody else who stamps time; a relay before it, which can be cut. */
let stampers: TestHouse | undefined
let isStampingAway = false
const relay = createServer(async (request, response) => {
  if (isStampingAway) return void response.writeHead(503).end()
  const { host, port } = stampers?.addresses.status ?? assert.fail('nobody stamps')
  const body = await Array.fromAsync(request)
  const answer = await fetch(`http://${host}:${port}/tsa`, {
    method: 'POST',
    headers: { 'content-type': 'application/timestamp-query' },
    body: new Uint8Array(Buffer.concat(body)),
  })
  response.writeHead(answer.status).end(new Uint8Array(await answer.arrayBuffer()))
})

let words: readonly string[] = []
let house: TestHouse
let product: Product
let approvers: readonly Approver[] = []

before(async () => {
  if (skip) return
  stampers = await openTestHouse()
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  writeFileSync(at('stamp-roots.pem'), rootPem(stampers))
  writeFileSync(at('pin'), `${rightPin}\n`, { mode: 0o600 })
  const { port } = relay.address() as AddressInfo
  words = [
    ...['--environment', 'production', '--public-url', 'http://pki.example.com'],
    ...['--pkcs11-module', softHsm, '--pkcs11-token', 'signers', '--pkcs11-pin-file', at('pin')],
    ...['--time-stamps-from', `http://127.0.0.1:${port}/tsa`],
    ...['--time-stamp-roots', at('stamp-roots.pem'), '--maker', 'Acme'],
  ]
  house = await openTestHouse(nodeDirectory(), {}, words)
  product = await withProduct(house)
  approvers = await Promise.all([addApprover('kim', house.core), addApprover('lee', house.core)])
  await letTwoApprove()
})
after(async () => {
  relay.close()
  await stampers?.stop()
  await house?.stop()
  assert.deepEqual(house?.troubles ?? [], [])
})

// biome-ignore lint/suspicious/noExplicitAny: a journey reads what it expects
async function asked(method: string, path: string, input?: object): Promise<any> {
  const { status, body } = await callApi(house, method, path, input)
  if (status >= 500) console.error(house.troubles)
  assert.ok(status < 300, `${path}: ${JSON.stringify(body)}`)
  return body
}

/** Of all that is usually asked of production only the two people are left: two administrators agree to that. */
async function letTwoApprove(): Promise<void> {
  await asked('POST', '/claim', { name: 'ada', passphrase, maker: 'Acme' })
  const { link } = await asked('POST', '/people', { name: 'grace', role: 'administrator' })
  const hasher = makePassphraseHasher(house.core.random)
  const token = link.path.split('=')[1]
  const joined = await joinPeople({ token, passphrase }, { ...house.core, hasher })
  assert.equal(joined.kind, 'joined')
  const rules = (await asked('GET', `/products/${product.id}/signing-policy`)).document
  const document = { ...rules, production: { checks: {}, approvals: { people: 2 } } }
  const because = 'evidence is another journey'
  const set = await asked('POST', `/products/${product.id}/signing-policy`, { document, because })
  for (const name of ['ada', 'grace'])
    await asked('POST', `/signing-policies/${set.id}/approve`, { name, passphrase })
}

async function makeKey(name: string, forms: readonly string[], more: object = {}) {
  return await asked('POST', '/signing-keys', { product: product.id, name, forms, ...more })
}

async function applyPlan(): Promise<void> {
  await asked('POST', `/signing-plans/${product.id}`, {
    plan: {
      lines: [
        {
          ...{ form: 'mcuboot', artefacts: ['*.bin'], name: '{stem}.signed.bin' },
          options: { headerSize: 32, padHeader: true },
        },
        { form: 'rauc' },
        { form: 'swupdate' },
        { form: 'outer-manifest', of: 'mcuboot', keys: ['outer', 'outer-pq'] },
      ],
    },
  })
}

async function rauc(): Promise<Uint8Array> {
  const groups = parseKeyFile(
    '[update]\ncompatible=Pump\nversion=2.4.1\n[image.rootfs]\nfilename=rootfs.ext4\n',
  )
  const entries = [fileToPack('rootfs.ext4', image)]
  const made = await buildRauc({ groups, entries, modifiedAt: 1_800_000_000 })
  return made.kind === 'container' ? octetsOf(made.octets) : assert.fail(made.detail)
}

async function swupdate(): Promise<Uint8Array> {
  const made = await buildSwupdate({
    description: `software = { version = "2.4.1"; hardware-compatibility: [ "1.0" ];
      files: ( { filename = "rootfs.bin"; path = "/tmp/never.bin"; type = "rawfile"; } ); }`,
    files: [{ name: 'rootfs.bin', content: memorySource(image) }],
  })
  return made.kind === 'container' ? piecesOf(made.pieces) : assert.fail(made.detail)
}

/** A build for three kinds of devices, handed in and approved by two people with keys of their own. */
async function approvedRelease(firmwareVersion: string, securityVersion: number): Promise<string> {
  const { id } = await asked('POST', '/releases', {
    ...{ product: product.id, firmwareVersion, securityVersion, kind: 'security' },
    supportUntil: Temporal.Now.instant()
      .add({ hours: 24 * 365 * 10 })
      .toString(),
  })
  const files = { 'app.bin': image, 'bundle.raucb': await rauc(), 'update.swu': await swupdate() }
  for (const [name, octets] of Object.entries(files)) {
    writeFileSync(at(name), octets)
    const attached = await vitalsign('release', 'attach', id, '--file', at(name))
    assert.equal(attached.status, 0, attached.error)
  }
  await asked('POST', `/releases/${id}/submit`, {})
  const { manifestSha256 } = await asked('GET', `/releases/${id}/preview`)
  for (const approver of approvers) {
    const { statement, signature } = await signedBy(
      approver,
      {
        ...{ release: id, manifestSha256, product: 'pump', version: firmwareVersion },
        environment: 'production',
      },
      Temporal.Now.instant(),
    )
    await asked('POST', `/releases/${id}/approve`, {
      statement: statement.toBase64(),
      signature: signature.toBase64(),
    })
  }
  return id
}

function vitalsign(...line: readonly string[]) {
  return runHere([...line, '--data', house.directory])
}

function read(name: string): Uint8Array {
  return new Uint8Array(readFileSync(at(name)))
}

/** Nobody sees anything of what was tried. */
async function assertUntouched(release: string): Promise<void> {
  const { state, signed } = await asked('GET', `/releases/${release}`)
  assert.deepEqual([state, signed], ['approved', []])
  assert.equal(
    (await callApi(house, 'GET', `/releases/${release}/files/app.signed.bin`)).status,
    404,
  )
}

async function refusal(release: string): Promise<string> {
  const tried = await vitalsign('release', 'sign', release, '--json')
  assert.equal(tried.status, 1, tried.out)
  await assertUntouched(release)
  return `${tried.out}${tried.error}`
}

let release = ''

test('keys are made in files and in a token, and none for another environment', {
  skip,
}, async () => {
  const boot = await makeKey('boot', ['mcuboot'])
  const updates = await makeKey('updates', ['rauc', 'swupdate'], { keysIn: 'pkcs11' })
  await makeKey('outer', ['outer-manifest'])
  await makeKey('outer-pq', ['outer-manifest'], { algorithm: 'ml-dsa-65' })
  assert.deepEqual([boot.certificate, updates.custody], [null, 'pkcs11 signers'])
  const wrong = { product: product.id, name: 'trial', forms: ['mcuboot'], environment: 'trial' }
  const refused = await callApi(house, 'POST', '/signing-keys', wrong)
  assert.equal(refused.body.code, 'environment-wrong')
  const elsewhere = { product: product.id, firmwareVersion: '1', securityVersion: 1 }
  const other = { ...elsewhere, kind: 'security', environment: 'trial' }
  assert.equal((await callApi(house, 'POST', '/releases', other)).body.code, 'environment-wrong')
})

test('who begins a release at the server hears that nobody will know who made it, where that is asked', {
  skip,
}, async () => {
  await withProduct(house, 'lamp')
  const begin = (...words: readonly string[]) => vitalsign('release', 'create', ...words)
  const asking = await begin('lamp', '1.0', '--security-version', '1')
  assert.equal(asking.status, 0, asking.error)
  assert.match(asking.error, /you sit at the server and are nobody in particular/)
  assert.doesNotMatch(asking.error, /next:/, 'what will not be signed is not led on')
  const other = await begin(product.name, '9.9', '--security-version', '7', '--channel', 'lab')
  assert.equal(other.status, 0, other.error)
  assert.doesNotMatch(other.error, /you sit at the server/)
  assert.match(other.error, /^next: vitalsign release attach rel_\w+ --file FILE\n$/)
})

test('without a time-stamp nothing for production is signed', { skip }, async () => {
  await applyPlan()
  release = await approvedRelease('2.4.1', 7)
  isStampingAway = true
  const said = await refusal(release)
  isStampingAway = false
  assert.match(said, /stamper-missing[\s\S]*nothing was signed/)
})

/** Signs in a process that dies before this step: one of the five signatures, or the commit that says all of it. */
async function diesBefore(step: number): Promise<void> {
  const killed = spawn(
    process.execPath,
    [
      ...['--disable-warning=ExperimentalWarning', child, house.directory, 'sign', String(step)],
      ...[release, ...words],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let printed = ''
  killed.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  const [, signal] = await once(killed, 'close')
  assert.deepEqual([signal, printed], ['SIGKILL', ''], `step ${step}`)
}

test('killed when all is signed and kept and nothing is booked, it is approved and nothing is seen', {
  skip,
}, async () => {
  await house.stop()
  await diesBefore(6)
  house = await openTestHouse(house.directory, {}, words)
  await assertUntouched(release)
})

interface Output {
  readonly id: string
  readonly name: string
  readonly form: string
  readonly sha256: string
  readonly isTimeStamped: boolean
  readonly timeStamp: {
    readonly at: string
    readonly serialNumber: string
    readonly authority: string
  }
  readonly facts: { readonly keyNames: readonly string[] }
}

let outputs: readonly Output[] = []

test('asked again it is signed in four forms, at once and by all keys', { skip }, async () => {
  const done = await vitalsign('release', 'sign', release, '--json')
  assert.equal(done.status, 0, done.error)
  const page = await asked('GET', `/releases/${release}`)
  assert.equal(page.state, 'signed')
  outputs = page.signed
  assert.deepEqual(
    page.signed
      .map(({ form, facts, isTimeStamped }: Output) => [form, facts.keyNames, isTimeStamped])
      .toSorted(),
    [
      ['mcuboot', ['boot'], true],
      ['outer-manifest', ['outer', 'outer-pq'], true],
      ['rauc', ['updates'], true],
      ['swupdate', ['updates'], true],
    ],
  )
  for (const { name, sha256: said } of outputs) {
    const got = await vitalsign('release', 'download', release, name, '--output', at(name))
    assert.equal(got.status, 0, got.error)
    assert.equal(sha256(read(name)).toHex(), said)
  }
})

/** One who judges, to its end. */
function run(program: string, line: readonly string[], cwd = place) {
  const { status, stdout, stderr } = spawnSync(program, line, {
    ...{ cwd, encoding: 'utf8', env: { ...process.env, TMPDIR: cwd } },
  })
  return { status, said: `${stdout}${stderr}` }
}

/** Writes the anchors that a bootloader takes; gives the name of the first file. */
async function anchors(form: string): Promise<string> {
  const { files } = await asked('GET', `/signing-keys/anchors?product=${product.id}&form=${form}`)
  for (const { name, content } of files)
    writeFileSync(at(`${form}-${name}`), Buffer.from(content, 'base64'))
  return `${form}-${files[0].name}`
}

function named(form: string): string {
  return outputs.find((one) => one.form === form)?.name ?? assert.fail(`no ${form}`)
}

/** A change of one octet in the middle of what was approved. */
function bent(name: string): Uint8Array {
  const octets = read(name)
  const middle = Math.trunc(octets.length / 2)
  return octets.with(middle, (octets[middle] ?? 0) ^ 1)
}

test('RAUC installs what was signed, with its usual and its strict setting, and nothing bent', {
  skip,
}, async () => {
  const keyring = await anchors('rauc')
  writeFileSync(at('bent.raucb'), bent(named('rauc')))
  for (const [conf, purpose] of [
    ['default', ''],
    ['codesign', 'check-purpose=codesign\n'],
  ] as const) {
    const system = 'compatible=Pump\nbootloader=noop\nbundle-formats=-plain'
    writeFileSync(at(`${conf}.conf`), `[system]\n${system}\n[keyring]\npath=${keyring}\n${purpose}`)
    const extract = (bundle: string) =>
      run('/usr/bin/rauc', ['-c', `${conf}.conf`, 'extract', bundle, `out-${conf}-${bundle}`])
    const taken = extract(named('rauc'))
    assert.equal(taken.status, 0, taken.said)
    assert.deepEqual(read(`out-${conf}-${named('rauc')}/rootfs.ext4`), image)
    assert.notEqual(extract('bent.raucb').status, 0, conf)
  }
})

test('SWUpdate would install what was signed, with its usual and its strict setting, and nothing bent', {
  skip,
}, async () => {
  const authorities = await anchors('swupdate')
  writeFileSync(at('bent.swu'), bent(named('swupdate')))
  for (const purpose of [[], ['--cert-purpose', 'codeSigning']])
    for (const [file, word] of [
      [named('swupdate'), /SWUPDATE successful/],
      ['bent.swu', /SWUPDATE failed/],
    ] as const) {
      // Its sockets have fixed names there.
      const room = at(`room-${purpose.length}-${file}`)
      mkdirSync(room)
      const { said } = run(
        '/usr/bin/swupdate',
        [
          ...['-l', '5', '-c', '-n', '-H', 'board:1.0', '-k', at(authorities)],
          ...[...purpose, '-i', at(file)],
        ],
        room,
      )
      assert.match(said, word)
    }
})

test('a reader of MCUboot in another language takes the image, and a device its outer manifest', {
  skip,
}, async () => {
  const keys = (await asked('GET', `/signing-keys?product=${product.id}`)).items
  const pems = new Map<string, string>()
  for (const { id, name } of keys) {
    const { publicKeyPem } = await asked('GET', `/signing-keys/${id}`)
    pems.set(name, publicKeyPem)
    writeFileSync(at(`${name}.pem`), publicKeyPem)
  }
  const [block] = parsePem(pems.get('boot') ?? '')
  const publicKey = importPublicKey(parseSubjectPublicKeyInfo(block?.bytes ?? new Uint8Array()))
  if ('kind' in publicKey) return assert.fail(publicKey.detail)
  const [image, other] = judgeInPython(
    'mcuboot-reader.py',
    [{ publicKey, chain: [], algorithm: 'ecdsa-sha256' }],
    [read(named('mcuboot')), bent(named('mcuboot'))],
  )
  assert.equal(image, 'genuine 2.4.1+0 7')
  assert.doesNotMatch(other ?? '', /genuine/)
  const device = ['--key', at('outer.pem'), '--key', at('outer-pq.pem'), '--both']
  const about = ['--beside', at(named('mcuboot')), '--product', 'pump']
  const manifest = ['firmware', 'verify', at(named('outer-manifest')), ...device, ...about]
  const taken = await runHere([...manifest, '--counter', '7'])
  assert.equal(taken.status, 0, taken.out + taken.error)
  const behind = await runHere([...manifest, '--counter', '8', '--json'])
  assert.match(behind.out + behind.error, /artefact-version-lower/)
})

test('openssl finds the time-stamp of each output, over its digest and by somebody else', {
  skip,
}, async () => {
  const page = await vitalsign('release', 'show', release)
  for (const { id, name, sha256: digest, timeStamp } of outputs) {
    const { token, over } = await asked('GET', `/releases/signed/${id}/time-stamp`)
    assert.equal(over, digest)
    writeFileSync(at('token'), Buffer.from(token, 'base64'))
    writeFileSync(at('over'), Buffer.from(digest, 'hex'))
    const verified = run('/usr/bin/openssl', [
      ...['ts', '-verify', '-token_in', '-in', 'token', '-data', 'over'],
      ...['-CAfile', 'stamp-roots.pem'],
    ])
    assert.match(verified.said, /Verification: OK/, `${name}: ${verified.said}`)
    // The page tells of it what openssl reads in it.
    const { said } = run('/usr/bin/openssl', ['ts', '-reply', '-token_in', '-in', 'token', '-text'])
    const serial = BigInt(/Serial number: (0x[0-9A-F]+)/.exec(said)?.[1] ?? assert.fail(said))
    assert.equal(BigInt(`0x${timeStamp.serialNumber}`), serial)
    const stampedAt = Date.parse(/Time stamp: (.+)/.exec(said)?.[1] ?? assert.fail(said))
    assert.equal(Math.trunc(Date.parse(timeStamp.at) / 1000), stampedAt / 1000)
    const by = ` by ${timeStamp.authority}, serial ${timeStamp.serialNumber}`
    assert.ok(page.out.includes(by), page.out)
  }
  assert.equal(page.out.match(/, time-stamped \d{4}-/g)?.length, outputs.length, page.out)
})

test('signing again makes nothing new, and a key that was revoked signs no next release', {
  skip,
}, async () => {
  const again = await vitalsign('release', 'sign', release, '--json')
  assert.equal(again.status, 0, again.error)
  assert.match(again.out, /"isRepeated": ?true/)
  const next = await approvedRelease('2.4.2', 7)
  const updates = (await asked('GET', `/signing-keys?product=${product.id}`)).items.find(
    ({ name }: { name: string }) => name === 'updates',
  )
  await asked('POST', `/signing-keys/${updates.id}/revoke`, { because: 'the token was copied' })
  assert.match(await refusal(next), /signing-key-missing/)
})
