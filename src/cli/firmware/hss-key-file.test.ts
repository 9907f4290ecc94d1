// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { algorithms } from '#format/oids.ts'
import { encodePem } from '#format/pem.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { encodeSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { formatVectors } from '../../../test/vectors/vector.ts'
import { hssKeyOf } from './hss-key-file.ts'

const raw = formatVectors.find(({ name }) => name === 'rfc8554-f1-public-key')!.bytes
const identifier = encodeAlgorithmIdentifier(algorithms.hssLmsHashsig)
const { der } = encodeSubjectPublicKeyInfo(identifier, raw)

test('an HSS key is read raw, in DER and in PEM', () => {
  const pem = new TextEncoder().encode(encodePem('PUBLIC KEY', der))
  for (const bytes of [raw, der, pem]) assert.deepEqual(hssKeyOf(bytes)?.bytes, raw)
})

test('what is another key, or none, is left to others', () => {
  const other = encodeSubjectPublicKeyInfo(encodeAlgorithmIdentifier(algorithms.ed25519), raw).der
  const certificate = new TextEncoder().encode(encodePem('CERTIFICATE', der))
  const text = new TextEncoder().encode('no key\n')
  const damaged = raw.subarray(0, -1)
  for (const bytes of [other, certificate, text, damaged, new Uint8Array()])
    assert.equal(hssKeyOf(bytes), undefined)
})
