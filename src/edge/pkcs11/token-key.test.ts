// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import { generateKey, sign } from '#trust/private-key.ts'
import { attribute, keyType } from './cryptoki.ts'
import { signForms, tokenAlgorithms } from './mechanisms.ts'
import { labelFor, publicHalf } from './public-half.ts'
import type { TokenKey } from './questions.ts'
import { verdictOf } from './return-values.ts'
import { inputFor, signatureFrom } from './signature-form.ts'
import { flawOf } from './token-key.ts'

const sound: TokenKey = {
  ...{ id: 'key_1', label: 'key_1', keyType: keyType.ec, sensitive: true, extractable: false },
  ...{ alwaysSensitive: true, neverExtractable: true, local: true, modifiable: false },
  ...{ ecParams: null, ecPoint: null, modulus: null, publicExponent: null, value: null },
}

test('a key must be sensitive and stay inside; what the token does not tell of its past is not held against it', () => {
  assert.equal(flawOf(sound), undefined)
  assert.equal(
    flawOf({ ...sound, alwaysSensitive: null, neverExtractable: null, local: null }),
    undefined,
  )
  for (const flawed of [
    { extractable: true },
    { extractable: null },
    { sensitive: false },
    { sensitive: null },
    { neverExtractable: false },
    { alwaysSensitive: false },
    { local: false },
  ])
    assert.notEqual(flawOf({ ...sound, ...flawed }), undefined, JSON.stringify(flawed))
})

test('the public half of a curve is read with its point in an OCTET STRING or bare', async () => {
  const { publicKey } = await generateKey('p-256')
  const point = publicKey.spki.subarray(-65).toHex()
  const ecParams = '06082a8648ce3d030107'
  for (const ecPoint of [point, `0441${point}`]) {
    const read = publicHalf({ ...sound, ecParams, ecPoint })
    assert.ok(!('kind' in read))
    assert.equal(read.spki.toHex(), publicKey.spki.toHex())
  }
  const off = publicHalf({ ...sound, ecParams, ecPoint: `04${'11'.repeat(64)}` })
  assert.ok('kind' in off)
})

test('to a token an RSA key is an RSA key: its label says that it signs PSS', async () => {
  const { publicKey } = await generateKey('rsa-2048')
  const modulus = publicKey.keyObject.export({ format: 'jwk' }).n ?? ''
  const key: TokenKey = {
    ...{ ...sound, keyType: keyType.rsa, publicExponent: '010001' },
    modulus: Buffer.from(modulus, 'base64url').toString('hex'),
  }
  const plain = publicHalf(key)
  assert.ok(!('kind' in plain))
  assert.equal(plain.algorithm, 'rsa-2048')
  const pss = publicHalf({ ...key, label: labelFor('key_1', 'rsa-pss-2048') })
  assert.ok(!('kind' in pss))
  assert.equal(pss.algorithm, 'rsa-pss-2048')
  assert.equal(labelFor('key_1', 'p-256'), 'key_1')
})

test('a key of which the token tells too little, or another kind, is none of ours', () => {
  const reasonOf = (key: Partial<TokenKey>) => {
    const read = publicHalf({ ...sound, ...key })
    return 'kind' in read ? read.reason : read.algorithm
  }
  assert.equal(reasonOf({ ecParams: '06052b8104000a' }), 'key-algorithm-unknown')
  assert.equal(reasonOf({ keyType: 0x1f }), 'key-algorithm-unknown')
  assert.equal(reasonOf({ ecParams: '06082a8648ce3d030107' }), 'key-malformed')
  assert.equal(reasonOf({ keyType: keyType.mlDsa, value: '00' }), 'key-algorithm-unknown')
})

test('the signature of ECDSA is written as X.509 has it, each number as short as it is', () => {
  const form = (hex: string) => signatureFrom('ecdsa', Uint8Array.fromHex(hex)).toHex()
  assert.equal(form('0102'), '3006020101020102')
  assert.equal(form('0080ff01'), '3009020200800203' + '00ff01')
  assert.equal(form('00000000'), '3006020100020100')
  assert.equal(signatureFrom('eddsa', Uint8Array.of(1, 2)).toHex(), '0102')
})

test('what the token signs is the digest; PKCS #1 v1.5 takes it with its name', async () => {
  const { privateKey, publicKey } = await generateKey('rsa-2048')
  const message = new TextEncoder().encode('message')
  const row = signatureAlgorithms['rsa-sha256']
  const info = inputFor('rsa-pkcs', row, message, 'message')
  // RFC 8017 section 9.2 note 1: the digest after 19 octets that say that it is SHA-256.
  assert.equal(info.subarray(0, 19).toHex(), '3031300d060960864801650304020105000420')
  const signature = await sign(privateKey, row, message)
  const { publicDecrypt } = await import('node:crypto')
  assert.equal(Uint8Array.from(publicDecrypt(publicKey.keyObject, signature)).toHex(), info.toHex())
  assert.equal(
    inputFor('ecdsa', signatureAlgorithms['ecdsa-sha384'], message, 'message').length,
    48,
  )
  assert.equal(inputFor('eddsa', signatureAlgorithms.ed25519, message, 'message'), message)
})

test('the PIN is never tried again, a wrong question concerns itself, and all else opens the token anew', () => {
  // CKR_PIN_INCORRECT, CKR_PIN_LOCKED; CKR_MECHANISM_INVALID; CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT,
  // CKR_SESSION_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, CKR_GENERAL_ERROR, and one of a vendor.
  for (const code of [0xa0, 0xa4]) assert.equal(verdictOf(code), 'pin')
  assert.equal(verdictOf(0x70), 'asked-wrong')
  for (const code of [0x32, 0xe0, 0xb3, 0x82, 0x5, 0x80000001])
    assert.equal(verdictOf(code), 'away')
})

test('the numbers of ML-DSA are those of PKCS #11 3.2', () => {
  assert.deepEqual(tokenAlgorithms['ml-dsa-65'], {
    ...{ keyType: 0x4a, make: 0x1c, sign: 'ml-dsa' },
    parameters: [{ type: attribute.parameterSet, value: 2 }],
  })
  assert.equal(signForms['ml-dsa'].mechanism, 0x1d)
  assert.equal(attribute.parameterSet, 0x61d)
})
