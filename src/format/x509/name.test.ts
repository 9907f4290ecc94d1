// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOidText } from '#format/der/oid.ts'
import { tag } from '#format/der/tag.ts'
import type { StringTag } from '#format/der/text.ts'
import { encodeDer } from '#format/der/writer.ts'
import { attributeTypes } from '#format/oids.ts'
import { attributeOf, encodeName, formatName, parseName, parseNameText, sameName } from './name.ts'

const { commonName, countryName, serialNumber } = attributeTypes
const stranger = parseOidText('1.2.3.4')

/** A name of one part whose value is written as that string type. */
function nameOf(value: string, string: StringTag, type = commonName) {
  return parseName(
    encodeDer((writer) => {
      writer.sequence(() => {
        writer.constructed(tag.set, () => {
          writer.sequence(() => {
            writer.oid(type)
            writer.text(value, string)
          })
        })
      })
    }),
  )
}

test('a name is written with the string types of RFC 5280', () => {
  const name = encodeName([
    [{ type: countryName, value: 'DE' }],
    [{ type: commonName, value: 'Pümpe' }],
    [{ type: attributeTypes.domainComponent, value: 'example' }],
  ])
  assert.deepEqual(
    name.rdns.map(([attribute]) => attribute?.string),
    [tag.printableString, tag.utf8String, tag.ia5String],
  )
  assert.deepEqual(parseName(name.der), name)
  assert.equal(attributeOf(name, commonName), 'Pümpe')
  assert.equal(attributeOf(name, serialNumber), undefined)
})

test('text of RFC 4514 and names are inverse', () => {
  for (const text of [
    'CN=PUMP-0001,O=Example\\, Inc.,C=DE',
    'UID=jsmith,DC=example,DC=net',
    'CN=James \\"Jim\\" Smith\\, III,DC=example',
    'CN=Lu\u010di\u0107',
    'CN=\\ leading and trailing\\ ',
    'CN=\\#x',
    'CN=a\\+b\\;c\\<d\\>e\\\\f',
    'CN=line\\0abreak',
    '1.2.3.4=x',
    'serialNumber=1+CN=a',
    '',
  ]) {
    const name = parseNameText(text)
    assert.ok(sameName(parseNameText(formatName(name)), name), text)
    if (!text.includes('+CN')) assert.equal(formatName(name), text)
  }
})

test('text is read kindly: spaces around parts, long type names, either case', () => {
  const name = parseNameText(' commonname = a b , o=x ')
  assert.equal(formatName(name), 'CN=a b,O=x')
})

test('a multi-valued part is one set', () => {
  const name = parseNameText('CN=b+serialNumber=a,C=DE')
  assert.equal(name.rdns.length, 2)
  assert.ok(sameName(name, parseNameText('serialNumber=a+CN=b,C=DE')))
  assert.ok(!sameName(name, parseNameText('serialNumber=a,CN=b,C=DE')))
})

test('refuses text that is no name', () => {
  for (const [text, offset] of [
    ['CN', 0],
    ['CN=a,', 5],
    ['colour=red', 0],
    ['CN=a;b', 4],
    ['CN=a"b', 4],
    ['CN=a\\', 4],
    ['CN=a\\z', 4],
    ['CN=\\ff', 3],
    ['CN=#0500', 3],
  ] as const)
    assert.throws(() => parseNameText(text), { code: 'text-malformed', offset }, text)
  assert.throws(() => parseNameText('CN='), { code: 'value-not-allowed' })
  assert.throws(() => parseNameText('C=Ü'), { code: 'string-characters' })
})

test('names are compared as RFC 5280 7.1 says', () => {
  const same = [
    [nameOf('Example CA', tag.printableString), nameOf('example ca', tag.utf8String)],
    [nameOf(' Example   CA ', tag.utf8String), nameOf('Example CA', tag.utf8String)],
    [nameOf('Ａ\u00a0b', tag.utf8String), nameOf('a B', tag.utf8String)],
    [nameOf('Pu\u0308mpe', tag.utf8String), nameOf('pümpe', tag.utf8String)],
    [nameOf('ΣΑΣ', tag.utf8String), nameOf('σασ', tag.utf8String)],
    [nameOf('so\u00adft', tag.utf8String), nameOf('soft', tag.utf8String)],
  ] as const
  for (const [left, right] of same) assert.ok(sameName(left, right) && sameName(right, left))
  const different = [
    [nameOf('Example CA', tag.utf8String), nameOf('ExampleCA', tag.utf8String)],
    [nameOf('a', tag.utf8String), nameOf('a', tag.utf8String, attributeTypes.surname)],
    [nameOf('ı', tag.utf8String), nameOf('i', tag.utf8String)],
    [parseNameText('CN=a,O=b'), parseNameText('O=b,CN=a')],
    [parseNameText('CN=a'), parseNameText('CN=a,O=b')],
    [parseNameText('CN=a+CN=a'), parseNameText('CN=a+CN=b')],
  ] as const
  for (const [left, right] of different) assert.ok(!sameName(left, right) && !sameName(right, left))
})

test('refuses a string type that the attribute does not have', () => {
  for (const [value, string, type] of [
    ['DE', tag.utf8String, countryName],
    ['1', tag.utf8String, serialNumber],
    ['a', tag.ia5String, commonName],
    ['a', tag.bmpString, commonName],
    ['a', tag.bmpString, stranger],
    ['a', tag.visibleString, commonName],
    ['example', tag.printableString, attributeTypes.domainComponent],
  ] as const)
    assert.throws(() => nameOf(value, string, type), { code: 'string-type-wrong' })
})

test('refuses a value that is no string, whatever its type', () => {
  const der = Uint8Array.fromHex('300c310a3008' + '06032a0304' + '020105')
  assert.throws(() => parseName(der), { code: 'string-type-wrong', offset: 11 })
})

test('refuses more than a hundred attributes, read or written', () => {
  const parts = (count: number) =>
    Array.from({ length: count }, () => [{ type: commonName, value: 'a' }])
  const { der } = encodeName(parts(100))
  assert.equal(parseName(der).rdns.length, 100)
  const more = encodeDer((writer) => {
    writer.sequence(() => {
      for (let count = 0; count < 101; count++) writer.raw(parseNameText('CN=a').der.subarray(2))
    })
  })
  assert.throws(() => parseName(more), { code: 'too-many' })
  assert.throws(() => encodeName(parts(101)), { code: 'too-many', offset: 0 })
})

test('refuses empty values, empty parts and parts out of order', () => {
  assert.throws(() => nameOf('', tag.utf8String), { code: 'value-not-allowed' })
  assert.throws(() => parseName(Uint8Array.fromHex('30023100')), { code: 'element-missing' })
  const [a, b] = ['serialNumber=a', 'CN=b'].map((text) => parseNameText(text).der.subarray(4))
  const unsorted = encodeDer((writer) => {
    writer.sequence(() => {
      writer.constructed(tag.set, () => {
        writer.raw(a!)
        writer.raw(b!)
      })
    })
  })
  assert.throws(() => parseName(unsorted), { code: 'set-not-sorted' })
})
