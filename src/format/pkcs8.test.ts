// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { encodeMlDsaPrivateKey, parseMlDsaPrivateKey } from './ml-dsa-private-key.ts'
import { algorithms } from './oids.ts'
import { parsePbes2 } from './pbes2.ts'
import {
  encodeEncryptedPrivateKeyInfo,
  encodePrivateKeyInfo,
  parseEncryptedPrivateKeyInfo,
  parsePrivateKeyInfo,
} from './pkcs8.ts'

const keys = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  'p-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  ed25519: generateKeyPairSync('ed25519').privateKey,
  'ml-dsa-65': generateKeyPairSync('ml-dsa-65').privateKey,
}

for (const [name, key] of Object.entries(keys)) {
  const der = new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }))
  test(`a key of ${name} that Node wrote is read, and written to the byte`, () => {
    assert.deepEqual(encodePrivateKeyInfo(parsePrivateKeyInfo(der)), der)
  })
  test(`a key of ${name} that Node encrypted is read, and written to the byte`, () => {
    const options = {
      format: 'der',
      type: 'pkcs8',
      cipher: 'aes-256-cbc',
      passphrase: 'x',
    } as const
    const encrypted = new Uint8Array(key.export(options))
    const info = parseEncryptedPrivateKeyInfo(encrypted)
    assert.equal(parsePbes2(info.encryptionAlgorithm).derivation.kind, 'pbkdf2')
    assert.deepEqual(encodeEncryptedPrivateKeyInfo(info), encrypted)
  })
}

const algorithm = encodeAlgorithmIdentifier(algorithms.ed25519)
const privateKey = Uint8Array.fromHex(`0420${'01'.repeat(32)}`)

test('a public key makes it version 2, and only that', () => {
  const publicKey = new Uint8Array(32)
  const der = encodePrivateKeyInfo({ algorithm, privateKey, publicKey })
  assert.equal(der[4], 1)
  assert.deepEqual(parsePrivateKeyInfo(der).publicKey, publicKey)
  const wrong = der.slice()
  wrong[4] = 0
  assert.throws(() => parsePrivateKeyInfo(wrong), { code: 'version-unknown', offset: 2 })
})

test('an ML-DSA key is a seed, an expanded key, or both', () => {
  const seed = new Uint8Array(32).fill(1)
  const expandedKey = new Uint8Array(2560).fill(2)
  for (const key of [
    { seed, expandedKey: undefined },
    { seed: undefined, expandedKey },
    { seed, expandedKey },
  ])
    assert.deepEqual(parseMlDsaPrivateKey(encodeMlDsaPrivateKey(key)), key)
  assert.throws(() => encodeMlDsaPrivateKey({ seed: undefined, expandedKey: undefined }), {
    code: 'element-missing',
  })
  for (const key of [
    { seed: seed.subarray(1), expandedKey: undefined },
    { seed, expandedKey: seed },
  ])
    assert.throws(() => parseMlDsaPrivateKey(encodeMlDsaPrivateKey(key)), {
      code: 'value-not-allowed',
    })
})

test('Node makes a key from a seed that was written here', () => {
  const seed = new Uint8Array(32).fill(3)
  const info = {
    algorithm: encodeAlgorithmIdentifier(algorithms.mlDsa44),
    privateKey: encodeMlDsaPrivateKey({ seed, expandedKey: undefined }),
  }
  const key = createPrivateKey({
    key: Buffer.from(encodePrivateKeyInfo(info)),
    format: 'der',
    type: 'pkcs8',
  })
  assert.equal(key.asymmetricKeyType, 'ml-dsa-44')
})
