// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { callingOptions, listeningOptions, tlsSettings } from './tls-settings.ts'

/** What looks at the TLS of others asks for what our own never would. */
const probes = [
  'src/edge/tls-probe/resumption.ts',
  'src/house/qualification/installation-checks.ts',
]
/** A device under post-quantum roots asks for the chain that they vouch for, within what the table allows. */
const narrower = ['src/device/connection/tls.ts']

test('no file but the table says of what a connection of ours may be made', () => {
  const setting =
    /\b(minVersion|maxVersion|ecdhCurve|sigalgs|secureOptions|honorCipherOrder)\b|\bciphers:/
  const found = globSync('src/**/*.ts', { exclude: ['**/*.test.ts'] }).filter((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .some((line) => setting.test(line) && !/const ciphers:/.test(line)),
  )
  assert.deepEqual(found.sort(), [...probes, ...narrower, 'src/trust/tls-settings.ts'].sort())
})

test('who opens or makes a TLS connection takes its options from the table', () => {
  const makes =
    /import \{[^}]*\b(connect|connectAsync|createServer|request)\b[^}]*\} from '(node:tls|node:https|mqtt)'/
  const files = globSync('src/**/*.ts', { exclude: ['**/*.test.ts'] }).filter((file) =>
    makes.test(readFileSync(file, 'utf8')),
  )
  assert.ok(files.length >= 8, `${files.length} files`)
  for (const file of files) {
    if (probes.includes(file)) continue
    assert.match(readFileSync(file, 'utf8'), /callingOptions\(\)|listeningOptions\(/, file)
  }
})

test('OpenSSL takes every row of the table', () => {
  for (const listener of ['devices', 'legacy'] as const)
    assert.doesNotThrow(() => createSecureContext(listeningOptions(listener)))
  assert.doesNotThrow(() => createSecureContext(callingOptions()))
})

test('TLS 1.2 is spoken only where it is asked for, and never without forward secrecy and AEAD', () => {
  assert.deepEqual(tlsSettings.devices.versions, ['TLSv1.3', 'TLSv1.3'])
  for (const { suites, groups } of Object.values(tlsSettings)) {
    for (const suite of suites) assert.match(suite, /^(TLS_|ECDHE-).*(GCM|POLY1305|CCM)/)
    assert.equal(groups[0], 'X25519MLKEM768')
  }
})
