// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '#format/der/budget.ts'
import { oid } from '#format/der/oid.ts'
import { readDer } from '#format/der/reader.ts'
import {
  encodeAlgorithmIdentifier,
  readAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'
import { algorithms } from './oids.ts'
import {
  derivationLimits,
  encodePbes2,
  type Pbes2,
  type Pbkdf2,
  parsePbes2,
  type Scrypt,
} from './pbes2.ts'

const salt = new Uint8Array(16).fill(7)
const iv = new Uint8Array(16).fill(9)
const pbkdf2: Pbkdf2 = { kind: 'pbkdf2', salt, iterations: 600_000, prf: algorithms.hmacWithSha256 }
const scrypt: Scrypt = {
  kind: 'scrypt',
  salt,
  cost: 16_384,
  blockSize: 8,
  parallelization: 1,
  keyBytes: 32,
}
const scheme = (
  derivation: Pbkdf2 | Scrypt,
  cipher = algorithms.aes256Cbc as Pbes2['cipher'],
): Pbes2 => ({ derivation, cipher, iv })
/** As it comes over the wire. */
const through = (pbes2: Pbes2) =>
  parsePbes2(
    readDer(encodePbes2(pbes2).der, limits.small, (reader) => readAlgorithmIdentifier(reader)),
  )

test('what is written is read', () => {
  assert.deepEqual(through(scheme(pbkdf2)), scheme(pbkdf2))
  assert.deepEqual(
    through(scheme({ ...pbkdf2, keyBytes: 32, prf: algorithms.hmacWithSha512 })).derivation,
    {
      ...pbkdf2,
      keyBytes: 32,
      prf: algorithms.hmacWithSha512,
    },
  )
  assert.deepEqual(
    through(scheme(scrypt, algorithms.aes128Cbc)),
    scheme(scrypt, algorithms.aes128Cbc),
  )
})

test('refuses work beyond the limits, before any is done', () => {
  const dear = [
    { ...pbkdf2, iterations: derivationLimits.iterations + 1 },
    { ...scrypt, cost: 2 ** 20, blockSize: 16 },
    { ...scrypt, parallelization: 17 },
  ]
  for (const derivation of dear)
    assert.throws(() => through(scheme(derivation)), { code: 'too-many' })
})

test('refuses what is unsound or unknown', () => {
  for (const derivation of [
    { ...pbkdf2, iterations: 0 },
    { ...pbkdf2, prf: oid('1.2.840.113549.2.8') },
    { ...pbkdf2, salt: new Uint8Array(1_025) },
    { ...scrypt, cost: 16_383 },
    { ...scrypt, cost: 1 },
    { ...scrypt, blockSize: 0 },
  ])
    assert.throws(() => through(scheme(derivation)), { code: 'value-not-allowed' })
  assert.throws(() => through(scheme(pbkdf2, oid('1.2.840.113549.3.7'))), {
    code: 'value-not-allowed',
  })
  assert.throws(() => through({ ...scheme(pbkdf2), iv: new Uint8Array(8) }), {
    code: 'value-not-allowed',
  })
  assert.throws(() => parsePbes2(encodeAlgorithmIdentifier(oid('1.2.840.113549.1.5.10'))), {
    code: 'value-not-allowed',
  })
})

test('refuses HMAC with SHA-1, which is the default and so must not be written', () => {
  const prf = oid('1.2.840.113549.2.7')
  assert.throws(() => through(scheme({ ...pbkdf2, prf })), { code: 'default-encoded' })
})
