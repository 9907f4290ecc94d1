// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { algorithms, contentTypes } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { parseNameText } from '#format/x509/name.ts'
import { type EnvelopedData, encodeEnvelopedData, parseEnvelopedData } from './enveloped-data.ts'
import { encodeKeyPackage, parseKeyPackage } from './key-package.ts'

const recipient = { issuer: parseNameText('CN=Chips'), serialNumber: Uint8Array.of(77) }
const algorithm = encodeAlgorithmIdentifier(algorithms.ecPublicKey)
const parts = {
  contentType: contentTypes.signedData,
  contentEncryption: encodeAlgorithmIdentifier(algorithms.aes256Cbc),
  encryptedContent: new Uint8Array(16),
}
const sealed: readonly EnvelopedData[] = [
  {
    ...parts,
    recipient: {
      ...{ kind: 'key-transport', recipient, encryptedKey: new Uint8Array(256) },
      keyEncryption: encodeAlgorithmIdentifier(algorithms.rsaesOaep),
    },
  },
  {
    ...parts,
    recipient: {
      ...{ kind: 'key-agreement', recipient, encryptedKey: new Uint8Array(40) },
      ...{ originatorAlgorithm: algorithm, originatorKey: new Uint8Array(65) },
      keyEncryption: encodeAlgorithmIdentifier(algorithms.ecdhSha256Kdf, algorithm.der),
    },
  },
]

test('an envelope is read as it was written, for both ways of its key', () => {
  for (const one of sealed) assert.deepEqual(parseEnvelopedData(encodeEnvelopedData(one)), one)
})

test('an envelope with the version of another, for two recipients, or of another type is refused', () => {
  for (const [index, one] of sealed.entries()) {
    const der = encodeEnvelopedData(one)
    const version = der.findIndex(
      (_, at) => der[at] === 2 && der[at + 1] === 1 && der[at + 3] === 0x31,
    )
    const wrong = der.slice()
    wrong[version + 2] = index === 0 ? 2 : 0
    assert.throws(() => parseEnvelopedData(wrong), { code: 'version-unknown' })
    const envelopedData = '2a864886f70d010703'
    const other = der.toHex().replace(envelopedData, '2a864886f70d010702')
    assert.throws(() => parseEnvelopedData(Uint8Array.fromHex(other)), {
      code: 'value-not-allowed',
    })
  }
})

test('a package of keys has at least one, and nothing else', () => {
  const key = Uint8Array.of(0x30, 3, 2, 1, 0)
  assert.deepEqual(parseKeyPackage(encodeKeyPackage([key, key])), [key, key])
  assert.throws(() => parseKeyPackage(Uint8Array.of(0x30, 0)), { code: 'element-missing' })
  assert.throws(() => parseKeyPackage(Uint8Array.of(0x30, 2, 5, 0)), { code: 'tag-not-expected' })
})
