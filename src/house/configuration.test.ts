// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Fault } from '#core/fault.ts'
import { readConfiguration, serverNames, statusUrl, urlOf } from './configuration.ts'

const data = mkdtempSync(join(tmpdir(), 'vitalsign-configuration-'))
after(() => rmSync(data, { recursive: true, force: true }))

const read = (...words: readonly string[]) => readConfiguration(['--data', data, ...words])

/** What is found at fault, line by line. */
function faultsOf(...words: readonly string[]): readonly string[] {
  try {
    read(...words)
    return []
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    assert.equal(error.code, 'configuration-wrong')
    return error.message.split('\n')
  }
}

function withFile<T>(content: string, work: () => T): T {
  const path = join(data, 'vitalsign.json')
  writeFileSync(path, content)
  try {
    return work()
  } finally {
    rmSync(path)
  }
}

test('all faults are told at once, each with its place', () => {
  const faults = faultsOf(
    ...['--listen', 'nowhere', '--operator-listen', '0.0.0.0:8081', '--names', 'a b'],
    ...['--public-url', 'https://x', '--environment', 'real', '--algorithm', 'rsa-1024'],
  )
  const places = faults.map((fault) => fault.split(':')[0])
  assert.deepEqual(places.sort(), [
    ...['algorithm', 'environment', 'listen', 'names', 'operator-listen', 'public-url'],
  ])
})

test('the keys of roots and twins stay with the others unless a word says otherwise', () => {
  assert.deepEqual(read().keysIn, { issuing: 'file', root: 'file', twin: 'file' })
  const token = ['--pkcs11-module', '/usr/lib/x.so', '--pkcs11-token', 'keys']
  const split = read(
    ...token,
    ...['--keys-in', 'pkcs11', '--root-keys-in', 'tpm', '--twin-keys-in', 'file'],
    ...['--tpm', 'device:/dev/tpmrm0'],
  )
  assert.deepEqual(split.keysIn, { issuing: 'pkcs11', root: 'tpm', twin: 'file' })
  assert.deepEqual(faultsOf('--keys-in', 'drawer'), [
    'keys-in: must be one of file, pkcs11, tpm, is "drawer"',
  ])
})

test('a token is named by module and label, and its certificate in one of two forms', () => {
  const named = ['--pkcs11-module', '/usr/lib/x.so', '--pkcs11-token', 'keys']
  const { token } = read(...named, '--pkcs11-certificate', 'FIPS 140-3 #4735')
  assert.deepEqual(token, {
    ...{ module: '/usr/lib/x.so', label: 'keys', serial: undefined, pinFile: undefined },
    certificate: 'FIPS 140-3 #4735',
  })
  assert.equal(read().token, undefined)
  const historical = read(...named, '--pkcs11-certificate', 'historical 140-2 #3980')
  assert.equal(historical.token?.certificate, 'historical 140-2 #3980')
  for (const text of ['validated', 'FIPS 140-2 #3980', 'FIPS 140-3 #0', 'FIPS 140-3 #12 or so'])
    assert.match(faultsOf(...named, '--pkcs11-certificate', text).join(), /must be "FIPS 140-3/)
  assert.match(faultsOf('--pkcs11-token', 'keys').join(), /stand together/)
  assert.match(faultsOf('--pkcs11-pin-file', 'pin').join(), /there is no pkcs11-module/)
  assert.match(faultsOf('--keys-in', 'pkcs11').join(), /needs pkcs11-module and pkcs11-token/)
  assert.match(faultsOf(...named.with(3, 'x'.repeat(33))).join(), /up to 32 ASCII/)
})

test('the file holds the same settings, and the command line wins', () => {
  const content = '{ "listen": "127.0.0.1:1", "status-listen": "127.0.0.1:2" }'
  withFile(content, () => {
    const { listen, statusListen, file } = read('--listen', '[::1]:3')
    assert.deepEqual(
      [listen, statusListen],
      [
        { host: '::1', port: 3 },
        { host: '127.0.0.1', port: 2 },
      ],
    )
    assert.equal(new TextDecoder().decode(file), content)
  })
})

test('a file that is none, or holds what is no setting, is told with its path', () => {
  for (const content of ['{', '[]', '{ "data": "x" }', '{ "listen": 8443 }', '{ "lisen": "x" }']) {
    withFile(content, () => {
      assert.match(faultsOf().join(), /vitalsign\.json: /, content)
    })
  }
})

test('production asks for the address that goes into certificates', () => {
  assert.match(faultsOf('--environment', 'production').join(), /^public-url: /)
  const configuration = read(
    '--environment',
    'production',
    '--public-url',
    'http://pki.example.com/',
  )
  assert.equal(statusUrl(configuration, { host: '0.0.0.0', port: 1 }), 'http://pki.example.com')
  assert.equal(statusUrl(read(), { host: '0.0.0.0', port: 1 }), 'http://localhost:1')
  assert.equal(urlOf('https', { host: '::1', port: 8443 }), 'https://[::1]:8443')
})

test("the server's names are names or addresses, the public one first, each once", () => {
  const names = serverNames(
    read('--public-url', 'http://[2001:db8::1]', '--names', 'localhost, a.example'),
  )
  assert.deepEqual(names.slice(0, 3), ['2001:db8::1', 'localhost', 'a.example'])
  assert.equal(new Set(names).size, names.length)
  assert.ok(names.every((name) => /^[\w.:-]+$/.test(name)))
})

test('an unknown word is wrong use', () => assert.match(faultsOf('--what', 'x').join(), /what/))

test('the networks that may read the metrics are addresses, each alone or with its bits', () => {
  assert.deepEqual(read('--metrics-from', '10.0.0.0/8, 2001:db8::/32,192.0.2.1').metricsFrom, [
    ...['10.0.0.0/8', '2001:db8::/32', '192.0.2.1'],
  ])
  for (const wrong of ['10.0.0.0/33', '10.0.0', 'example.com', '::1/129', '10.0.0.0/', '/8']) {
    const [fault] = faultsOf('--metrics-from', wrong)
    assert.match(fault ?? '', /^metrics-from: must be addresses or networks/, wrong)
  }
})

test('the level of the log is one of a few words', () => {
  assert.equal(read().logLevel, undefined)
  assert.equal(read('--log-level', 'debug').logLevel, 'debug')
  assert.match(faultsOf('--log-level', 'loud')[0] ?? '', /^log-level: must be/)
})

test('a database is named without its password, with the files that it needs', () => {
  const url = 'postgres://vitalsign@db.test/vitalsign'
  assert.equal(read().database, undefined)
  assert.deepEqual(read('--database', url).database, { url })
  const secret = join(data, 'database-password')
  writeFileSync(secret, 'secret\n', { mode: 0o600 })
  assert.deepEqual(read('--database', url, '--database-password-file', secret).database, {
    url,
    passwordFile: secret,
  })
  for (const [words, why] of [
    [['--database', 'postgres://vitalsign:secret@db.test/vitalsign'], /holds a password/],
    [['--database', 'mysql://db.test/vitalsign'], /no URL of the form/],
    [['--database', url, '--database-password-file', join(data, 'gone')], /cannot read/],
    [['--database-password-file', secret], /there is no database/],
    [['--database-ca-file', secret], /there is no database/],
  ] as const) {
    const [fault = '', ...more] = faultsOf(...words)
    assert.match(fault, why)
    assert.match(fault, /^database(-password-file|-ca-file)?: /)
    assert.deepEqual(more, [])
  }
})

test('a stopping node drains for at most a minute', () => {
  assert.deepEqual([read().drainSeconds, read('--drain', '15').drainSeconds], [0, 15])
  for (const word of ['61', '1.5', 'soon'])
    assert.match(faultsOf('--drain', word)[0] ?? '', /^drain: /)
})

test('artefacts lie in the data directory unless a place that servers share is named', () => {
  const { artefacts, artefactLimit } = read()
  assert.deepEqual([artefacts.endsWith('/artefacts'), artefactLimit], [true, 16_000_000_000])
  const named = read('--artefacts', '/srv/artefacts', '--artefact-limit', '500')
  assert.deepEqual([named.artefacts, named.artefactLimit], ['/srv/artefacts', 500_000_000])
  assert.match(faultsOf('--artefact-limit', '16 GB')[0] ?? '', /^artefact-limit: /)
})

test('proxies that pass TLS through have a port and addresses, or neither', () => {
  assert.equal(read().proxied, undefined)
  const words = ['--proxy-listen', '10.0.0.5:8444', '--proxy-from', '10.0.0.10, 2001:db8::/32']
  assert.deepEqual(read(...words).proxied, {
    listen: { host: '10.0.0.5', port: 8444 },
    from: ['10.0.0.10', '2001:db8::/32'],
  })
  assert.match(faultsOf('--proxy-listen', '10.0.0.5:8444')[0] ?? '', /stand together/)
  assert.match(faultsOf('--proxy-from', '10.0.0.10')[0] ?? '', /stand together/)
  for (const range of ['pump.example', '10.0.0.0/33', '10.0.0.0/', '::/129', '10.0.0.0/8/8'])
    assert.match(
      faultsOf('--proxy-listen', '10.0.0.5:8444', '--proxy-from', range)[0] ?? '',
      /no address or range/,
      range,
    )
})

test('the twin is asked for by a word that stands alone, and in the file by yes or no', () => {
  assert.equal(read().twin, false)
  assert.equal(read('--twin').twin, true)
  withFile('{ "twin": "yes" }', () => assert.equal(read().twin, true))
  withFile('{ "twin": "maybe" }', () =>
    assert.match(faultsOf().join(), /twin: must be yes or no, is "maybe"/),
  )
  assert.equal(faultsOf('--twin=no').length, 1)
})

test('the maker that subjects name is a text that can be read aloud, or nobody', () => {
  assert.equal(read().maker, undefined)
  assert.equal(read('--maker', 'Acme Medical').maker, 'Acme Medical')
  for (const word of [' Acme', 'x'.repeat(51), 'Ac\u202eme'])
    assert.match(faultsOf('--maker', word).join(), /maker: must be 1 to 50/)
})

test('an authority is asked for of any algorithm that may certify, and of no other', () => {
  for (const word of ['slh-dsa-shake-256f', 'ed448', 'rsa-pss-4096'])
    assert.equal(read('--algorithm', word).algorithm, word)
  for (const word of ['ml-kem-768', 'rsa-2048', 'rsa-pss-2048'])
    assert.match(faultsOf('--root-algorithm', word).join(), /root-algorithm: must be one of/)
})
