// SPDX-License-Identifier: Apache-2.0
/** clients/sh/vitalsign-enrol.sh --tpm under dash, with tpm2-tools, OpenSSL's provider and curl, against swtpm. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { addReference } from '#core/attestation/references.ts'
import { newCode } from '#core/devices/code.ts'
import { addProduct } from '#core/devices/product.ts'
import type { Device, Product } from '#core/ledger/tables.ts'
import { importBundle } from '#core/vendors/import-bundle.ts'
import { parseVendorBundle, vendorBundleFormat } from '#format/admin/vendor-bundle.ts'
import { parseRegisterList } from '#format/attestation/register-list.ts'
import { urlOf } from '#house/configuration.ts'
import { sha256 } from '#trust/digest.ts'
import { openTestHouse, rootPem, type TestHouse, withDevice } from '../support/house.ts'
import {
  openResourceManager,
  type ResourceManager,
  withoutResourceManager,
} from '../support/resource-manager.ts'
import { makeTpm, openTpmMaker, type SoftTpm, type TpmMaker, withoutTpm } from '../support/tpm.ts'

const operator = { kind: 'person', id: 'psn_test' } as const
const script = 'clients/sh/vitalsign-enrol.sh'
const missing = ['dash', 'openssl', 'curl'].filter(
  (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
)
const modules = spawnSync('openssl', ['version', '-m'], { encoding: 'utf8' }).stdout ?? ''
const provider = existsSync(join(/"(.*)"/.exec(modules)?.[1] ?? '', 'tpm2.so'))
const absent = [...missing, ...(provider ? [] : ['tpm2-openssl'])]
const here = absent.length === 0 ? false : `peers not installed: ${absent.join(', ')}`
const skip = here || withoutTpm || withoutResourceManager
if (here && process.env.PEERS === 'required') throw new Error(here)

let house: TestHouse
let product: Product
let maker: TpmMaker
let tpm: SoftTpm
let manager: ResourceManager
let directory: string

before(async () => {
  if (skip !== false) return
  directory = mkdtempSync(join(tmpdir(), 'vitalsign-shell-tpm-'))
  house = await openTestHouse()
  maker = openTpmMaker()
  tpm = await makeTpm(maker)
  manager = await openResourceManager(tpm)
  const words = { name: 'pump', exposure: 'therapy', maker: 'Acme' } as const
  const profiles = { profile: 'tpm-working', birthProfile: 'tpm-birth' }
  const added = await addProduct({ ...words, ...profiles }, operator, house.core)
  product = added.kind === 'added' ? added.product : assert.fail(added.detail)
  await believeTheMaker()
})
after(async () => {
  await house?.stop()
  await manager?.stop()
  await tpm?.remove()
  maker?.remove()
  if (directory !== undefined) rmSync(directory, { recursive: true })
})

async function believeTheMaker() {
  const { root, issuer } = maker.authority()
  const entry = { vendor: 'swtpm', kind: 'tpm', source: 'made by swtpm_localca' }
  const document = {
    ...{ format: vendorBundleFormat, name: 'test', version: 1, issued: '2026-11-29T00:00:00Z' },
    entries: [{ ...entry, roots: [root], intermediates: [issuer] }],
  }
  const bytes = new TextEncoder().encode(JSON.stringify(document))
  const imported = await importBundle(parseVendorBundle(bytes), sha256(bytes), operator, house.core)
  assert.equal(imported.kind, 'imported', JSON.stringify(imported))
}

interface Ended {
  readonly status: number | null
  readonly out: string
  readonly error: string
}

function run(words: readonly string[], input = ''): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn('dash', [script, ...words], { env: { ...manager.env } })
    let [out, error] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (error += text))
    child.on('error', reject).on('close', (status) => resolve({ status, out, error }))
    child.stdin.on('error', () => {}).end(input)
  })
}

const stateOf = (serial: string) => join(directory, serial)

function enrolWords(serial: string, ...more: string[]): readonly string[] {
  const root = new X509Certificate(rootPem(house)).fingerprint256
  const words = [
    '--server',
    urlOf('https', house.addresses.devices),
    '--serial',
    serial,
    '--root',
    root,
  ]
  const place = ['--tpm', `swtpm:${tpm.socket}`, '--state', stateOf(serial)]
  return ['enrol', ...words, ...place, ...more]
}

async function codeFile(device: Device): Promise<string> {
  const made = await newCode(device, 24, operator, house.core)
  const file = join(directory, `${device.serial}.code`)
  writeFileSync(file, `${made.kind === 'made' ? made.text : assert.fail(made.detail)}\n`)
  return file
}

const workingOf = (serial: string) => {
  const pem = readFileSync(join(stateOf(serial), 'working.pem'), 'utf8')
  return { pem, certificate: new X509Certificate(pem.slice(pem.indexOf('-----BEGIN CERT'))) }
}

async function keyOf(certificate: X509Certificate) {
  const record = await house.core.ledger.find('certificate', 'sha256', [
    sha256(new Uint8Array(certificate.raw)),
  ])
  return house.core.ledger.read('key', record!.key)
}

const handles = async () => {
  const { stdout } = spawnSync('tpm2_getcap', ['handles-persistent'], {
    env: { ...manager.env },
    encoding: 'utf8',
  })
  return stdout.match(/0x810056\w\w/g) ?? []
}

test('the part for TPMs is small, parses, and leaves the check of the server alone', {
  skip,
}, () => {
  const part = 'clients/sh/vitalsign-tpm.sh'
  const text = readFileSync(part, 'utf8')
  assert.ok(text.trimEnd().split('\n').length < 220)
  assert.equal(spawnSync('dash', ['-n', part]).status, 0)
  assert.doesNotMatch(text, /--insecure|-k |\btpm2_clear\b/)
})

test('a device gets an identity whose key is in its TPM, and renews it there', {
  skip,
}, async () => {
  const device = await withDevice(house, product, 'PUMP-1')
  const enrolled = await run(enrolWords('PUMP-1', '--code-file', await codeFile(device)))
  assert.equal(enrolled.status, 0, enrolled.error)
  const { pem, certificate } = workingOf('PUMP-1')
  assert.match(pem, /BEGIN TSS2 PRIVATE KEY/)
  assert.doesNotMatch(pem, /BEGIN (EC )?PRIVATE KEY/)
  const key = await keyOf(certificate)
  assert.deepEqual([key?.attested, key?.protection, key?.owner], [true, 'tpm', device.id])
  const issued = await house.core.ledger.read('device', device.id)
  // It showed the certificate at /whoami, on TLS that the key in the TPM signed.
  assert.equal(issued?.state, 'active')
  assert.deepEqual(await handles(), ['0x81005601', '0x81005602'])

  const renewed = await run(['renew', '--now', '--state', stateOf('PUMP-1')])
  assert.equal(renewed.status, 0, renewed.error)
  const next = workingOf('PUMP-1').certificate
  assert.notEqual(next.serialNumber, certificate.serialNumber)
  assert.notDeepEqual(
    next.publicKey.export({ format: 'jwk' }),
    certificate.publicKey.export({ format: 'jwk' }),
  )
  assert.equal((await keyOf(next))?.attested, true)
  // The old key is gone, the new one has the next handle.
  assert.deepEqual(await handles(), ['0x81005601', '0x81005603'])
  assert.match(readFileSync(join(stateOf('PUMP-1'), 'tpm.handles'), 'utf8'), /^0x81005603=000b/m)
})

test('vitalsign-device goes on where the script stopped, and the script after it', {
  skip,
}, async () => {
  const before = workingOf('PUMP-1').certificate
  // A software TPM takes one who asks at a time, and the other client asks without a manager.
  await manager.stop()
  const words = ['renew', '--now', '--state', stateOf('PUMP-1')]
  const flags = ['--disable-warning=ExperimentalWarning', 'bin/vitalsign-device.ts']
  const child = spawn(process.execPath, [...flags, ...words])
  let error = ''
  child.stderr.on('data', (chunk: Buffer) => {
    error += chunk
  })
  const [status] = await once(child, 'close')
  manager = await openResourceManager(tpm)
  assert.equal(status, 0, error)
  const between = workingOf('PUMP-1').certificate
  assert.notEqual(between.serialNumber, before.serialNumber)
  const renewed = await run(words)
  assert.equal(renewed.status, 0, renewed.error)
  assert.notEqual(workingOf('PUMP-1').certificate.serialNumber, between.serialNumber)
  assert.equal((await handles()).length, 2)
})

test('a quote that the server asks for is of what the TPM measured', { skip }, async () => {
  const tools = (name: string, ...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(name, words, {
      ...{ env: { ...manager.env }, encoding: 'utf8' },
    })
    assert.equal(status, 0, stderr)
    return stdout
  }
  const renewed = async () => {
    const { status, error } = await run(['renew', '--now', '--state', stateOf('PUMP-1')])
    assert.equal(status, 0, error)
    const [newest] = (await house.core.ledger.list('attestation', { descending: true, limit: 1 }))
      .items
    return [newest?.quote, newest?.facts.registers]
  }
  tools('tpm2_pcrextend', `4:sha256=${'ab'.repeat(32)}`)
  assert.deepEqual(await renewed(), ['unreferenced', 'sha256:0,1,2,3,4,5,6,7'])
  const values = parseRegisterList(tools('tpm2_pcrread', 'sha256:4,0,10')).get('sha256')
  const said = { hardwareRevision: null, firmwareVersion: '1.4.2', bank: 'sha256' } as const
  assert.deepEqual(Object.keys(values!), ['0', '4', '10'])
  await addReference(product, { ...said, values: values! }, operator, house.core)
  assert.deepEqual(await renewed(), ['matched', 'sha256:0,4,10'])
  tools('tpm2_pcrextend', `10:sha256=${'cd'.repeat(32)}`)
  assert.deepEqual(await renewed(), ['differs', 'sha256:0,4,10'])
})

test('a TPM that is another device’s gets no identity for this one', { skip }, async () => {
  const device = await withDevice(house, product, 'PUMP-2')
  const refused = await run(enrolWords('PUMP-2', '--code-file', await codeFile(device)))
  assert.equal(refused.status, 1, refused.error)
  assert.match(refused.error, /refused-by-server: status 4\d\d/)
  assert.equal(existsSync(join(stateOf('PUMP-2'), 'working.pem')), false)
})

test('a code stands in no argument of what the script calls', { skip }, async () => {
  const device = await withDevice(house, product, 'PUMP-3')
  const file = await codeFile(device)
  const code = readFileSync(file, 'utf8').trim()
  const traced = await new Promise<string>((resolve) => {
    const child = spawn('dash', ['-x', script, ...enrolWords('PUMP-3', '--code-file', file)], {
      env: { ...manager.env },
    })
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (part) => (text += part))
    child.on('close', () => resolve(text))
    child.stdin.end()
  })
  // The trace shows every word of every command; an assignment is none.
  const called = traced.split('\n').filter((line) => !/^\++ code=/.test(line))
  assert.ok(called.some((line) => line.includes('tpm2_getcap')))
  assert.deepEqual(
    called.filter((line) => line.includes(code)),
    [],
  )
})
