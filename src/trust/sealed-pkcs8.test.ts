// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { test } from 'node:test'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { parsePbes2 } from '#format/pbes2.ts'
import { encodePem } from '#format/pem.ts'
import { parseEncryptedPrivateKeyInfo } from '#format/pkcs8.ts'
import { encodePrivateKey, generateKey } from './private-key.ts'
import { sealPkcs8 } from './sealed-pkcs8.ts'

const passphrase = 'nine blue herons över the marsh'

test('a sealed key opens with its passphrase alone, in the form that openssl reads', async () => {
  const { privateKey } = await generateKey('p-256')
  const pkcs8 = encodePrivateKey(privateKey)
  const sealed = await sealPkcs8(pkcs8, passphrase, systemRandomness)
  const pem = encodePem('ENCRYPTED PRIVATE KEY', sealed)
  const opened = createPrivateKey({ key: pem, passphrase })
  assert.deepEqual(encodePrivateKey(opened), pkcs8)
  assert.throws(() => createPrivateKey({ key: pem, passphrase: 'another' }))
  assert.ok(!Buffer.from(sealed).includes(Buffer.from(pkcs8.slice(36, 68))))
  const { derivation } = parsePbes2(parseEncryptedPrivateKeyInfo(sealed).encryptionAlgorithm)
  assert.equal(derivation.kind === 'pbkdf2' && derivation.iterations, 600_000)
})

test('the same key under the same passphrase is sealed otherwise each time', async () => {
  const pkcs8 = encodePrivateKey((await generateKey('ed25519')).privateKey)
  const twice = [1, 2].map(() => sealPkcs8(pkcs8, passphrase, systemRandomness))
  const [one, other] = await Promise.all(twice)
  assert.notDeepEqual(one, other)
})
