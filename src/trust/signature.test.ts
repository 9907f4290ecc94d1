// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { oid } from '#format/der/oid.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { readVectors } from '../../test/frozen-vectors.ts'
import {
  keyAlgorithms,
  keyAlgorithmsFor,
  signatureAlgorithmFor,
  signatureAlgorithms,
} from './algorithms.ts'
import { generateKey, sign } from './private-key.ts'
import { importPublicKey } from './public-key.ts'
import type { Refused } from './refusal.ts'
import { verifySignature, verifySignatureSync } from './signature.ts'

const data = Uint8Array.of(1, 2, 3)

function wordFor(result: boolean | Refused): string {
  if (typeof result === 'object') return result.reason
  return result ? 'right' : 'wrong'
}

for (const vector of readVectors('trust/signatures'))
  test(`frozen signature ${vector.name} is ${vector.expect}`, async () => {
    const [spki, signature] = vector.blocks
    const key = importPublicKey(parseSubjectPublicKeyInfo(spki!.bytes))
    if ('kind' in key) assert.fail(key.detail)
    const { identifier } = Object.values(signatureAlgorithms).find(
      (row) => row.name === vector.head.get('algorithm'),
    )!
    const message = Uint8Array.fromHex(vector.head.get('message') ?? '')
    const octets = signature?.bytes ?? new Uint8Array()
    assert.equal(wordFor(await verifySignature(identifier, key, message, octets)), vector.expect)
    assert.equal(wordFor(verifySignatureSync(identifier, key, message, octets)), vector.expect)
  })

for (const { name } of keyAlgorithmsFor('request'))
  test(`no octets make ${name} throw`, async () => {
    const { publicKey, privateKey } = await generateKey(name)
    const algorithm = signatureAlgorithmFor(name)
    const right = await sign(privateKey, algorithm, data)
    assert.equal(verifySignatureSync(algorithm.identifier, publicKey, data, right), true)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
        assert.equal(verifySignatureSync(algorithm.identifier, publicKey, data, octets), false)
      }),
      { numRuns: 30 },
    )
    fc.assert(
      fc.property(fc.nat(right.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bent = right.with(at, right[at]! ^ change)
        assert.equal(verifySignatureSync(algorithm.identifier, publicKey, data, bent), false)
      }),
      { numRuns: 30 },
    )
  })

test('an algorithm outside the table is refused by its name', async () => {
  const { publicKey } = await generateKey('p-256')
  const strangers = {
    'SHA-1 with RSA': '1.2.840.113549.1.1.5',
    'ECDSA with SHA-1': '1.2.840.10045.4.1',
    'ECDSA with SHA-224': '1.2.840.10045.4.3.1',
    'RSASSA-PSS without parameters': '1.2.840.113549.1.1.10',
    'HashSLH-DSA': '2.16.840.1.101.3.4.3.35',
    'MD5 with RSA': '1.2.840.113549.1.1.4',
    'HashML-DSA-65': '2.16.840.1.101.3.4.3.33',
  }
  for (const [what, text] of Object.entries(strangers)) {
    const result = await verifySignature(
      encodeAlgorithmIdentifier(oid(text)),
      publicKey,
      data,
      new Uint8Array(70),
    )
    assert.equal(wordFor(result), 'signature-algorithm-unknown', what)
  }
})

test('parameters other than the table’s are refused', async () => {
  for (const { name } of keyAlgorithmsFor('request')) {
    if (/^rsa-.*[34]/.test(name)) continue
    const { publicKey, privateKey } = await generateKey(name)
    const algorithm = signatureAlgorithmFor(name)
    const signature = await sign(privateKey, algorithm, data)
    const { oid: own, parameters } = algorithm.identifier
    const other = encodeAlgorithmIdentifier(
      own,
      parameters === undefined ? Uint8Array.of(5, 0) : undefined,
    )
    const result = await verifySignature(other, publicKey, data, signature)
    assert.equal(wordFor(result), 'signature-algorithm-unknown', name)
  }
})

test('a signature algorithm of another family is refused before any computing', async () => {
  const pairs = await Promise.all(
    (['p-256', 'ed25519', 'rsa-2048', 'ml-dsa-44', 'ml-dsa-65'] as const).map(generateKey),
  )
  for (const { publicKey } of pairs)
    for (const { identifier, keyOids, saltOctets } of Object.values(signatureAlgorithms)) {
      if (keyOids.includes(keyAlgorithms[publicKey.algorithm].identifier.oid)) continue
      // No identifier says the longest salt.
      if (saltOctets === 'longest') continue
      const result = verifySignatureSync(identifier, publicKey, data, new Uint8Array(64))
      assert.equal(wordFor(result), 'signature-wrong')
    }
})
