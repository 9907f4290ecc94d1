// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOidText } from '#format/der/oid.ts'
import { encodeDer } from '#format/der/writer.ts'
import type { FormatCode } from '#format/format-error.ts'
import { algorithms, attributes, contentTypes } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { parseNameText } from '#format/x509/name.ts'
import { encodeCertsOnly, parseCertsOnly } from './certs-only.ts'
import { encodeSignedData, parseSignedData, type SignedData } from './signed-data.ts'
import { encodeSignedAttributes, type SignerInfo } from './signer-info.ts'

const digestAlgorithm = encodeAlgorithmIdentifier(algorithms.sha256)
const signer: SignerInfo = {
  signer: { kind: 'certificate', issuer: parseNameText('CN=a'), serialNumber: new Uint8Array([1]) },
  digestAlgorithm,
  signedAttributes: [
    {
      type: attributes.contentType,
      values: [encodeDer((writer) => writer.oid(contentTypes.data))],
    },
    {
      type: attributes.messageDigest,
      values: [encodeDer((writer) => writer.octets(new Uint8Array(32)))],
    },
  ],
  signatureAlgorithm: encodeAlgorithmIdentifier(algorithms.ecdsaWithSha256),
  signature: new Uint8Array(64),
  unsignedAttributes: [],
}
const certificates = ['30020500', '3000'].map((hex) => Uint8Array.fromHex(hex))
const message: SignedData = {
  digestAlgorithms: [digestAlgorithm],
  contentType: contentTypes.data,
  content: new Uint8Array([1, 2]),
  certificates: certificates.toReversed(),
  crls: [Uint8Array.fromHex('3003020101')],
  signers: [signer],
}

test('signed data is read as it was written', () => {
  const byKey: SignerInfo = {
    ...signer,
    signer: { kind: 'key', keyIdentifier: new Uint8Array(20) },
    signedAttributes: [],
    unsignedAttributes: [{ type: parseOidText('1.2.3'), values: [new Uint8Array([5, 0])] }],
  }
  for (const one of [
    message,
    { ...message, content: undefined, signers: [byKey] },
    { ...message, contentType: parseOidText('1.2.3'), certificates: [], crls: [] },
  ])
    assert.deepEqual(parseSignedData(encodeSignedData(one)), one)
})

test('signed attributes are signed as a set, in order', () => {
  const der = encodeSignedAttributes(signer.signedAttributes)
  assert.equal(der[0], 0x31)
  const encoded = encodeSignedData(message).toHex()
  assert.ok(
    encoded.includes(der.subarray(1).toHex()),
    'the same bytes stand in the message under [0]',
  )
})

test('certificates alone are read as they were written, sorted', () => {
  assert.deepEqual(parseCertsOnly(encodeCertsOnly(certificates)), certificates.toReversed())
  assert.deepEqual(parseCertsOnly(encodeCertsOnly([])), [])
})

test('certificates out of order are read only if asked for', () => {
  const der = encodeCertsOnly(certificates).toHex().replace('300030020500', '300205003000')
  assert.throws(() => parseCertsOnly(Uint8Array.fromHex(der)), { code: 'set-not-sorted' })
  assert.deepEqual(parseCertsOnly(Uint8Array.fromHex(der), { order: 'any' }), certificates)
})

test('certificates alone means nothing else', () => {
  for (const more of [
    { signers: [signer] },
    { content: new Uint8Array(1) },
    { contentType: parseOidText('1.2.3') },
  ]) {
    const der = encodeSignedData({ ...message, content: undefined, signers: [], ...more })
    assert.throws(() => parseCertsOnly(der), { code: 'value-not-allowed' })
  }
})

const refusals: readonly (readonly [string, string, string, FormatCode])[] = [
  [
    'another content type',
    '06092a864886f70d010702a0',
    '06092a864886f70d010703a0',
    'value-not-allowed',
  ],
  ['a version that does not fit', '020101310d', '020103310d', 'version-unknown'],
  ['a signer version that does not fit', '020101301130', '020103301130', 'version-unknown'],
  ['an attribute certificate', 'a006300030020500', 'a006a10030020500', 'tag-not-expected'],
]

for (const [rule, from, to, code] of refusals)
  test(`refuses ${rule}`, () => {
    const hex = encodeSignedData(message).toHex()
    assert.ok(hex.includes(from), 'the place is there')
    assert.throws(() => parseSignedData(Uint8Array.fromHex(hex.replace(from, to))), { code })
  })
