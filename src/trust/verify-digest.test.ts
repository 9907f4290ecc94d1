// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import { signatureAlgorithms } from './algorithms.ts'
import { generateKey, sign } from './private-key.ts'
import { verifyDigest } from './verify-digest.ts'

const message = new TextEncoder().encode('of which only the digest is at hand')
const ways = [
  ['p-256', 'ecdsa-sha256'],
  ['p-256', 'ecdsa-sha512'],
  ['p-384', 'ecdsa-sha384'],
  ['p-384', 'ecdsa-sha256'],
  ['p-521', 'ecdsa-sha512'],
  ['rsa-2048', 'rsa-sha256'],
  ['rsa-3072', 'rsa-pss-sha256'],
  ['rsa-pss-2048', 'rsa-pss-sha512'],
] as const

for (const [keyName, name] of ways)
  test(`of OpenSSL's signatures by ${name} with ${keyName} a digest tells the genuine from the bent`, async () => {
    const algorithm = signatureAlgorithms[name]
    const { privateKey, publicKey } = await generateKey(keyName)
    const other = await generateKey(keyName)
    const digested = Uint8Array.from(hash(algorithm.digest ?? '', message, 'buffer'))
    for (let round = 0; round < 4; round++) {
      const signature = await sign(privateKey, algorithm, message)
      assert.equal(verifyDigest(algorithm, publicKey, digested, signature), true)
      assert.equal(verifyDigest(algorithm, other.publicKey, digested, signature), false)
      const bent = signature.map((octet, at) => (at === signature.length - 1 ? octet ^ 1 : octet))
      const bentDigest = digested.map((octet, at) => (at === 0 ? octet ^ 0x80 : octet))
      assert.equal(verifyDigest(algorithm, publicKey, digested, bent), false)
      assert.equal(verifyDigest(algorithm, publicKey, bentDigest, signature), false)
    }
    for (const nonsense of [
      new Uint8Array(),
      new Uint8Array(publicKey.bits / 8).fill(0xff),
      Uint8Array.fromHex('3006020100020100'),
      Uint8Array.fromHex('30060201010201ff'),
    ])
      assert.equal(verifyDigest(algorithm, publicKey, digested, nonsense), false)
  })

test('what signs no digests, or not with such a key, is a mistake of the caller', async () => {
  const { publicKey } = await generateKey('ed25519')
  for (const name of ['ed25519', 'ecdsa-sha256', 'ml-dsa-65'] as const)
    assert.throws(
      () => verifyDigest(signatureAlgorithms[name], publicKey, new Uint8Array(32), message),
      TypeError,
    )
})
