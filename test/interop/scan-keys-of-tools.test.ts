// SPDX-License-Identifier: Apache-2.0
/** Keys as puttygen, ssh-keygen and keytool write them are found, and told for what they are. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { findIn } from '../support/scan.ts'

const place = mkdtempSync(join(tmpdir(), 'vitalsign-tools-'))
after(() => rmSync(place, { recursive: true }))
writeFileSync(join(place, 'none'), '')
writeFileSync(join(place, 'phrase'), 'Tango-Uniform-4')

/** False: it is there, or has to be. */
function skipWithout(program: string): string | false {
  return existsSync(program) || process.env['PEERS'] === 'required'
    ? false
    : `${program} is missing`
}

function run(program: string, ...words: string[]): string {
  return execFileSync(program, words, {
    cwd: place,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

const read = (name: string) => Uint8Array.from(readFileSync(join(place, name)))
const bent = (name: string) =>
  read(name).map((octet, at, all) => (at === all.length - 30 ? octet ^ 1 : octet))

function whatIn(files: Readonly<Record<string, Uint8Array | string>>): readonly string[] {
  return findIn(files).map(({ rule, path, what }) => `${path}: ${rule}: ${what}`)
}

test('keys that puttygen makes are told, in both versions, and encrypted ones as such', {
  skip: skipWithout('/usr/bin/puttygen'),
}, () => {
  const make = (name: string, phrase: string, ...more: string[]) =>
    run('/usr/bin/puttygen', ...more, '-q', '-C', 'pump', '-o', name, '--new-passphrase', phrase)
  make('two.ppk', 'none', '-t', 'rsa', '-b', '2048', '--ppk-param', 'version=2')
  make('three.ppk', 'none', '-t', 'ed25519')
  make('curve.ppk', 'none', '-t', 'ecdsa', '-b', '384')
  make('sealed.ppk', 'phrase', '-t', 'ed25519', '--ppk-param', 'memory=64,passes=1')
  const names = ['two.ppk', 'three.ppk', 'curve.ppk', 'sealed.ppk']
  assert.deepEqual(whatIn(Object.fromEntries(names.map((name) => [name, read(name)]))), [
    'two.ppk: private-key: RSA 2048 private key, PuTTY',
    'three.ppk: private-key: Ed25519 private key, PuTTY',
    'curve.ppk: private-key: P-384 private key, PuTTY',
    'sealed.ppk: private-key-encrypted: Ed25519 private key, PuTTY, encrypted',
  ])
  // The MAC of one in the clear proves it.
  assert.deepEqual(whatIn({ 'bent.ppk': bent('three.ppk') }), [])
})

test('keys that ssh-keygen makes are told, in PEM and as octets, with the key of their public half', {
  skip: skipWithout('/usr/bin/ssh-keygen'),
}, () => {
  const make = (name: string, phrase: string, ...more: string[]) =>
    run('/usr/bin/ssh-keygen', '-q', ...more, '-C', 'pump', '-N', phrase, '-f', name)
  make('rsa', '', '-t', 'rsa', '-b', '2048')
  make('curve', '', '-t', 'ecdsa', '-b', '521')
  make('edwards', '', '-t', 'ed25519')
  make('sealed', 'Tango-Uniform-4', '-t', 'ed25519', '-a', '1')
  const body = readFileSync(join(place, 'edwards'), 'utf8').replace(/-----.*-----|\s/g, '')
  const files = {
    ...{ rsa: read('rsa'), curve: read('curve'), edwards: read('edwards'), sealed: read('sealed') },
    octets: Uint8Array.from([...new Uint8Array(100).fill(0xff), ...Buffer.from(body, 'base64')]),
    'edwards.pub': read('edwards.pub'),
  }
  assert.deepEqual(whatIn(files), [
    'rsa: private-key: RSA 2048 private key, OpenSSH',
    'curve: private-key: P-521 private key, OpenSSH',
    'edwards: private-key: Ed25519 private key, OpenSSH',
    'sealed: private-key-encrypted: Ed25519 private key, OpenSSH, encrypted',
    'octets: private-key: Ed25519 private key, OpenSSH',
  ])
  const [inPem, asLogin] = findIn({
    edwards: read('edwards'),
    'root/.ssh/authorized_keys': read('edwards.pub'),
  })
  assert.equal(asLogin?.rule, 'authorized-key')
  assert.equal(inPem?.key, asLogin?.key)
})

test('stores that keytool makes are told, and those without a private key are not', {
  skip: skipWithout('/usr/bin/keytool'),
}, () => {
  const keytool = (store: string, password: string, ...more: string[]) =>
    run(
      ...(['/usr/bin/keytool', '-J-XX:TieredStopAtLevel=1', '-J-Xshare:auto'] as const),
      ...['-keystore', store, '-storepass', password, '-alias', 'pump', ...more],
    )
  const make = (store: string, type: string, password: string) =>
    keytool(
      ...([store, password, '-genkeypair', '-storetype', type, '-keypass', password] as const),
      ...['-keyalg', 'EC', '-groupname', 'secp256r1', '-dname', 'CN=pump-7', '-validity', '9999'],
    )
  make('default.jks', 'JKS', 'changeit')
  make('own.jks', 'JKS', 'Tango-Uniform-4')
  make('own.p12', 'PKCS12', 'Tango-Uniform-4')
  keytool('own.p12', 'Tango-Uniform-4', '-exportcert', '-file', 'pump.cer')
  keytool(
    'roots.jks',
    'changeit',
    '-importcert',
    '-noprompt',
    '-storetype',
    'JKS',
    '-file',
    'pump.cer',
  )
  const names = ['default.jks', 'own.jks', 'own.p12', 'roots.jks']
  assert.deepEqual(whatIn(Object.fromEntries(names.map((name) => [name, read(name)]))), [
    "default.jks: key-store-default-password: store of keys, JKS, opens with the default 'changeit'",
    'own.jks: key-store: store of keys, JKS',
    'own.p12: key-store: store of keys, PKCS #12',
  ])
})
