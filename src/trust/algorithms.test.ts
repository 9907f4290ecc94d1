// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { algorithms } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { parseRsaPssParameters } from '#format/x509/rsa-pss-parameters.ts'
import {
  findKeyAlgorithm,
  findRsaAlgorithm,
  findSignatureAlgorithm,
  isKeyAlgorithmName,
  type KeyAlgorithm,
  keyAlgorithms,
  keyAlgorithmsFor,
  onlySignatureOf,
  signatureAlgorithmFor,
  signatureAlgorithms,
} from './algorithms.ts'
import { generateKey } from './private-key.ts'

/** What the standards say, written down a second time: OID, parameters, strength. */
const standards: Record<keyof typeof keyAlgorithms, [string, string, number]> = {
  'rsa-2048': ['1.2.840.113549.1.1.1', '0500', 112],
  'rsa-3072': ['1.2.840.113549.1.1.1', '0500', 128],
  'rsa-4096': ['1.2.840.113549.1.1.1', '0500', 140],
  'rsa-pss-2048': ['1.2.840.113549.1.1.10', '', 112],
  'rsa-pss-3072': ['1.2.840.113549.1.1.10', '', 128],
  'rsa-pss-4096': ['1.2.840.113549.1.1.10', '', 140],
  'p-256': ['1.2.840.10045.2.1', '06082a8648ce3d030107', 128],
  'p-384': ['1.2.840.10045.2.1', '06052b81040022', 192],
  'p-521': ['1.2.840.10045.2.1', '06052b81040023', 256],
  ed25519: ['1.3.101.112', '', 128],
  ed448: ['1.3.101.113', '', 224],
  'ml-dsa-44': ['2.16.840.1.101.3.4.3.17', '', 128],
  'ml-dsa-65': ['2.16.840.1.101.3.4.3.18', '', 192],
  'ml-dsa-87': ['2.16.840.1.101.3.4.3.19', '', 256],
  'slh-dsa-sha2-128s': ['2.16.840.1.101.3.4.3.20', '', 128],
  'slh-dsa-sha2-128f': ['2.16.840.1.101.3.4.3.21', '', 128],
  'slh-dsa-sha2-192s': ['2.16.840.1.101.3.4.3.22', '', 192],
  'slh-dsa-sha2-192f': ['2.16.840.1.101.3.4.3.23', '', 192],
  'slh-dsa-sha2-256s': ['2.16.840.1.101.3.4.3.24', '', 256],
  'slh-dsa-sha2-256f': ['2.16.840.1.101.3.4.3.25', '', 256],
  'slh-dsa-shake-128s': ['2.16.840.1.101.3.4.3.26', '', 128],
  'slh-dsa-shake-128f': ['2.16.840.1.101.3.4.3.27', '', 128],
  'slh-dsa-shake-192s': ['2.16.840.1.101.3.4.3.28', '', 192],
  'slh-dsa-shake-192f': ['2.16.840.1.101.3.4.3.29', '', 192],
  'slh-dsa-shake-256s': ['2.16.840.1.101.3.4.3.30', '', 256],
  'slh-dsa-shake-256f': ['2.16.840.1.101.3.4.3.31', '', 256],
  'ml-kem-512': ['2.16.840.1.101.3.4.4.1', '', 128],
  'ml-kem-768': ['2.16.840.1.101.3.4.4.2', '', 192],
  'ml-kem-1024': ['2.16.840.1.101.3.4.4.3', '', 256],
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
    if (row.signsWith === null) {
      assert.throws(() => signatureAlgorithmFor(row.name), /signs nothing/)
      return
    }
    const signature = signatureAlgorithmFor(row.name)
    assert.ok(signature.keyOids.includes(row.identifier.oid))
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
      row.canonical === 'modulus'
        ? findRsaAlgorithm(row.bits, row.identifier.oid)
        : findKeyAlgorithm(row.identifier)
    assert.equal(found, row)
  }
  assert.equal(findRsaAlgorithm(1024, algorithms.rsaEncryption), undefined)
})

test('rsa of 2048 bits certifies nobody and signs no code', () => {
  for (const name of ['rsa-2048', 'rsa-pss-2048'] as const)
    assert.deepEqual(keyAlgorithms[name].uses, ['device', 'request', 'tls'])
})

test('slh-dsa is for no handshake, and ml-kem for devices that let the server make it', () => {
  for (const { name, uses } of Object.values(keyAlgorithms)) {
    assert.equal(uses.includes('tls'), !/^(slh-dsa|ml-kem)-/.test(name), name)
    assert.equal(uses.includes('request'), !name.startsWith('ml-kem-'), name)
    if (name.startsWith('ml-kem-')) assert.deepEqual(uses, ['device'])
  }
  assert.ok(keyAlgorithmsFor('authority').every(({ signsWith }) => signsWith !== null))
})

test('rsa has NULL as parameters, rsa-pss says all that the standard lets it leave out, others have none', () => {
  for (const { name, identifier, saltOctets } of Object.values(signatureAlgorithms)) {
    const { parameters } = identifier
    // Its length is of no algorithm, but of a key: no parameters say it, and such an identifier means nothing.
    if (saltOctets === 'longest') {
      assert.equal(parameters, undefined)
      assert.equal(findSignatureAlgorithm(identifier), undefined)
    } else if (name.startsWith('rsa-pss-')) {
      const { hash, maskHash, saltLength } = parseRsaPssParameters(parameters ?? new Uint8Array())
      assert.equal(hash, maskHash)
      assert.equal(saltLength, saltOctets)
    } else assert.equal(parameters?.toHex(), name.startsWith('rsa') ? '0500' : undefined)
  }
})

test('an rsa-pss identifier means its row in every encoding that its standard allows', () => {
  const sha256 = '0609608648016503040201'
  const mgf1 = '06092a864886f70d010108'
  const inSequence = (hex: string) => `30${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`
  const context = (number: number, hex: string) =>
    `a${number}${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`
  for (const parameters of ['', '0500'])
    for (const trailer of ['', context(3, '020101')]) {
      const hash = inSequence(sha256 + parameters)
      const mask = inSequence(mgf1 + hash)
      const der = inSequence(context(0, hash) + context(1, mask) + context(2, '020120') + trailer)
      const identifier = encodeAlgorithmIdentifier(algorithms.rsassaPss, Uint8Array.fromHex(der))
      assert.equal(findSignatureAlgorithm(identifier)?.name, 'rsa-pss-sha256')
      assert.equal(onlySignatureOf(identifier)?.name, 'rsa-pss-sha256')
      assert.equal(findKeyAlgorithm(identifier)?.name, 'rsa-pss-2048')
    }
})

test('a name from outside is an algorithm only if the table has it', () => {
  assert.ok(isKeyAlgorithmName('ml-dsa-87'))
  for (const stranger of ['rsa-1024', 'toString', '__proto__', ''])
    assert.ok(!isKeyAlgorithmName(stranger))
})
