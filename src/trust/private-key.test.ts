// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { test } from 'node:test'
import { concatBytes } from '#format/bytes.ts'
import { readVectors } from '../../test/frozen-vectors.ts'
import { type KeyAlgorithmName, keyAlgorithms, signatureAlgorithmFor } from './algorithms.ts'
import { encodePrivateKey, generateKey, parsePrivateKey, sign } from './private-key.ts'
import { verifySignature } from './signature.ts'

const data = Uint8Array.of(1, 2, 3)

for (const name of Object.keys(keyAlgorithms) as KeyAlgorithmName[])
  test(`a ${name} key comes back from pkcs #8 as the same key`, async () => {
    const pair = await generateKey(name)
    const encoded = encodePrivateKey(pair.privateKey)
    const back = await parsePrivateKey(encoded)
    if (back.kind === 'refused') assert.fail(back.detail)
    assert.deepEqual(back.pair.publicKey.fingerprint, pair.publicKey.fingerprint)
    assert.deepEqual(encodePrivateKey(back.pair.privateKey), encoded)
    if (keyAlgorithms[name].signsWith === null) return
    const algorithm = signatureAlgorithmFor(name)
    const signature = await sign(back.pair.privateKey, algorithm, data)
    const { identifier } = algorithm
    assert.equal(await verifySignature(identifier, pair.publicKey, data, signature), true)
  })

for (const name of ['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const)
  test(`a ${name} key is kept as its seed of 32 octets`, async () => {
    const { privateKey } = await generateKey(name)
    const encoded = encodePrivateKey(privateKey)
    assert.equal(encoded.length, 54)
    // RFC 9881 section 6: [0] IMPLICIT OCTET STRING
    assert.equal(encoded.slice(20, 22).toHex(), '8020')
    assert.deepEqual(encoded.slice(22), new Uint8Array(privateKey.export({ format: 'raw-seed' })))
  })

for (const name of ['ml-kem-512', 'ml-kem-768', 'ml-kem-1024'] as const)
  test(`a ${name} key is kept as its seed of 64 octets`, async () => {
    const { privateKey } = await generateKey(name)
    const encoded = encodePrivateKey(privateKey)
    assert.equal(encoded.length, 86)
    // RFC 9935 section 6: [0] IMPLICIT OCTET STRING
    assert.equal(encoded.slice(20, 22).toHex(), '8040')
    assert.deepEqual(encoded.slice(22), new Uint8Array(privateKey.export({ format: 'raw-seed' })))
  })

for (const vector of readVectors('trust/private-keys'))
  test(`frozen private key ${vector.name}: ${vector.expect}`, async () => {
    const result = await parsePrivateKey(vector.blocks[0]!.bytes)
    assert.equal(result.kind === 'refused' ? result.reason : result.kind, vector.expect)
  })

test('an elliptic key with the public half of another is refused', async () => {
  const [one, other] = await Promise.all([generateKey('p-256'), generateKey('p-256')])
  const octets = encodePrivateKey(one.privateKey)
  const mixed = concatBytes([octets.slice(0, -64), other.publicKey.spki.slice(-64)])
  assert.ok(createPrivateKey({ key: mixed, format: 'der', type: 'pkcs8' }))
  const result = await parsePrivateKey(mixed)
  assert.equal(result.kind === 'refused' && result.reason, 'key-malformed')
})

test('octets that are no key are refused', async () => {
  const sound = encodePrivateKey((await generateKey('ed25519')).privateKey)
  for (const octets of [
    new Uint8Array(),
    Uint8Array.of(0x30, 0),
    sound.slice(0, -1),
    concatBytes([sound, Uint8Array.of(0)]),
  ]) {
    const result = await parsePrivateKey(octets)
    assert.equal(result.kind === 'refused' && result.reason, 'key-malformed', octets.toHex())
  }
})
