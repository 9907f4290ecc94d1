// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import {
  findKeyAlgorithm,
  findRsaAlgorithm,
  findSignatureAlgorithm,
  isKeyAlgorithmName,
  type KeyAlgorithm,
  keyAlgorithms,
  signatureAlgorithmFor,
  signatureAlgorithms,
} from './algorithms.ts'
import { generateKey } from './private-key.ts'

/** What the standards say, written down a second time: OID, parameters, strength. */
const standards: Record<keyof typeof keyAlgorithms, [string, string, number]> = {
  'rsa-2048': ['1.2.840.113549.1.1.1', '0500', 112],
  'rsa-3072': ['1.2.840.113549.1.1.1', '0500', 128],
  'rsa-4096': ['1.2.840.113549.1.1.1', '0500', 140],
  'p-256': ['1.2.840.10045.2.1', '06082a8648ce3d030107', 128],
  'p-384': ['1.2.840.10045.2.1', '06052b81040022', 192],
  'p-521': ['1.2.840.10045.2.1', '06052b81040023', 256],
  ed25519: ['1.3.101.112', '', 128],
  'ml-dsa-44': ['2.16.840.1.101.3.4.3.17', '', 128],
  'ml-dsa-65': ['2.16.840.1.101.3.4.3.18', '', 192],
  'ml-dsa-87': ['2.16.840.1.101.3.4.3.19', '', 256],
}

for (const row of Object.values(keyAlgorithms)) {
  test(`${row.name} is written as its standard and OpenSSL write it`, async () => {
    const { publicKey } = await generateKey(row.name)
    const spki = parseSubjectPublicKeyInfo(publicKey.spki)
    assert.equal(spki.algorithm.der.toHex(), row.identifier.der.toHex())
    const [oid, parameters, strength] = standards[row.name]
    assert.equal(row.identifier.oid, oid)
    assert.equal(row.identifier.parameters?.toHex() ?? '', parameters)
    assert.equal(row.strength, strength)
    assert.equal(publicKey.algorithm, row.name)
    assert.equal(publicKey.bits, row.bits)
    assert.equal(spki.key.length >= row.materialOctets, true)
  })

  test(`${row.name} signs with an algorithm of its own family that is no weaker than its policy`, () => {
    const signature = signatureAlgorithmFor(row.name)
    assert.equal(signature.keyOid, row.identifier.oid)
    assert.ok(signature.strength >= Math.min(row.strength, 128))
    assert.equal(findSignatureAlgorithm(signature.identifier), signature)
  })

  test(`${row.name} has a sunset with a source exactly if it is not post-quantum`, () => {
    assert.equal(row.sunset === undefined, row.postQuantum)
    if (row.sunset === undefined) return
    assert.match(row.sunset.source, /^NIST /)
    assert.ok(Temporal.Instant.compare(row.sunset.date, row.sunset.verifyUntil) <= 0)
  })
}

test('an algorithm is found by its identifier, parameters included', () => {
  for (const row of Object.values(keyAlgorithms)) {
    const found: KeyAlgorithm | undefined =
      row.canonical === 'modulus' ? findRsaAlgorithm(row.bits) : findKeyAlgorithm(row.identifier)
    assert.equal(found, row)
  }
  assert.equal(findRsaAlgorithm(1024), undefined)
})

test('rsa-2048 certifies nobody and signs no code', () => {
  assert.deepEqual(keyAlgorithms['rsa-2048'].uses, ['device'])
})

test('ecdsa and ml-dsa have no parameters, rsa has NULL', () => {
  for (const { name, identifier } of Object.values(signatureAlgorithms))
    assert.equal(identifier.parameters?.toHex(), name.startsWith('rsa') ? '0500' : undefined)
})

test('a name from outside is an algorithm only if the table has it', () => {
  assert.ok(isKeyAlgorithmName('ml-dsa-87'))
  for (const stranger of ['rsa-1024', 'toString', '__proto__', ''])
    assert.ok(!isKeyAlgorithmName(stranger))
})
