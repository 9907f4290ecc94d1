// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { attributeTypes } from '#format/oids.ts'
import { encodePem } from '#format/pem.ts'
import { encodeName, type Name } from '#format/x509/name.ts'
import { generateKey } from '#trust/private-key.ts'
import { issue, makeRoot } from '../../../../test/journeys/support/est-authority.ts'
import { userNameOf } from './user-name.ts'

const isThere = spawnSync('openssl', ['version']).status === 0
const skip = isThere ? false : 'peer not installed: openssl'
if (skip && process.env['PEERS'] === 'required') throw new Error(skip)

const root = await makeRoot('any')
const { publicKey } = await generateKey('p-256')

async function certificateOf(subject: Name): Promise<Uint8Array> {
  const { notBefore, notAfter } = root.certificate
  const draft = { subject, publicKey: publicKey.spki, notBefore, notAfter, extensions: [] }
  return (await issue(root, draft)).der
}

const odd = encodeName([
  [{ type: attributeTypes.countryName, value: 'DE' }],
  [{ type: attributeTypes.organizationName, value: 'Ä & Söhne, "GmbH" + <x>;\\y=z' }],
  [{ type: attributeTypes.organizationalUnitName, value: '#first' }],
  [{ type: attributeTypes.organizationalUnitName, value: ' both ' }],
  [
    { type: attributeTypes.commonName, value: 'PUMP/1 \u{1f489}' },
    { type: attributeTypes.serialNumber, value: 'PUMP-1' },
  ],
  [{ type: attributeTypes.commonName, value: 'second' }],
  [{ type: attributeTypes.streetAddress, value: 'line\tbreak\u007f' }],
  ...Object.values(attributeTypes)
    .filter((type) => type !== attributeTypes.countryName)
    .map((type) => [{ type, value: 'x' }]),
])

test('the subject is written as OpenSSL, and so Mosquitto, writes it', { skip }, async () => {
  const der = await certificateOf(odd)
  const words = ['x509', '-noout', '-subject', '-nameopt', 'RFC2253']
  const { stdout } = spawnSync('openssl', words, {
    ...{ input: encodePem('CERTIFICATE', der), encoding: 'utf8' },
  })
  assert.equal(`subject=${userNameOf(der, 'subject')}\n`, stdout)
})

test('the common name is the first one; without a name nobody gets in', async () => {
  assert.equal(userNameOf(await certificateOf(odd), 'common-name'), 'PUMP/1 \u{1f489}')
  const nameless = await certificateOf(encodeName([]))
  assert.equal(userNameOf(nameless, 'common-name'), undefined)
  assert.equal(userNameOf(nameless, 'subject'), undefined)
})
