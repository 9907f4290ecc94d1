// SPDX-License-Identifier: Apache-2.0
/** A production line as registrar (RFC 7030 section 3.7): its certificate, its devices' requests and its posts by openssl and curl. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { addRegistrar, removeRegistrar } from '#core/enrolment/speakers/register.ts'
import type { Product, Registrar } from '#core/ledger/tables.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { urlOf } from '#house/configuration.ts'
import {
  openTestHouse,
  rootPem,
  type TestHouse,
  temporaryDirectory,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { changeProfile } from '../support/profiles.ts'

const run = promisify(execFile)
const isThere = (name: string) => spawnSync(name, ['--help']).error === undefined
const missing = ['curl', 'openssl'].filter((name) => !isThere(name))
const isRequired = process.env['PEERS'] === 'required'
const skip = missing.length === 0 || isRequired ? false : `${missing.join(', ')} is missing`
const skipSwan = isThere('pki') || isRequired ? skip : 'strongswan-pki is missing'

const operator = { kind: 'person', id: 'psn_test' } as const
const directory = temporaryDirectory()
const file = (name: string) => join(directory, name)
let house: TestHouse
let pump: Product

before(async () => {
  if (skip !== false) return
  // strongSwan's own TLS ends at 1.2.
  house = await openTestHouse(undefined, {}, ['--legacy-listen', '127.0.0.1:0'])
  pump = await withProduct(house)
  await withProduct(house, 'other')
  writeFileSync(file('root.pem'), rootPem(house))
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  await openssl(
    'req',
    '-x509',
    ...ec,
    ...['-subj', '/CN=Line CA', '-keyout', 'ca.key'],
    '-out',
    'ca.pem',
  )
  for (const [name, usage] of [
    ['line-3', 'clientAuth,cmcRA'],
    ['plain', 'clientAuth'],
  ] as const) {
    await openssl(
      ...['req', '-x509', ...ec, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-subj', `/CN=${name}`],
      ...['-addext', 'basicConstraints=critical,CA:false', '-addext', `extendedKeyUsage=${usage}`],
      ...['-keyout', `${name}.key`, '-out', `${name}.pem`],
    )
  }
})
after(async () => {
  if (skip !== false) return
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

async function openssl(...words: string[]): Promise<void> {
  await run('openssl', words, { cwd: directory })
}

async function registered(): Promise<Registrar> {
  const certificate = parseCertificate(new X509Certificate(readFileSync(file('line-3.pem'))).raw)
  const asked = { name: 'line-3', certificate, products: [pump.id], expiresAt: undefined }
  const added = await addRegistrar(asked, operator, house.core)
  return added.kind === 'added' ? added.registrar : assert.fail(added.detail)
}

async function admitRegistrars(): Promise<void> {
  const proofs = [...readyProfiles.ldevid.admission.proofs, 'registrar'] as const
  const because = 'RFC 7030 section 3.7'
  await changeProfile(house.core, { admission: { proofs: [...proofs], because } })
}

/** A device's own key and request, NAME.key and NAME.der, and that as base64 in NAME.b64. */
async function makeRequest(name: string, subject: string): Promise<void> {
  await openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`)
  const words = ['-new', '-key', `${name}.key`, '-subj', subject]
  await openssl('req', ...words, '-outform', 'DER', '-out', `${name}.der`)
  await openssl('base64', '-in', `${name}.der`, '-out', `${name}.b64`)
}

interface Way {
  /** Whose certificate and key the connection shows. */
  readonly as?: 'line-3' | 'plain'
  readonly label?: string
  readonly operation?: string
}

/** Posts NAME.b64 with curl; gives `STATUS BODY`, and keeps the body in the file `answer`. */
async function post(name: string, way: Way = {}): Promise<string> {
  const { as = 'line-3', label = 'pump', operation = 'simpleenroll' } = way
  const url = `${urlOf('https', house.addresses.devices)}/.well-known/est/${label}/${operation}`
  const words = ['-sS', '--cacert', 'root.pem', '--cert', `${as}.pem`, '--key', `${as}.key`]
  const body = ['-H', 'Content-Type: application/pkcs10', '--data-binary', `@${name}.b64`]
  const out = ['-o', 'answer', '-w', '%{http_code}']
  const { stdout } = await run('curl', [...words, ...body, ...out, url], { cwd: directory })
  return `${stdout} ${readFileSync(file('answer'), 'utf8')}`
}

test('a line enrols a device whose request openssl made, and what may not be is refused by name', {
  skip,
}, async () => {
  const device = await withDevice(house, pump, 'LINE-0001')
  await makeRequest('first', '/serialNumber=LINE-0001')
  assert.match(await post('first'), /^403 registrar-unknown: /)
  const registrar = await registered()
  assert.match(await post('first'), /^403 proof-not-admitted: /)
  await admitRegistrars()

  assert.match(await post('first', { label: 'other' }), /^403 registrar-not-entitled: /)
  assert.match(await post('first', { label: 'nothing' }), /^404 entrance-unknown: /)
  assert.match(await post('first', { as: 'plain' }), /^403 certificate-unknown: /)
  assert.match(await post('first', { operation: 'simplereenroll' }), /^403 /)
  await makeRequest('nobody', '/serialNumber=NOBODY')
  assert.match(await post('nobody'), /^\d+ device-unknown: .*NOBODY/)
  await makeRequest('nameless', '/CN=LINE-0001')
  assert.match(await post('nameless'), /^\d+ device-unknown: .*serialNumber/)
  const forged = readFileSync(file('first.der'))
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
  writeFileSync(file('forged.b64'), forged.toString('base64'))
  assert.match(await post('forged'), /^400 possession-not-proved: /)

  assert.match(await post('first'), /^200 /)
  await openssl('base64', '-d', '-A', '-in', 'answer', '-out', 'answer.der')
  await openssl(
    ...['pkcs7', '-inform', 'DER', '-in', 'answer.der', '-print_certs', '-out', 'got.pem'],
  )
  const got = new X509Certificate(readFileSync(file('got.pem')))
  assert.match(got.subject, /serialNumber=LINE-0001/)
  assert.ok(got.checkPrivateKey(createPrivateKey(readFileSync(file('first.key')))))
  const first = readFileSync(file('answer'))
  assert.match(await post('first'), /^200 /)
  assert.deepEqual(readFileSync(file('answer')), first, 'a lost answer is given again')
  const { items } = await house.core.ledger.list('certificate', {
    ...{ by: 'owner', equal: [device.id], limit: 10 },
  })
  const enrolment = await house.core.ledger.read('enrolment', items[0]?.enrolment ?? '')
  assert.deepEqual([items.length, enrolment?.registrar], [1, registrar.id])

  await makeRequest('second', '/serialNumber=LINE-0001')
  assert.match(await post('second'), /^\d+ device-already-enrolled: /)
  await removeRegistrar(registrar, operator, house.core)
  await withDevice(house, pump, 'LINE-0002')
  await makeRequest('second', '/serialNumber=LINE-0002')
  assert.match(await post('second'), /^403 registrar-unknown: /)
})

test('strongSwan shows a certificate only to renew it, and so is no registrar', {
  skip: skipSwan,
}, async () => {
  const registrar = await registered()
  await admitRegistrars()
  await withDevice(house, pump, 'LINE-0003')
  await makeRequest('swan', '/serialNumber=LINE-0003')
  const url = urlOf('https', house.addresses.legacy ?? assert.fail())
  const words = ['--est', '--url', url, '--cacert', 'root.pem', '--in', 'swan.der']
  const proof = ['--cert', 'line-3.pem', '--key', 'line-3.key']
  await assert.rejects(run('pki', [...words, ...proof], { cwd: directory }), /403/)
  assert.match(await post('swan'), /^200 /)
  await removeRegistrar(registrar, operator, house.core)
})

test('the lines of the guide give a unit its certificate', { skip }, async () => {
  const guide = readFileSync('docs/guides/enrol-from-a-line.md', 'utf8')
  const [, lines = ''] = /```sh\n(openssl req.*?)```/s.exec(guide) ?? []
  const registrar = await registered()
  await admitRegistrars()
  await withDevice(house, pump, 'PUMP-0001')
  const here = lines.replace('https://localhost:8443', urlOf('https', house.addresses.devices))
  await run('sh', ['-eu', '-c', here], { cwd: directory })
  const got = new X509Certificate(readFileSync(file('PUMP-0001.pem')))
  assert.match(got.subject, /serialNumber=PUMP-0001/)
  assert.ok(got.checkPrivateKey(createPrivateKey(readFileSync(file('PUMP-0001.key')))))
  await removeRegistrar(registrar, operator, house.core)
})
