// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseBase64Body } from '#format/base64.ts'
import { parseOidText } from '#format/der/oid.ts'
import { attributes } from '#format/oids.ts'
import { encodeCsrAttributes, parseCsrAttributes } from './csr-attributes.ts'
import { encodeBase64Body, isMediaType, mediaTypes } from './messages.ts'

test('csrattrs of none, of OIDs and of attributes are read as they were written', () => {
  const values = [Uint8Array.fromHex('06052b81040022'), Uint8Array.fromHex('0500')]
  for (const wanted of [
    [],
    [{ kind: 'oid', oid: attributes.challengePassword }],
    [{ kind: 'attribute', type: parseOidText('1.2.840.113549.1.1.1'), values: [] }],
    [
      {
        kind: 'attribute',
        type: parseOidText('1.2.840.10045.2.1'),
        values: [values[1]!, values[0]!],
      },
      { kind: 'oid', oid: parseOidText('1.2.840.10045.4.3.3') },
    ],
  ] as const)
    assert.deepEqual(parseCsrAttributes(encodeCsrAttributes(wanted)), wanted)
  assert.equal(encodeCsrAttributes([]).toHex(), '3000')
})

test('csrattrs refuse what RFC 8951 does not allow', () => {
  for (const [bytes, code] of [
    ['31 00', 'tag-not-expected'],
    ['30 02 05 00', 'tag-not-expected'],
    ['30 11 30 0f 06 0b 2a 86 48 86 f7 0d 01 09 10 02 3d 31 00', 'element-missing'],
    ['30 0d 30 0b 06 01 2a 31 06 02 01 02 02 01 01', 'set-not-sorted'],
    ['30 00 00', 'trailing-bytes'],
  ] as const)
    assert.throws(() => parseCsrAttributes(Uint8Array.fromHex(bytes.replaceAll(' ', ''))), { code })
})

test('a body has no line breaks, and is read by its reader', () => {
  const der = new Uint8Array(500).fill(0x30)
  assert.doesNotMatch(encodeBase64Body(der), /\s/)
  assert.deepEqual(parseBase64Body(encodeBase64Body(der)), der)
})

test('a media type is known by its essence', () => {
  for (const header of ['application/pkcs10', 'Application/PKCS10; charset=utf-8', undefined])
    assert.ok(isMediaType(header, mediaTypes.enrolRequest))
  for (const header of ['application/json', '', 'application/pkcs10x'])
    assert.ok(!isMediaType(header, mediaTypes.enrolRequest))
})
