// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createECDH, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { findIn, told } from '../support/scan.ts'

const isThere = spawnSync('openssl', ['version']).error === undefined
const skip = isThere || process.env['PEERS'] === 'required' ? false : 'openssl is missing'
const place = mkdtempSync(join(tmpdir(), 'vitalsign-stores-'))
after(() => rmSync(place, { recursive: true }))
// Without an extension OpenSSL makes a certificate of version 1.
writeFileSync(join(place, 'ends'), 'basicConstraints=CA:false\n')

function openssl(...words: string[]) {
  return execFileSync('openssl', words, { cwd: place, stdio: ['ignore', 'pipe', 'ignore'] })
}

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const

/** A certificate that signs itself, or that an authority signs; PEM. */
function certificate(name: string, subject: string, ...more: string[]): string {
  openssl(
    'req',
    '-x509',
    ...curve,
    '-keyout',
    `${name}.key`,
    '-out',
    name,
    '-subj',
    subject,
    ...more,
  )
  return readFileSync(join(place, name), 'utf8')
}

function signed(name: string, subject: string, days: string, ...more: string[]): string {
  openssl('req', ...curve, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject)
  openssl(
    ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-days', days, '-out', name, '-extfile', 'ends', ...more],
  )
  return readFileSync(join(place, name), 'utf8')
}

const read = (name: string) => Uint8Array.from(readFileSync(join(place, name)))

test('a store of keys is told, and one that opens with what everybody tries by its password', {
  skip,
}, () => {
  certificate('ca', '/CN=pump authority', '-days', '3650')
  const make = (file: string, password: string, ...more: string[]) =>
    openssl(
      ...['pkcs12', '-export', '-inkey', 'ca.key', '-in', 'ca', '-out', file],
      ...['-passout', `pass:${password}`, ...more],
    )
  make('default.p12', 'changeit')
  make('empty.p12', '')
  make('own.p12', 'Tango-Uniform-4')
  make('open.p12', 'Tango-Uniform-4', '-keypbe', 'NONE', '-certpbe', 'NONE')
  openssl(
    'pkcs12',
    '-export',
    '-nokeys',
    '-in',
    'ca',
    '-out',
    'roots.p12',
    '-passout',
    'pass:changeit',
  )
  const around = Uint8Array.from([...new Uint8Array(500).fill(0x90), ...read('own.p12')])
  const found = findIn({
    ...{ 'default.p12': read('default.p12'), 'empty.p12': read('empty.p12') },
    ...{ 'own.p12': read('own.p12'), 'roots.p12': read('roots.p12'), 'image.bin': around },
    'open.p12': read('open.p12'),
  })
  // Its password protects against changes alone: what is in it is in the clear.
  const [openKey] = found.filter(({ rule }) => rule === 'private-key')
  assert.deepEqual(told(found), [
    ...['key-store image.bin@500', 'key-store open.p12@0', 'key-store own.p12@0'],
    ...['key-store-default-password default.p12@0', 'key-store-default-password empty.p12@0'],
    ...[`private-key open.p12@${openKey?.offset}`],
    ...[`private-key-of-certificate open.p12@${openKey?.offset}`],
  ])
  assert.match(found.find(({ path }) => path[0] === 'default.p12')!.what, /default 'changeit'/)
  assert.doesNotMatch(JSON.stringify(found), /Tango/)
})

test('of certificates only what can be said against them is told', { skip }, () => {
  certificate('ca', '/CN=pump authority', '-days', '3650')
  const good = signed('good', '/CN=pump-7', '3650')
  const expired = signed('expired', '/CN=pump-8', '1')
  const demo = signed('demo', '/O=Internet Widgits Pty Ltd/CN=pump-9', '3650')
  const sha1 = signed('sha1', '/CN=pump-10', '3650', '-sha1')
  const inTenDays = Temporal.Now.instant().add({ hours: 240 })
  const files = {
    ...{ good, ca: read('ca'), expired, demo, sha1 },
    'twice.bin': Uint8Array.from([
      1,
      2,
      3,
      ...Buffer.from(good.replace(/-----.*-----|\n/g, ''), 'base64'),
    ]),
  }
  const found = findIn(files, (bytes) => [bytes], inTenDays)
  assert.deepEqual(told(found), [
    ...['certificate-duplicated good@0', 'certificate-expired expired@0'],
    ...['certificate-test demo@0', 'certificate-weak-signature sha1@0'],
  ])
})

test('a key and its certificate in two files of an image are told together', { skip }, () => {
  certificate('ca', '/CN=pump authority', '-days', '3650')
  const found = findIn({ 'etc/cert.pem': read('ca'), 'etc/key.pem': read('ca.key') })
  assert.deepEqual(told(found), [
    'private-key etc/key.pem@0',
    'private-key-of-certificate etc/key.pem@0',
  ])
  assert.match(found.at(-1)!.what, /CN=pump authority in etc\/cert.pem/)
})

test('an RSA key that is too short is told of its certificate', { skip }, () => {
  openssl(
    ...['req', '-x509', '-newkey', 'rsa:1024', '-nodes', '-keyout', 'short.key', '-out', 'short'],
    ...['-subj', '/CN=pump-11', '-days', '3650'],
  )
  const [finding, ...more] = findIn({ short: read('short') })
  assert.deepEqual([finding?.rule, more], ['weak-key', []])
  assert.match(finding!.what, /1024 bits/)
})

test('32 octets that are the key of a public key in the image are told, in each form', () => {
  for (const form of ['octets', 'hexadecimal', 'C', 'flash']) {
    const ecdh = createECDH('prime256v1')
    ecdh.generateKeys()
    const scalar = Buffer.alloc(32)
    ecdh.getPrivateKey().copy(scalar, 32 - ecdh.getPrivateKey().length)
    const point = ecdh.getPublicKey()
    const spki = Buffer.concat([
      Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'),
      point,
    ])
    const key = {
      octets: Uint8Array.from(scalar),
      hexadecimal: `key=${scalar.toString('hex')}\n`,
      C: `const uint8_t key[32] = { ${[...scalar].map((octet) => `0x${octet.toString(16).padStart(2, '0')}`).join(', ')} };\n`,
      flash: Uint8Array.from([
        ...new Uint8Array(256).fill(0xff),
        ...scalar,
        ...new Uint8Array(224),
      ]),
    }[form]!
    const found = findIn({ 'boot.bin': Uint8Array.from([0, 0, 0, 0, ...spki, 0]), 'nvs.bin': key })
    assert.deepEqual(
      found.map(({ rule, path }) => `${rule} ${path[0]}`),
      ['raw-key nvs.bin'],
      form,
    )
  }
  const stranger = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }).d!
  assert.deepEqual(
    findIn({ 'nvs.bin': Uint8Array.fromBase64(stranger, { alphabet: 'base64url' }) }),
    [],
  )
})
