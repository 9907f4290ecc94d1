// SPDX-License-Identifier: Apache-2.0
/** An authority that `openssl ca` kept until now, with its devices, comes to us and goes on. */
import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { parsePem } from '#format/pem.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { readExtension } from '#format/x509/extension.ts'
import { parsePrivateKey } from '#trust/private-key.ts'
import {
  certificateIn,
  fetchStatus,
  openTestHouse,
  postEst,
  renewalBy,
  temporaryDirectory,
  withDevice,
  withProduct,
} from '../support/house.ts'

const run = promisify(execFile)
const isThere = spawnSync('openssl', ['version']).error === undefined
const skip = isThere || process.env.PEERS === 'required' ? false : 'openssl is missing'

const place = temporaryDirectory()
const house = await openTestHouse()
after(() => house.stop())

function openssl(...words: string[]) {
  return run('openssl', words, { cwd: place })
}

const configuration = `[ca]
default_ca = one
[one]
dir = ${place}/demoCA
certificate = $dir/cacert.pem
private_key = $dir/private/cakey.pem
new_certs_dir = $dir/newcerts
database = $dir/index.txt
serial = $dir/serial
crlnumber = $dir/crlnumber
default_md = sha256
default_days = 900
default_crl_days = 30
policy = any
unique_subject = no
x509_extensions = device
[any]
commonName = supplied
serialNumber = optional
[device]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
`

/** A root, an issuing authority below it with a sealed key, and three devices, one of them revoked. */
async function makeAuthority() {
  for (const one of ['newcerts', 'private'])
    mkdirSync(join(place, 'demoCA', one), { recursive: true })
  writeFileSync(join(place, 'ca.cnf'), configuration)
  writeFileSync(join(place, 'demoCA/index.txt'), '')
  writeFileSync(join(place, 'demoCA/serial'), '8F01\n')
  writeFileSync(join(place, 'demoCA/crlnumber'), '2A\n')
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc']
  await openssl(
    ...['req', '-x509', ...key, '-keyout', 'root.key', '-out', 'root.pem', '-days', '9000'],
    ...['-subj', '/CN=Old Root', '-config', 'ca.cnf', '-extensions', 'authority'],
    ...['-addext', 'basicConstraints=critical,CA:true'],
  ).catch(() =>
    openssl(
      'req',
      '-x509',
      ...key,
      '-keyout',
      'root.key',
      '-out',
      'root.pem',
      '-days',
      '9000',
      '-subj',
      '/CN=Old Root',
    ),
  )
  await openssl(
    'req',
    ...key,
    '-keyout',
    'plain.key',
    '-out',
    'ca.csr',
    '-new',
    '-subj',
    '/CN=Old Issuing CA',
  )
  await openssl(
    ...['x509', '-req', '-in', 'ca.csr', '-CA', 'root.pem', '-CAkey', 'root.key', '-days', '4000'],
    ...['-extfile', 'ca.cnf', '-extensions', 'authority', '-out', 'demoCA/cacert.pem'],
  )
  writeFileSync(join(place, 'passphrase'), 'old passphrase\n')
  await openssl(
    ...['pkcs8', '-topk8', '-in', 'plain.key', '-out', 'demoCA/private/cakey.pem'],
    ...['-passout', 'file:passphrase'],
  )
  for (const serial of ['PUMP-1', 'PUMP-2', 'PUMP-3']) {
    await openssl(
      'req',
      ...key,
      '-keyout',
      `${serial}.key`,
      '-out',
      `${serial}.csr`,
      '-new',
      '-subj',
      `/CN=pump/serialNumber=${serial}`,
    )
    await ca('-in', `${serial}.csr`, '-out', `${serial}.pem`)
  }
  await ca('-revoke', 'PUMP-2.pem', '-crl_reason', 'keyCompromise')
  await ca('-gencrl', '-out', 'old.crl')
}

function ca(...words: string[]) {
  return openssl(
    'ca',
    '-batch',
    '-notext',
    '-config',
    'ca.cnf',
    '-passin',
    'file:passphrase',
    ...words,
  )
}

interface Ran {
  readonly status: number | null
  readonly out: string
  readonly error: string
}

function vitalsign(words: readonly string[], input = ''): Promise<Ran> {
  const flags = ['--disable-warning=ExperimentalWarning', 'bin/vitalsign.ts']
  const child = spawn(process.execPath, [...flags, ...words, '--data', house.directory])
  const { promise, resolve } = Promise.withResolvers<Ran>()
  let [out, error] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    error += chunk.toString()
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  child.on('close', (status) => resolve({ status, out, error }))
  return promise
}

test('an authority of openssl goes on here with its devices, its revocations and its numbers', {
  skip,
}, async () => {
  await makeAuthority()
  const product = await withProduct(house, 'pump')
  await withDevice(house, product, 'PUMP-1')
  const directory = join(place, 'demoCA')
  const chain = ['--chain', join(place, 'root.pem')]

  const wrong = await vitalsign(
    ['authority', 'import', 'old-ca', '--openssl-ca', directory, ...chain],
    'not it\n',
  )
  assert.equal(wrong.status, 2)
  assert.match(wrong.error, /the passphrase is wrong, or the file is damaged/)
  const rootless = await vitalsign(
    ['authority', 'import', 'old-ca', '--openssl-ca', directory],
    'old passphrase\n',
  )
  assert.equal(rootless.status, 1)
  assert.match(rootless.error, /chain does not hold|self-signed root/)

  writeFileSync(join(directory, 'crlnumber'), `${'FF'.repeat(20)}\n`)
  const huge = await vitalsign(
    ['authority', 'import', 'old-ca', '--openssl-ca', directory, ...chain],
    'old passphrase\n',
  )
  assert.equal(huge.status, 2)
  assert.match(huge.error, /has the number 14615\d+, 70368744177664 is the largest/)
  writeFileSync(join(directory, 'crlnumber'), '2B\n')

  const imported = await vitalsign(
    ['authority', 'import', 'old-ca', '--openssl-ca', directory, ...chain, '--json'],
    'old passphrase\n',
  )
  assert.equal(imported.status, 0, imported.error)
  assert.equal(JSON.parse(imported.out).state, 'issuing-stopped')
  const again = await vitalsign(
    ['authority', 'import', 'old-ca', '--openssl-ca', directory, ...chain],
    'old passphrase\n',
  )
  assert.equal(again.status, 1)
  assert.match(again.error, /named old-ca is here already/)

  const sent = await vitalsign([
    'certificate',
    'import',
    directory,
    '--authority',
    'old-ca',
    '--product',
    'pump',
  ])
  assert.equal(sent.status, 0, sent.error)
  assert.match(sent.error, /3 added, 2 devices new, 0 here already, 0 refused/)
  const resent = await vitalsign([
    'certificate',
    'import',
    directory,
    '--authority',
    'old-ca',
    '--product',
    'pump',
  ])
  assert.match(resent.error, /0 added, 3 here already, 0 refused/)

  // The list goes on with the next number, and openssl finds it good.
  const { body } = await fetchStatus(house, '/crl/old-ca.crl')
  const crl = parseCrl(body)
  assert.equal(crl.revokedCount, 1)
  assert.equal(readExtension(crl.extensions, 'cRLNumber'), 0x2bn)
  writeFileSync(join(place, 'ours.crl'), body)
  await openssl(
    'crl',
    '-inform',
    'DER',
    '-in',
    'ours.crl',
    '-CAfile',
    'demoCA/cacert.pem',
    '-verify',
    '-noout',
  )
  const listed = await openssl('crl', '-inform', 'DER', '-in', 'ours.crl', '-text', '-noout')
  assert.match(listed.stdout, /Serial Number: 8F02[\s\S]*Key Compromise/)

  // A device that knows nothing of the move renews here, and a revoked one does not.
  const answers = await Promise.all(['PUMP-1', 'PUMP-2'].map(renew))
  const [renewed, refused] = answers
  if (renewed === undefined || refused === undefined) throw new Error('two answers were asked')
  certificateIn(renewed)
  assert.equal(refused.status, 403)
  assert.match(refused.body, /certificate-revoked/)

  const found = await vitalsign(['certificate', 'find', join(place, 'PUMP-3.pem')])
  assert.equal(found.status, 0, found.error)
  assert.match(found.out, /PUMP-3/)

  // What was revoked over there meanwhile is caught up with by sending the list again.
  await ca('-revoke', 'PUMP-3.pem')
  rmSync(join(directory, 'newcerts', '8F01.pem'))
  const caughtUp = await vitalsign([
    'certificate',
    'import',
    directory,
    '--authority',
    'old-ca',
    '--product',
    'pump',
  ])
  assert.equal(caughtUp.status, 1)
  assert.match(caughtUp.error, /line 1 of index.txt: the certificate is missing/)
  assert.match(caughtUp.error, /0 added, 1 revoked, 1 here already, 1 refused/)
  assert.equal(parseCrl((await fetchStatus(house, '/crl/old-ca.crl')).body).revokedCount, 2)

  const verified = await vitalsign(['log', 'verify'])
  assert.equal(verified.status, 0, verified.out + verified.error)
})

async function renew(serial: string) {
  const certificate = blockOf(`${serial}.pem`)
  const key = await parsePrivateKey(blockOf(`${serial}.key`))
  if (key.kind === 'refused') throw new Error(key.detail)
  const credential = { key: key.pair, certificate }
  return postEst(house, 'simplereenroll', await renewalBy(key.pair, certificate), { credential })
}

function blockOf(name: string): Uint8Array {
  return parsePem(readFileSync(join(place, name), 'utf8')).at(-1)!.bytes
}
