// SPDX-License-Identifier: Apache-2.0
/** Requests that say how their key was made, before programs that have never heard of that: they pass it over. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { keyMakingAttribute } from '#format/est/key-making.ts'
import { attributeTypes } from '#format/oids.ts'
import { encodeName } from '#format/x509/name.ts'
import { generateKey } from '#trust/private-key.ts'
import { requestBy } from '../support/house.ts'

const directory = mkdtempSync(join(tmpdir(), 'vitalsign-key-making-'))
after(() => rmSync(directory, { recursive: true }))

const required = process.env.PEERS === 'required'
const without = (name: string, ...words: string[]) =>
  spawnSync(name, words).status === 0 || required ? false : `peer not installed: ${name}`
const python = '/usr/bin/python3'

function openssl(...words: string[]): string {
  return execFileSync('openssl', words, { cwd: directory, encoding: 'utf8', stdio: 'pipe' })
}

const request = await requestBy(await generateKey('p-256'), {
  subject: encodeName([[{ type: attributeTypes.commonName, value: 'PUMP-0001' }]]),
  attributes: [
    keyMakingAttribute({
      ...{ source: '/dev/hwrng', client: 'vitalsign-device 0.1.0', kernelReady: true },
      firmware: 'pump-os 4.2.1',
      tests: {
        ...{ samples: 1_024, symbolBits: 8, claimedMillibits: 1_000, alphaExponent: 30 },
        ...{ window: 512, failuresBefore: 0 },
      },
    }),
  ],
})
writeFileSync(join(directory, 'request.der'), request)

test('an authority of OpenSSL certifies such a request', {
  skip: without('openssl', 'version'),
}, () => {
  openssl('req', '-inform', 'DER', '-in', 'request.der', '-verify', '-noout')
  const text = openssl('req', '-inform', 'DER', '-in', 'request.der', '-noout', '-text')
  assert.match(text, /1\.3\.6\.1\.5\.5\.7\.7\.18|id-cmc-regInfo/)
  const authority = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...authority, '-subj', '/CN=ca', '-keyout', 'ca.key', '-out', 'ca.pem')
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', '1', '-out', 'leaf.pem']
  openssl('x509', '-req', '-inform', 'DER', '-in', 'request.der', ...signing)
  assert.match(openssl('verify', '-CAfile', 'ca.pem', 'leaf.pem'), /OK/)
})

test('Python reads such a request, and finds its signature good', {
  skip: without(python, '-c', 'import cryptography'),
}, () => {
  const program = [
    'from cryptography import x509',
    'r = x509.load_der_x509_csr(open("request.der", "rb").read())',
    'print(r.is_signature_valid, r.subject.rfc4514_string(), len(list(r.extensions)))',
  ].join('\n')
  const said = execFileSync(python, ['-c', program], { cwd: directory, encoding: 'utf8' })
  assert.equal(said, 'True CN=PUMP-0001 0\n')
})
