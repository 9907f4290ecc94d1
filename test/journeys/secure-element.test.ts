// SPDX-License-Identifier: Apache-2.0
/** Devices with secure elements, from the manifest of the provisioner to a renewal: the real command line, real EST. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { createPrivateKey, createPublicKey, sign as signRaw, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { vendorBundleFormat } from '#format/admin/vendor-bundle.ts'
import { parsePem } from '#format/pem.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import { importPublicKey } from '#trust/public-key.ts'
import {
  certificateIn,
  isIssuedBy,
  openTestHouse,
  postEst,
  renewalBy,
  requestBy,
  type TestHouse,
  temporaryDirectory,
} from '../support/house.ts'
import { assertTold } from '../support/verified.ts'

const run = promisify(execFile)
const directory = temporaryDirectory()
const file = (name: string) => join(directory, name)

let passed = Temporal.Duration.from({ seconds: 0 })
let house: TestHouse
before(async () => {
  house = await openTestHouse(undefined, {
    clock: { now: () => Temporal.Now.instant().add(passed) },
  })
  await makeChips()
})
after(() => house.stop())

const openssl = (...words: string[]) => run('openssl', words, { cwd: directory })

/** openssl as the chips' maker: a root, the signer of manifests, and three elements with a key and a certificate each. */
async function makeChips(): Promise<void> {
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const root = ['-keyout', 'root.key', '-out', 'root.pem', '-subj', '/O=Chips/CN=Element Root']
  await openssl('req', '-x509', ...ec, ...root, '-days', '7300')
  const signer = ['-keyout', 'signer.key', '-out', 'signer.pem', '-subj', '/CN=Log Signer 001']
  await openssl(
    'req',
    '-x509',
    ...ec,
    ...signer,
    '-days',
    '30',
    '-addext',
    'keyUsage=digitalSignature',
  )
  writeFileSync(file('element.ext'), 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n')
  for (const number of elements) {
    const names = ['-keyout', `${number}.key`, '-out', `${number}.csr`]
    await openssl('req', ...ec, ...names, '-subj', `/O=Chips/CN=${number.toUpperCase()} ATECC`)
    const by = ['-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial', '-days', '7300']
    const made = ['-in', `${number}.csr`, '-out', `${number}.pem`, '-extfile', 'element.ext']
    await openssl('x509', '-req', ...made, ...by)
  }
}

const elements = ['0123f1822c38dd7a01', '0123f1822c38dd7a02', '0123f1822c38dd7a03'] as const
const [first, second, third] = elements

/** The key of an element, as if it could be asked for it; the stand-in of this test. */
function keyOf(number: string): KeyPair {
  const privateKey = createPrivateKey(readFileSync(file(`${number}.key`)))
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const publicKey = importPublicKey(parseSubjectPublicKeyInfo(new Uint8Array(spki)))
  if ('kind' in publicKey) assert.fail(publicKey.detail)
  return { privateKey, publicKey }
}

const certificateOf = (name: string) =>
  parsePem(readFileSync(file(`${name}.pem`), 'utf8'))[0]!.bytes

/** An entry of the provisioner's manifest. */
function entryOf(number: string): object {
  const { x, y } = keyOf(number).publicKey.keyObject.export({ format: 'jwk' })
  const point = { kid: '0', kty: 'EC', crv: 'P-256', x, y }
  const x5c = [certificateOf(number).toBase64()]
  const payload = base64Url({
    ...{ version: 1, model: 'ATECC608B', partNumber: 'ATECC608B-TFLXTLS', uniqueId: number },
    ...{ provisioningTimestamp: '2026-01-24T16:35:23.473Z' },
    publicKeySet: { keys: [{ ...point, x5c }] },
  })
  const signer = sha256(certificateOf('signer'))
  const header = base64Url({
    ...{ typ: 'JWT', alg: 'ES256' },
    'x5t#S256': signer.toBase64({ alphabet: 'base64url', omitPadding: true }),
  })
  const key = createPrivateKey(readFileSync(file('signer.key')))
  const signature = signRaw('sha256', Buffer.from(`${header}.${payload}`), {
    ...{ key, dsaEncoding: 'ieee-p1363' },
  })
  const unprotected = { uniqueId: number }
  return {
    payload,
    protected: header,
    header: unprotected,
    signature: signature.toString('base64url'),
  }
}

function base64Url(document: object): string {
  return Buffer.from(JSON.stringify(document)).toString('base64url')
}

interface Ran {
  readonly status: number | null
  readonly out: string
  readonly error: string
}

function vitalsign(...words: readonly string[]): Promise<Ran> {
  const flags = ['--disable-warning=ExperimentalWarning', 'bin/vitalsign.ts']
  const child = spawn(process.execPath, [...flags, ...words, '--data', house.directory])
  const { promise, resolve } = Promise.withResolvers<Ran>()
  let [out, error] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk))
  child.stderr.on('data', (chunk: Buffer) => (error += chunk))
  child.stdin.end()
  child.on('close', (status) => resolve({ status, out, error }))
  return promise
}

async function done(...words: readonly string[]): Promise<string> {
  const { status, out, error } = await vitalsign(...words)
  assert.equal(status, 0, error)
  return out + error
}

async function json(...words: readonly string[]) {
  return JSON.parse(await done(...words, '--json'))
}

const refusalOf = ({ status, body }: { status: number; body: string }) => {
  assert.ok(status >= 400, body)
  return body.split(':', 1)[0]
}

test("a chip maker's root is imported by the digest that its publisher says", async () => {
  const bundle = JSON.stringify({
    ...{ format: vendorBundleFormat, name: 'chips', version: 1, issued: '2026-11-29T00:00:00Z' },
    entries: [
      {
        ...{ vendor: 'Chips', kind: 'secure-element', source: 'https://chips.example/roots' },
        roots: [readFileSync(file('root.pem'), 'utf8')],
      },
    ],
  })
  writeFileSync(file('chips.json'), bundle)
  const wrong = '00'.repeat(32)
  const refused = await vitalsign('vendor-root', 'import', file('chips.json'), '--sha256', wrong)
  assert.equal(refused.status, 1)
  assert.match(refused.error, /the file has the SHA-256 [0-9a-f]{64}, you named 0{64}/)
  const digest = sha256(new TextEncoder().encode(bundle)).toHex()
  const said = await done('vendor-root', 'import', file('chips.json'), '--sha256', digest)
  assert.match(said, /added Chips: root CN=Element Root,O=Chips, until 20/)
  assert.match(said, new RegExp(`chips is at version 1 \\(SHA-256 ${digest}\\): 1 added`))
  const [root] = (await json('vendor-root', 'list')).items
  assert.equal(root.vendor, 'Chips')
  assert.match(await done('vendor-root', 'bundles'), /chips/)
})

test('the elements of a signed manifest are made known, and may be sent again', async () => {
  await done('product', 'add', 'pump', '--maker', 'Acme', '--profile', 'element-working')
  const altered = { ...entryOf(second), payload: base64Url({ uniqueId: second }) }
  writeFileSync(file('manifest.json'), JSON.stringify([entryOf(first), altered], null, 2))
  const words = ['--product', 'pump', '--signer', file('signer.pem'), '--require-maker']
  const partly = await vitalsign('element', 'import', file('manifest.json'), ...words)
  assert.equal(partly.status, 1)
  assert.match(partly.error, /row 2: the signer did not sign this \(element-not-genuine\)/)
  writeFileSync(file('manifest.json'), JSON.stringify([entryOf(first), entryOf(second)]))
  assert.match(
    await done('element', 'import', file('manifest.json'), ...words),
    /1 added, 1 here already, 0 refused/,
  )
  const wrong = ['--product', 'pump', '--signer', file('root.pem')]
  const refused = await vitalsign('element', 'import', file('manifest.json'), ...wrong)
  assert.match(refused.error, /row 1: it was signed by [0-9a-f]{16}…, the signer that was named is/)
})

test('a device enrols with the key of the element that the line put into it, without any secret', async () => {
  for (const serial of ['PUMP-1', 'PUMP-2', 'PUMP-3'])
    await done('device', 'add', serial, '--product', 'pump', '--json')
  writeFileSync(file('boards.csv'), `uniqueId,serial\n${first},PUMP-1\n`)
  assert.match(await done('element', 'assign', file('boards.csv'), '--product', 'pump'), /1 added/)
  const key = keyOf(first)
  const certificate = certificateIn(await postEst(house, 'simpleenroll', await requestBy(key)))
  assert.ok(isIssuedBy(house, certificate))
  assert.match(new X509Certificate(certificate).subject, /PUMP-1/)
  const [shown] = (await json('element', 'list', '--device', 'PUMP-1')).items
  assert.deepEqual([shown.uniqueId, shown.state], [first, 'bound'])

  passed = passed.add({ hours: 24 * 70 })
  const credential = { key, certificate }
  const renewed = await postEst(house, 'simplereenroll', await renewalBy(key, certificate), {
    credential,
  })
  assert.ok(isIssuedBy(house, certificateIn(renewed)))
  const soft = await generateKey('p-256')
  const rekeyed = await postEst(house, 'simplereenroll', await renewalBy(soft, certificate), {
    credential,
  })
  assert.equal(refusalOf(rekeyed), 'element-not-expected')
})

test('a genuine element that is not the expected one is refused', async () => {
  const request = await requestBy(keyOf(second))
  assert.equal(refusalOf(await postEst(house, 'simpleenroll', request)), 'element-unassigned')
  const strange = await requestBy(keyOf(first))
  const { code: other } = await json('code', 'new', 'PUMP-2')
  const call = { user: 'PUMP-2', code: other }
  assert.equal(
    refusalOf(await postEst(house, 'simpleenroll', strange, call)),
    'element-of-another-device',
  )
})

test("a first contact by code says where an element is, and its maker's certificate is proof afterwards", async () => {
  const { code } = await json('code', 'new', 'PUMP-2')
  const key = keyOf(second)
  const call = { user: 'PUMP-2', code }
  const enrolled = await postEst(house, 'simpleenroll', await requestBy(key), call)
  assert.ok(isIssuedBy(house, certificateIn(enrolled)))
  await done('device', 'allow-re-enrol', 'PUMP-2', '--reason', 'flash was erased')
  const credential = { key, certificate: certificateOf(second) }
  const again = await postEst(house, 'simpleenroll', await requestBy(key), { credential })
  assert.ok(isIssuedBy(house, certificateIn(again)))
})

test("an element without a manifest is made known by its maker's certificate", async () => {
  const certificate = ['--certificate', file(`${third}.pem`)]
  await done('element', 'add', ...certificate, '--product', 'pump', '--device', 'PUMP-3')
  const answer = await postEst(house, 'simpleenroll', await requestBy(keyOf(third)))
  assert.match(new X509Certificate(certificateIn(answer)).subject, /PUMP-3/)
  const stranger = ['-keyout', 'x.key', '-out', 'x.pem', '-subj', '/CN=0123f1822c38dd7aff']
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  await openssl('req', '-x509', ...ec, ...stranger, '-addext', 'basicConstraints=critical,CA:FALSE')
  const refused = await vitalsign(
    'element',
    'add',
    '--certificate',
    file('x.pem'),
    '--product',
    'pump',
  )
  assert.match(refused.error, /no maker that is believed here vouches for this element/)
})

test('a root that was removed vouches for no new element', async () => {
  const [root] = (await json('vendor-root', 'list')).items
  await done('vendor-root', 'remove', root.id, '--because', 'its key was stolen')
  const entry = ['--certificate', file(`${third}.pem`), '--product', 'pump']
  const refused = await vitalsign('element', 'add', ...entry)
  assert.match(refused.error, /no maker that is believed here vouches for this element/)
  assert.match(await done('log', 'show', '--type', 'vendor-root-withdrawn'), /stolen/)
})

test('log and ledger tell of the same proofs, one to one', async () => {
  await assertTold(house, 'attestation')
})
