// SPDX-License-Identifier: Apache-2.0
/** Authorities of EJBCA and step-ca come to us as these programs give them out, and go on. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { parseCertsOnly } from '#format/cms/certs-only.ts'
import { encodePem, parsePem } from '#format/pem.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { encodeExtension, readExtension } from '#format/x509/extension.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import { lintCertificate } from '#trust/lint/lint.ts'
import { validatePath } from '#trust/path.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  makeAnchor,
  makeEntity,
} from '../made-certificates.ts'
import {
  ask,
  certificateIn,
  enrolled,
  fetchStatus,
  openTestHouse,
  postEst,
  renewalBy,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'

const place = temporaryDirectory()
const house = await openTestHouse()
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

const now = Temporal.Now.instant().round('second')
const life = { notBefore: now.subtract({ hours: 48 }), notAfter: now.add({ hours: 24 * 900 }) }

/** A root, a policy authority below it, the one that issues, and two of its devices. */
async function authorityElsewhere(name: string, algorithm: KeyAlgorithmName) {
  const [root, middle, issuing] = await Promise.all(
    ['Root', 'Policy', 'Issuing'].map((level) => makeEntity(`CN=${name} ${level}`, algorithm)),
  )
  if (!root || !middle || !issuing) throw new Error('three were asked')
  const rootCertificate = await certifyAuthority(root, root, [], undefined, life)
  const above = [await certifyAuthority(middle, root, [], undefined, life), rootCertificate]
  const certificate = await certifyAuthority(issuing, middle, [], undefined, life)
  return { issuing, certificate, above, rootCertificate }
}

type Elsewhere = Awaited<ReturnType<typeof authorityElsewhere>>

function file(name: string, text: string): string {
  const path = join(place, name)
  writeFileSync(path, text)
  return path
}

const pems = (certificates: readonly Certificate[]) =>
  certificates.map(({ der }) => encodePem('CERTIFICATE', der)).join('')

/** Takes the authority over, its key sealed as its program keeps it. */
async function take(name: string, from: Elsewhere, form: 'pkcs1' | 'sec1', ...more: string[]) {
  const key = from.issuing.pair.privateKey.export({
    ...{ type: form, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'old one' },
  })
  const words = [
    ...['authority', 'import', name, '--certificate', file('ca.pem', pems([from.certificate]))],
    ...['--chain', file('chain.pem', pems(from.above)), '--private-key', file('ca.key', `${key}`)],
  ]
  return vitalsign([...words, ...more, '--json'], 'old one\n')
}

function send(authority: string, product: string, form: string, text: string) {
  const path = file('list.csv', text)
  const words = ['--authority', authority, '--product', product, '--form', form]
  return vitalsign(['certificate', 'import', path, ...words])
}

function vitalsign(words: readonly string[], input = '') {
  const flags = ['--disable-warning=ExperimentalWarning', 'bin/vitalsign.ts']
  const child = spawn(process.execPath, [...flags, ...words, '--data', house.directory])
  const { promise, resolve } = Promise.withResolvers<{
    status: number | null
    out: string
    error: string
  }>()
  let [out, error] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    error += chunk.toString()
  })
  child.stdin.end(input)
  child.on('close', (status) => resolve({ status, out, error }))
  return promise
}

const decimal = ({ serialNumber }: Certificate) => BigInt(`0x${serialNumber.toHex()}`)

async function device(serial: string, { issuing }: Elsewhere, algorithm?: KeyAlgorithmName) {
  const entity = await makeEntity(`CN=${serial}`, algorithm)
  const names = [{ kind: 'dns', value: `${serial.toLowerCase()}.example` }] as const
  const extensions = [
    encodeExtension('keyUsage', ['digitalSignature']),
    encodeExtension('subjectAltName', names),
  ]
  return { entity, certificate: await certify(entity, issuing, { ...life, extensions }) }
}

async function renew({ entity, certificate }: { entity: Entity; certificate: Certificate }) {
  const credential = { key: entity.pair, certificate: certificate.der }
  const asked = await renewalBy(entity.pair, certificate.der)
  return postEst(house, 'simplereenroll', asked, { credential })
}

/** Whether who knows the old root alone believes this, with what cacerts gives. */
async function believed(leaf: Uint8Array, root: Certificate, label: string) {
  const answer = await ask(house, 'GET', `/.well-known/est/${label}cacerts`)
  const served = parseCertsOnly(Uint8Array.fromBase64(answer.body))
  const intermediates = served.map((der) => parseCertificate(der, { unknownCritical: 'keep' }))
  const asked = { leaf: parseCertificate(leaf), intermediates, anchors: [makeAnchor(root)] }
  return validatePath({ ...asked, at: Temporal.Now.instant(), purpose: 'device' }).kind
}

async function listOf(authority: string) {
  return parseCrl((await fetchStatus(house, `/crl/${authority}.crl`)).body)
}

let pump: Product

test("EJBCA's authority goes on issuing, for who knows the old root alone", async () => {
  pump = await withProduct(house, 'pump')
  const ejbca = await authorityElsewhere('EJBCA', 'rsa-3072')
  const taken = await take('ejbca', ejbca, 'pkcs1', '--issue', '--last-crl-number', '41')
  assert.equal(taken.status, 0, taken.error)
  assert.equal(JSON.parse(taken.out).state, 'active')
  const [good, gone] = [await device('E-1', ejbca), await device('E-2', ejbca)]
  // As MariaDB and PostgreSQL print the table: base64 in lines, names in any case, other columns too.
  const lines = (der: Uint8Array) => der.toBase64().replaceAll(/.{64}/g, '$&\n')
  const sent = await send(
    ...(['ejbca', 'pump', 'ejbca'] as const),
    [
      'fingerprint,base64cert,serialnumber,status,revocationdate,revocationreason,username',
      `a,"${lines(good.certificate.der)}",${decimal(good.certificate)},20,-1,-1,u`,
      `b,"${lines(gone.certificate.der)}",${decimal(gone.certificate)},40,${now.epochMilliseconds},1,u`,
      '',
    ].join('\n'),
  )
  assert.equal(sent.status, 0, sent.error)
  assert.match(sent.error, /2 added, 2 devices new, 0 here already, 0 refused/)
  const crl = await listOf('ejbca')
  assert.equal(readExtension(crl.extensions, 'cRLNumber'), 42n)
  assert.equal(crl.revokedCount, 1)
  assert.match((await renew(gone)).body, /certificate-revoked/)

  // A new product is not its, unless it is named.
  const tv = await vitalsign(['product', 'add', 'tv', '--exposure', 'none'])
  assert.equal(tv.status, 0, tv.error)
  const television = await enrolled(house, await productNamed('tv'), 'TV-1')
  assert.notEqual(
    parseCertificate(television.certificate).issuer.der.toHex(),
    ejbca.certificate.subject.der.toHex(),
  )
  const words = ['--product', 'pump', '--profile', 'ldevid', '--authority', 'ejbca']
  const added = await vitalsign(['entrance', 'add', 'pump-old', ...words])
  assert.equal(added.status, 0, added.error)
  const fresh = await enrolled(house, pump, 'E-3', { label: 'pump-old' })
  const issued = parseCertificate(fresh.certificate)
  const flaws = lintCertificate(issued.tbs, ejbca.certificate, 'working')
  assert.deepEqual(
    flaws.filter(({ severity }) => severity === 'error'),
    [],
  )
  for (const label of ['pump-old/', ''])
    assert.equal(await believed(fresh.certificate, ejbca.rootCertificate, label), 'valid')
  const record = await house.core.ledger.find('certificate', 'sha256', [sha256(fresh.certificate)])
  const exported = await vitalsign(['certificate', 'export', record?.id ?? '', '--chain'])
  assert.deepEqual(
    parsePem(exported.out).map(({ bytes }) => bytes.toHex()),
    [fresh.certificate, ejbca.certificate.der, ejbca.above[0]!.der].map((der) => der.toHex()),
  )
  const checked = await vitalsign(['qualify', 'installation'])
  assert.match(checked.error, /✓ authorities: .*ejbca/)
})

async function productNamed(name: string): Promise<Product> {
  return (await house.core.ledger.find('product', 'name', [name])) ?? assert.fail(name)
}

test("step-ca's authority comes with its two tables, and is revoked from here later", async () => {
  const step = await authorityElsewhere('step', 'p-256')
  const taken = await take('step', step, 'sec1')
  assert.equal(taken.status, 0, taken.error)
  assert.equal(JSON.parse(taken.out).state, 'issuing-stopped')
  assert.match((await take('other', step, 'sec1')).error, /in use here already/)
  const [good, gone] = [await device('S-1', step), await device('S-2', step, 'ed25519')]
  const rows = [good, gone].map(({ certificate }) => `"${certificate.der.toBase64()}"`)
  const sent = await send('step', 'pump', 'step-ca', `nvalue\n${rows.join('\n')}\n`)
  assert.match(sent.error, /2 added/)
  const value = {
    ...{ Serial: String(decimal(gone.certificate)), ProvisionerID: 'x', ReasonCode: 4 },
    ...{ Reason: 'lost, "found"', RevokedAt: '2026-01-31T12:00:00.123456789+02:00' },
    ...{ ExpiresAt: '2027-01-31T12:00:00Z', TokenID: '', MTLS: false, ACME: false },
  }
  const coded = new TextEncoder().encode(JSON.stringify(value)).toBase64()
  const revoked = await send('step', 'pump', 'step-ca-revoked', `nvalue\n"${coded}"\n`)
  assert.match(revoked.error, /1 revoked/)
  assert.equal((await listOf('step')).revokedCount, 1)

  // Its name had no serialNumber, which ours must have: it goes by its name all the same.
  // Its successor is this installation's own; the old certificate can be revoked all the same.
  const next = certificateIn(await renew(good))
  const { subject, extensions } = parseCertificate(next)
  assert.deepEqual(subject.der, good.certificate.subject.der)
  assert.equal(readExtension(extensions, 'subjectAltName')?.length, 1)
  assert.equal(await believed(next, step.rootCertificate, 'pump/'), 'refused')
  const old = await house.core.ledger.find('certificate', 'sha256', [sha256(good.certificate.der)])
  const asked = { id: old?.id ?? '', reason: 'superseded', because: 'it was renewed' } as const
  const done = await revoke(asked, { kind: 'house', id: 'test' }, house.core)
  assert.equal(done.kind, 'revoked', JSON.stringify(done))
  await house.core.shelf.refresh(house.core.doors.own)
  assert.equal((await listOf('step')).revokedCount, 2)

  const report = (await vitalsign(['report', 'credentials', '--json'])).out
  const told: { type: string; generated: string; counts: unknown }[] =
    JSON.parse(report).credentials
  const row = (type: string) => told.find((one) => one.type === type) ?? assert.fail(type)
  // E-1 and S-1 to S-2 of four: E-2 and S-2 were revoked over there, S-1 here.
  assert.deepEqual(row('identity from another PKI').counts, { issued: 1, revoked: 3 })
  assert.match(row('issuing authority step').generated, /by another PKI/)
})
