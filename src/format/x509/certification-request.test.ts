// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOidText } from '#format/der/oid.ts'
import { encodeDer } from '#format/der/writer.ts'
import type { FormatCode } from '#format/format-error.ts'
import { algorithms } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from './algorithm-identifier.ts'
import { encodeSigned } from './certificate.ts'
import {
  type CertificationRequestInfo,
  encodeCertificationRequestInfo,
  parseCertificationRequest,
} from './certification-request.ts'
import { encodeExtension } from './extension.ts'
import { parseNameText } from './name.ts'
import { encodeSubjectPublicKeyInfo } from './public-key.ts'

const algorithm = encodeAlgorithmIdentifier(algorithms.ed25519)
const publicKey = encodeSubjectPublicKeyInfo(algorithm, new Uint8Array(32)).der
const subject = parseNameText('CN=PUMP-0001')
const signed = (info: Uint8Array) => encodeSigned(info, algorithm, new Uint8Array(64))
const encode = (info: Partial<CertificationRequestInfo>) =>
  signed(encodeCertificationRequestInfo({ subject, publicKey, ...info }))

test('a request is read as it was written, attributes in any order', () => {
  const extensions = [encodeExtension('keyUsage', ['digitalSignature'])]
  const attributes = [
    {
      type: parseOidText('1.2.3.4'),
      values: [new Uint8Array([5, 0]), new Uint8Array([1, 1, 255])],
    },
    { type: parseOidText('1.2.3'), values: [new Uint8Array([48, 0])] },
  ]
  const request = parseCertificationRequest(
    encode({ extensions, attributes, challengePassword: 'ä b' }),
  )
  assert.deepEqual(request.requestedExtensions, extensions)
  assert.equal(request.challengePassword, 'ä b')
  assert.equal(request.attributes.length, 4)
  const unknown = request.attributes.find(({ type }) => type === '1.2.3.4')
  assert.deepEqual(unknown?.values, [new Uint8Array([1, 1, 255]), new Uint8Array([5, 0])])
  const again = { subject: request.subject, publicKey, attributes: request.attributes }
  assert.deepEqual(encodeCertificationRequestInfo(again), request.info)
})

test('a request may ask for nothing', () => {
  const request = parseCertificationRequest(encode({}))
  assert.deepEqual(request.attributes, [])
  assert.deepEqual(request.requestedExtensions, [])
  assert.equal(request.challengePassword, undefined)
})

test('what is critical and unknown is kept for policy', () => {
  const extensions = [{ oid: parseOidText('1.2.3'), critical: true, value: new Uint8Array([1]) }]
  assert.deepEqual(
    parseCertificationRequest(encode({ extensions })).requestedExtensions,
    extensions,
  )
})

const password = '06092a864886f70d010907'
const extensionRequest = '06092a864886f70d01090e'
const attributesOf = (hex: string) =>
  signed(
    encodeDer((writer) => {
      writer.sequence(() => {
        writer.integer(0)
        writer.raw(subject.der)
        writer.raw(publicKey)
        writer.raw(Uint8Array.fromHex(hex))
      })
    }),
  )

const refusals: readonly (readonly [string, string, FormatCode])[] = [
  ['attributes left out', '', 'element-missing'],
  ['an attribute without value', `a00f300d${password}3100`, 'element-missing'],
  ['two passwords', `a0153013${password}3106130161130162`, 'value-not-allowed'],
  ['a password in IA5String', `a0123010${password}3103160161`, 'string-type-wrong'],
  ['a password that is a number', `a0123010${password}3103020101`, 'string-type-wrong'],
  [
    'extension requests of two values',
    `a029302706092a864886f70d01090e311a${'300b300906032a03040402' + '0500'}${'300b300906032a03040402' + '0500'}`,
    'value-not-allowed',
  ],
  ['an extension request of none', `a011300f${extensionRequest}31023000`, 'element-missing'],
  ['attributes that are a sequence', '3000', 'tag-not-expected'],
  ['bytes after the attributes', 'a0000500', 'trailing-bytes'],
  ['values out of order', 'a00d300b06012a3106020102020101', 'set-not-sorted'],
]

for (const [rule, hex, code] of refusals)
  test(`refuses ${rule}`, () =>
    assert.throws(() => parseCertificationRequest(attributesOf(hex)), { code }))

test('refuses an attribute that stands twice', () => {
  const one = { type: parseOidText('1.2.3'), values: [new Uint8Array([5, 0])] }
  assert.throws(() => parseCertificationRequest(encode({ attributes: [one, one] })), {
    code: 'value-not-allowed',
  })
})

test('refuses a version other than 1', () => {
  const der = encode({})
  const at = der.findIndex(
    (octet, index) => octet === 2 && der[index + 1] === 1 && der[index + 2] === 0,
  )
  der[at + 2] = 1
  assert.throws(() => parseCertificationRequest(der), { code: 'version-unknown', offset: at })
})
