// SPDX-License-Identifier: Apache-2.0
/** A chain that withstands quantum computers beside the usual one: who gets which, and who can check what. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { addEntrance } from '#core/devices/entrance.ts'
import type { Authority, Product } from '#core/ledger/tables.ts'
import { applyProfile } from '#core/policy/apply-profile.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { fullCrl } from '#core/revocation/publish.ts'
import { enrol } from '#device/enrol.ts'
import { keepUp } from '#device/keep-up.ts'
import { parseCertsOnly } from '#format/cms/certs-only.ts'
import { encodePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { encodeName, formatName } from '#format/x509/name.ts'
import { urlOf } from '#house/configuration.ts'
import { readyProfile } from '#house/foundation.ts'
import { sha256 } from '#trust/digest.ts'
import { encodePrivateKey, generateKey } from '#trust/private-key.ts'
import { request } from '../made-certificates.ts'
import { bytesOfEnrolment } from '../support/enrolment-bytes.ts'
import {
  ask,
  type Credential,
  certificateIn,
  enrolled,
  fetchStatus,
  openTestHouse,
  postEst,
  renewalBy,
  requestBy,
  type TestHouse,
  temporaryDirectory,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'
import { refusalOf } from '../support/refusing.ts'
import { groupOf, openRelay, signatureSchemeOf } from '../support/tls-relay.ts'
import { benchOf, FragileFiles, workingOf } from './support/device-bench.ts'

const operator = { kind: 'house', id: 'test' } as const
let house: TestHouse
let pump: Product
let ahead = Temporal.Duration.from({ hours: 0 })
const clock = { now: () => Temporal.Now.instant().add(ahead) }

before(async () => {
  house = await openTestHouse(undefined, { clock }, ['--twin'])
  pump = await withProduct(house)
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

function authority(name: string): Authority {
  return house.core.doors.own.find((one) => one.name === name) ?? assert.fail(name)
}

async function issuerOf(certificate: Uint8Array): Promise<string | undefined> {
  const record = await house.core.ledger.find('certificate', 'sha256', [sha256(certificate)])
  return house.core.doors.own.find(({ id }) => id === record?.authority)?.name
}

/** A first identity in the other chain, on the strength of the one that the device has. */
async function inOtherChain(credential: Credential): Promise<Credential> {
  const key = await generateKey('ml-dsa-65')
  const answer = await postEst(house, 'simpleenroll', await requestBy(key), { credential })
  return { key, certificate: certificateIn(answer) }
}

async function renewed({ key, certificate }: Credential): Promise<Credential> {
  const answer = await postEst(house, 'simplereenroll', await renewalBy(key, certificate), {
    credential: { key, certificate },
  })
  return { key, certificate: certificateIn(answer) }
}

test('each authority has its twin, with a name of its own and the environment of both', () => {
  const own = house.core.doors.own.map(({ name, algorithm }) => [name, algorithm])
  assert.deepEqual(own, [
    ['issuing-1', 'p-256'],
    ['issuing-1-twin', 'ml-dsa-65'],
    ['root', 'p-384'],
    ['root-twin', 'ml-dsa-87'],
  ])
  for (const name of ['root', 'issuing-1']) {
    const twin = authority(`${name}-twin`)
    assert.equal(twin.twin, authority(name).id)
    assert.equal(twin.environment, 'trial')
    const { subject } = parseCertificate(twin.certificate)
    assert.match(formatName(subject), /\(post-quantum\)/)
  }
  assert.equal(authority('issuing-1-twin').parent, authority('root-twin').id)
})

test('both chains are served: over EST with and without a label, and on the status port', async () => {
  const all = house.core.doors.own.map(({ certificate }) => certificate.toBase64()).sort()
  for (const label of ['', 'pump/']) {
    const answer = await ask(house, 'GET', `/.well-known/est/${label}cacerts`)
    const served = parseCertsOnly(Uint8Array.fromBase64(answer.body))
    assert.deepEqual(served.map((der) => der.toBase64()).sort(), all)
  }
  for (const { name, certificate } of house.core.doors.own) {
    const { body } = await fetchStatus(house, `/ca/${name}.crt`)
    assert.deepEqual(body, certificate)
    assert.equal((await fetchStatus(house, `/crl/${name}.crl`)).status, 200)
    assert.ok(await house.core.shelf.read(name, fullCrl))
  }
})

test('the key of a request says by which chain it is answered', async () => {
  const usual = await enrolled(house, pump, 'PUMP-1')
  assert.equal(await issuerOf(usual.certificate), 'issuing-1')
  const other = await enrolled(house, pump, 'PUMP-2', { algorithm: 'ml-dsa-44' })
  assert.equal(await issuerOf(other.certificate), 'issuing-1-twin')
})

test('each chain counts its own identities, up to the same limit', async () => {
  const device = await enrolled(house, pump, 'PUMP-5')
  /** Asks until it is refused. */
  const ask = async (algorithm: 'p-256' | 'ml-dsa-65') => {
    for (let given = 0; given < 10; given++) {
      const request = await requestBy(await generateKey(algorithm))
      const { status, body } = await postEst(house, 'simpleenroll', request, { credential: device })
      if (status !== 200) return [given, body.split(':')[0]]
    }
    return assert.fail('never refused')
  }
  const { identitiesAtMost } = readyProfile('ldevid')
  assert.deepEqual(await ask('p-256'), [identitiesAtMost - 1, 'too-many-identities'])
  assert.deepEqual(await ask('ml-dsa-65'), [identitiesAtMost, 'too-many-identities'])
})

test('an expired identity opens nothing in the other chain', async () => {
  const credential = await enrolled(house, pump, 'PUMP-6')
  await shorten(house, credential)
  const key = await generateKey('ml-dsa-65')
  assert.equal(await refusalOf(house, key, { credential }), '403 certificate-expired')
})

/** Books an end that is over, as if time had passed: the trial's own end is not far behind a device's. */
async function shorten({ core }: TestHouse, { certificate }: Credential): Promise<void> {
  const record = await core.ledger.find('certificate', 'sha256', [sha256(certificate)])
  assert.ok(record)
  const notAfter = clock.now().subtract({ hours: 1 })
  const version = record.version + 1
  await core.ledger.commit({
    puts: [{ kind: 'certificate', record: { ...record, version, notAfter } }],
    events: [],
  })
}

test('an entrance on the twin itself answers every key by the twin', async () => {
  const added = await addEntrance(
    { label: 'pump-pq', product: pump, profile: 'ldevid', authority: authority('issuing-1-twin') },
    operator,
    house.core,
  )
  assert.equal(added.kind, 'added')
  const device = await enrolled(house, pump, 'PUMP-7', { label: 'pump-pq' })
  assert.equal(await issuerOf(device.certificate), 'issuing-1-twin')
  const answer = await ask(house, 'GET', '/.well-known/est/pump-pq/cacerts')
  // What a device is to know is a matter of its product, whose other doors issue in the usual chain.
  assert.equal(parseCertsOnly(Uint8Array.fromBase64(answer.body)).length, 4)
  for (const name of ['root', 'root-twin']) {
    const asked = { label: 'pump-r', product: pump, profile: 'ldevid', authority: authority(name) }
    const refused = await addEntrance(asked, operator, house.core)
    assert.equal(refused.kind === 'refused' && refused.reason, 'input-wrong')
  }
})

test('a key of ml-kem is made by the server, certified by the twin, and comes no other way', async () => {
  const because = 'RFC 9935 section 5: it deciphers and does nothing else'
  const {
    extendedKeyUsage: _1,
    renewal: _2,
    renewalAfterExpiry: _3,
    ...ldevid
  } = readyProfiles.ldevid
  const document = {
    ...{ ...ldevid, name: 'sealed-data', keyUsage: { bits: ['keyEncipherment'], because } },
    keys: { algorithms: ['ml-kem-768'], because },
    admission: { proofs: ['code'], because },
    serverKeys: { algorithms: ['ml-kem-768'], because },
  }
  const applied = await applyProfile(document, operator, house.core)
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
  const asked = { label: 'pump-data', product: pump, profile: 'sealed-data' }
  assert.equal((await addEntrance(asked, operator, house.core)).kind, 'added')
  const device = await withDevice(house, pump, 'PUMP-11')
  const call = { user: 'PUMP-11', code: await withCode(house, device), label: 'pump-data' }
  // By simpleenroll: a request cannot be signed by such a key, whoever signs it.
  const { publicKey } = await generateKey('ml-kem-768')
  const { privateKey } = await generateKey('p-256')
  const forged = await request(
    { name: encodeName([]), pair: { privateKey, publicKey } },
    privateKey,
    'p-256',
  )
  const { status, body } = await postEst(house, 'simpleenroll', forged.der, call)
  assert.match(`${status} ${body}`, /^400 possession-not-proved: .*serverkeygen/)
  const made = await postEst(
    house,
    'serverkeygen',
    await requestBy(await generateKey('p-256')),
    call,
  )
  assert.equal(made.status, 200, made.body)
  const parts = made.body.split(/\r\n\r\n|\r\n--/).map((part) => part.replaceAll(/\s/g, ''))
  const [certificate] = parts.flatMap((part) => {
    try {
      return parseCertsOnly(Uint8Array.fromBase64(part))
    } catch {
      return []
    }
  })
  assert.ok(certificate)
  assert.equal(await issuerOf(certificate), 'issuing-1-twin')
  const { publicKey: certified, extensions } = parseCertificate(certificate)
  assert.equal(certified.algorithm.oid, '2.16.840.1.101.3.4.4.2')
  assert.deepEqual(readExtension(extensions, 'keyUsage'), ['keyEncipherment'])
})

test('the largest request there is, with a key of slh-dsa of 256 bits, is answered', async () => {
  const because = 'FIPS 205: for what must be believed for decades and signs once a day'
  const { extendedKeyUsage: _, ...ldevid } = readyProfiles.ldevid
  const document = {
    ...{ ...ldevid, name: 'seal', keys: { algorithms: ['slh-dsa-sha2-256f'], because } },
    keyUsage: { bits: ['digitalSignature'], because },
  }
  const applied = await applyProfile(document, operator, house.core)
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
  const asked = { label: 'pump-seal', product: pump, profile: 'seal' }
  assert.equal((await addEntrance(asked, operator, house.core)).kind, 'added')
  const device = await withDevice(house, pump, 'PUMP-12')
  const call = { user: 'PUMP-12', code: await withCode(house, device), label: 'pump-seal' }
  const sealing = await requestBy(await generateKey('slh-dsa-sha2-256f'))
  assert.ok(sealing.toBase64().length > 65_536)
  const answer = await postEst(house, 'simpleenroll', sealing, call)
  assert.equal(await issuerOf(certificateIn(answer)), 'issuing-1-twin')
})

test('a device that knows the twin root alone enrols, is believed, and renews', async () => {
  const device = await withDevice(house, pump, 'PUMP-8')
  const settings = {
    ...{ server: urlOf('https', house.addresses.devices), label: undefined, serial: 'PUMP-8' },
    root: authority('root-twin').certificateSha256.toHex(),
    keyAlgorithm: 'ml-dsa-65',
  } as const
  const bench = benchOf(new FragileFiles(), clock.now())
  const done = await enrol(bench, {
    ...{ settings, code: await withCode(house, device) },
    ...{ birth: false, again: false, attempts: 3 },
  })
  assert.equal(done.kind, 'proved', JSON.stringify(done))
  assert.equal(await issuerOf(workingOf(bench).leaf.der), 'issuing-1-twin')
})

test('who adds a device is told both roots, and the lines for either chain', async () => {
  const vitalsign = async (...words: string[]) => {
    const flags = ['--disable-warning=ExperimentalWarning', 'bin/vitalsign.ts']
    const line = [...flags, ...words, '--data', house.directory]
    return (await promisify(execFile)(process.execPath, line)).stdout
  }
  const [root, twin] = ['root', 'root-twin'].map((name) =>
    authority(name).certificateSha256.toHex(),
  )
  const added = await vitalsign('device', 'add', 'PUMP-13', '--product', 'pump')
  assert.match(added, new RegExp(`vitalsign-device enrol .* --root ${root} --code-file -`))
  assert.match(added, new RegExp(`--root ${twin} --key-algorithm ml-dsa-65 --code-file -`))
  const status = await vitalsign('status')
  assert.match(status, new RegExp(`root +SHA-256 ${root}\\n +twin +SHA-256 ${twin}\\n`))
})

test('a device that knows the usual root alone does not notice', async () => {
  const device = await withDevice(house, pump, 'PUMP-9')
  const settings = {
    ...{ server: urlOf('https', house.addresses.devices), label: undefined, serial: 'PUMP-9' },
    root: authority('root').certificateSha256.toHex(),
    keyAlgorithm: 'p-256',
  } as const
  const bench = benchOf(new FragileFiles(), clock.now())
  const done = await enrol(bench, {
    ...{ settings, code: await withCode(house, device) },
    ...{ birth: false, again: false, attempts: 3 },
  })
  assert.equal(done.kind, 'proved', JSON.stringify(done))
  const kept = await keepUp(bench, { now: false })
  assert.equal(kept.kind, 'kept', JSON.stringify(kept))
})

test('device and server prove themselves with ml-dsa-65 over X25519MLKEM768, read off the wire', async () => {
  const device = await enrolled(house, pump, 'PUMP-10', { algorithm: 'ml-dsa-65' })
  const relay = await openRelay(house.addresses.devices)
  try {
    const keyLog: string[] = []
    const socket = await connected(relay.port, device, keyLog)
    assert.equal(socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType, 'ml-dsa-65')
    assert.deepEqual(socket.getCipher().name, 'TLS_AES_256_GCM_SHA384')
    assert.match(await whoami(socket), /PUMP-10/)
    const { toServer, toClient } = relay.last
    // The registry of TLS: X25519MLKEM768 is 0x11ec, mldsa65 is 0x0905.
    assert.equal(groupOf(toClient), 0x11ec)
    assert.equal(signatureSchemeOf('SERVER', toClient, keyLog.join('')), 0x0905)
    assert.equal(signatureSchemeOf('CLIENT', toServer, keyLog.join('')), 0x0905)
  } finally {
    await relay.close()
  }
})

function connected(port: number, device: Credential, keyLog: string[]): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
  const socket = connect({
    ...{ port, host: '127.0.0.1', minVersion: 'TLSv1.3' },
    ca: encodePem('CERTIFICATE', authority('root-twin').certificate),
    sigalgs: 'mldsa65',
    ecdhCurve: 'X25519MLKEM768',
    key: encodePem('PRIVATE KEY', encodePrivateKey(device.key.privateKey)),
    cert: [device.certificate, authority('issuing-1-twin').certificate]
      .map((der) => encodePem('CERTIFICATE', der))
      .join(''),
  })
  socket.on('keylog', (line) => keyLog.push(line.toString()))
  socket.once('secureConnect', () => resolve(socket))
  socket.once('error', reject)
  return promise
}

function whoami(socket: TLSSocket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const chunks: string[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  socket.once('end', () => resolve(chunks.join('')))
  socket.once('error', reject)
  socket.write('GET /whoami HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  return promise
}

test('without the word there is one chain, and it can be asked for later by name', async () => {
  const directory = temporaryDirectory()
  const plain = await openTestHouse(directory)
  assert.equal(plain.core.doors.own.length, 2)
  await plain.stop()
  await assert.rejects(openTestHouse(directory, {}, ['--twin']), {
    code: 'configuration-wrong',
    message: /founded without.*authority twin/,
  })
  const later = await openTestHouse(directory)
  try {
    const [issuing, root] = later.core.doors.own
    const path = `/authorities/${issuing?.id}/twin`
    const made = await askLocal(later, 'POST', path, {})
    assert.equal(made.status, 201, JSON.stringify(made.document))
    assert.equal(made.document.issuing.twin, issuing?.id)
    assert.equal(made.document.root.algorithm, 'ml-dsa-87')
    // From now on, without a start in between.
    const product = await withProduct(later)
    const device = await enrolled(later, product, 'PUMP-1', { algorithm: 'ml-dsa-65' })
    assert.equal(
      parseCertificate(device.certificate).signatureAlgorithm.oid,
      '2.16.840.1.101.3.4.3.18',
    )
    assert.equal(await keyShownTo(later, 'mldsa65'), 'ml-dsa-65')
    assert.equal(await keyShownTo(later, undefined), 'ec')
    const reasons = await Promise.all([
      askLocal(later, 'POST', path, {}),
      askLocal(later, 'POST', `/authorities/${root?.id}/twin`, {}),
      askLocal(later, 'POST', `/authorities/${made.document.issuing.id}/twin`, {}),
    ])
    assert.deepEqual(
      reasons.map(({ document }) => document.code),
      ['exists-already', 'input-wrong', 'input-wrong'],
    )
  } finally {
    await later.stop()
  }
  const again = await openTestHouse(directory, {}, ['--twin'])
  assert.equal(again.core.doors.own.length, 4)
  await again.stop()
})

/** The type of the server's key, for a client that offers these signatures. */
function keyShownTo({ addresses }: TestHouse, sigalgs: string | undefined) {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
  const socket = connect({
    ...{ host: addresses.devices.host, port: addresses.devices.port, rejectUnauthorized: false },
    ...(sigalgs !== undefined && { sigalgs }),
  })
  socket.once('error', reject)
  socket.once('secureConnect', () => {
    resolve(socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType)
    socket.destroy()
  })
  return promise
}

/** Of a request and of its renewal: what a device on a small link pays. */
for (const algorithm of ['p-256', 'ml-dsa-65'] as const)
  test(`an enrolment with ${algorithm} is counted on the wire`, async (context) => {
    const bytes = await bytesOfEnrolment(house, pump, algorithm)
    context.diagnostic(JSON.stringify(bytes))
    assert.ok(bytes.toServer > 500 && bytes.toClient > 1000)
  })

test('a device holds one identity of each chain at once, and each is renewed in its own', async () => {
  const [device, another] = [
    await enrolled(house, pump, 'PUMP-3'),
    await enrolled(house, pump, 'PUMP-4'),
  ]
  const other = await inOtherChain(device)
  assert.equal(await issuerOf(other.certificate), 'issuing-1-twin')
  for (const one of [device, other])
    assert.match((await ask(house, 'GET', '/whoami', { credential: one })).body, /PUMP-3/)
  // No way back: the house signs nothing while its clock stands behind its last event.
  ahead = Temporal.Duration.from({ hours: 24 * 60 })
  const [usual, twin] = [await renewed(device), await renewed(other)]
  assert.equal(await issuerOf(usual.certificate), 'issuing-1')
  assert.equal(await issuerOf(twin.certificate), 'issuing-1-twin')
  // Whatever the next key.
  const request = await renewalBy(await generateKey('ml-dsa-65'), another.certificate)
  const answer = await postEst(house, 'simplereenroll', request, { credential: another })
  assert.equal(await issuerOf(certificateIn(answer)), 'issuing-1')
})

test('a twin that was stopped hands its devices to the usual authority, and doctor says so', async () => {
  const other = await openTestHouse(undefined, {}, ['--twin'])
  try {
    const named = (name: string) => other.core.doors.own.find((one) => one.name === name)
    const path = `/authorities/${named('issuing-1-twin')?.id}/stop`
    const stopped = await askLocal(other, 'POST', path, { because: 'its key was copied' })
    assert.equal(stopped.status, 200, JSON.stringify(stopped.document))
    const product = await withProduct(other)
    const { certificate } = await enrolled(other, product, 'PUMP-1', { algorithm: 'ml-dsa-65' })
    const record = await other.core.ledger.find('certificate', 'sha256', [sha256(certificate)])
    assert.equal(record?.authority, named('issuing-1')?.id)
    const { document } = await askLocal(other, 'GET', '/doctor')
    assert.match(JSON.stringify(document), /no twin issues any more/)
  } finally {
    await other.stop()
  }
})
