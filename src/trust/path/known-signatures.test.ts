// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { certify, makeEntity } from '../../../test/made-certificates.ts'
import { importPublicKey, type PublicKey } from '../public-key.ts'
import { isSignedBy } from './known-signatures.ts'

function rsaKey(jwk: { readonly n?: string; readonly e?: string }): PublicKey {
  const key = createPublicKey({ key: { kty: 'RSA', ...jwk }, format: 'jwk' })
  const spki = Uint8Array.from(key.export({ format: 'der', type: 'spki' }))
  const read = importPublicKey(parseSubjectPublicKeyInfo(spki))
  return 'kind' in read ? assert.fail(read.detail) : read
}

const [device, issuing, other] = await Promise.all(
  ['CN=PUMP-0001', 'CN=Issuing', 'CN=Other'].map((name) => makeEntity(name)),
)
const certificate = await certify(device!, issuing!)
const { n } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
  format: 'jwk',
}) as { n: string }
const [usual, odd] = ['AQAB', 'AQAD'].map((e) => rsaKey({ n, e })) as [PublicKey, PublicKey]

test('a signature that holds is not asked of the same key again', () => {
  assert.equal(
    isSignedBy(certificate, odd, () => true),
    true,
  )
  assert.equal(
    isSignedBy(certificate, odd, () => assert.fail('asked again')),
    true,
  )
})

test('what holds under another exponent is asked again of the key with the same modulus', () => {
  assert.deepEqual(usual.fingerprint, odd.fingerprint)
  assert.equal(
    isSignedBy(certificate, usual, () => 'no'),
    'no',
  )
})

test('a signature that does not hold is asked again, and so is that of another certificate', async () => {
  assert.equal(
    isSignedBy(certificate, usual, () => 'no'),
    'no',
  )
  const second = await certify(other!, issuing!)
  assert.equal(
    isSignedBy(second, odd, () => 'no'),
    'no',
  )
})
