// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FormatCode } from '#format/format-error.ts'
import { limits } from './budget.ts'
import { type DerReader, readDer } from './reader.ts'
import { tag } from './tag.ts'

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(' ', ''))
const read = <T>(text: string, how: (reader: DerReader) => T) =>
  readDer(hex(text), limits.small, how)
const any = (reader: DerReader) => reader.any()
const time = (text: string) => new TextEncoder().encode(text).toHex()

interface Refusal {
  readonly rule: string
  readonly bytes: string
  readonly how?: (reader: DerReader) => unknown
  readonly code: FormatCode
  readonly offset: number
}

const refusals: readonly Refusal[] = [
  { rule: 'nothing at all', bytes: '', code: 'element-missing', offset: 0 },
  { rule: 'a tag without a length', bytes: '30', code: 'truncated', offset: 1 },
  { rule: 'a length beyond the end', bytes: '04 05 00', code: 'truncated', offset: 2 },
  { rule: 'a length that is cut off', bytes: '04 82 01', code: 'truncated', offset: 2 },
  { rule: 'a length of five octets', bytes: '04 85 01 00 00 00 00', code: 'truncated', offset: 2 },
  {
    rule: 'a value that ends after its parent',
    bytes: '30 03 04 02 00 00',
    code: 'truncated',
    offset: 4,
  },
  { rule: 'an indefinite length', bytes: '30 80 00 00', code: 'indefinite-length', offset: 1 },
  {
    rule: 'a long form for a short length',
    bytes: '04 81 01 00',
    code: 'length-not-minimal',
    offset: 2,
  },
  {
    rule: 'a length with a leading zero',
    bytes: `04 82 00 80 ${'00'.repeat(128)}`,
    code: 'length-not-minimal',
    offset: 2,
  },
  { rule: 'bytes after the value', bytes: '05 00 05', code: 'trailing-bytes', offset: 2 },
  { rule: 'a long tag', bytes: '1f 81 01 00', code: 'tag-not-expected', offset: 0 },
  { rule: 'end-of-contents as a value', bytes: '00 00', code: 'tag-not-expected', offset: 0 },
  {
    rule: 'a constructed OCTET STRING',
    bytes: '24 04 04 02 00 00',
    code: 'tag-not-expected',
    offset: 2,
  },
  { rule: 'a primitive SEQUENCE', bytes: '10 00', code: 'tag-not-expected', offset: 2 },
  {
    rule: 'another tag than is due',
    bytes: '31 00',
    how: (r) => r.sequence(),
    code: 'tag-not-expected',
    offset: 0,
  },
  { rule: 'TRUE as 01', bytes: '30 03 01 01 01', code: 'boolean-not-canonical', offset: 4 },
  { rule: 'BOOLEAN of two octets', bytes: '01 02 ff ff', code: 'boolean-not-canonical', offset: 2 },
  {
    rule: 'FALSE where it is the default',
    bytes: '01 01 00',
    how: (r) => r.booleanDefaultFalse(),
    code: 'default-encoded',
    offset: 0,
  },
  { rule: 'an empty INTEGER', bytes: '02 00', code: 'integer-malformed', offset: 2 },
  {
    rule: 'an INTEGER with a needless 00',
    bytes: '02 02 00 7f',
    code: 'integer-malformed',
    offset: 2,
  },
  {
    rule: 'an INTEGER with a needless ff',
    bytes: '02 02 ff 80',
    code: 'integer-malformed',
    offset: 2,
  },
  { rule: 'a padded ENUMERATED', bytes: '0a 02 00 01', code: 'integer-malformed', offset: 2 },
  {
    rule: 'a negative number',
    bytes: '02 01 ff',
    how: (r) => r.smallInteger(9),
    code: 'value-not-allowed',
    offset: 2,
  },
  {
    rule: 'a number too great',
    bytes: '02 01 0a',
    how: (r) => r.smallInteger(9),
    code: 'value-not-allowed',
    offset: 2,
  },
  {
    rule: 'a number of nine octets',
    bytes: '02 09 010000000000000000',
    how: (r) => r.smallInteger(9),
    code: 'value-not-allowed',
    offset: 2,
  },
  {
    rule: 'a negative great number',
    bytes: '02 01 80',
    how: (r) => r.bigInteger(20),
    code: 'value-not-allowed',
    offset: 2,
  },
  { rule: 'an empty BIT STRING', bytes: '03 00', code: 'bit-string-malformed', offset: 2 },
  { rule: 'eight unused bits', bytes: '03 02 08 00', code: 'bit-string-malformed', offset: 2 },
  { rule: 'unused bits of no octet', bytes: '03 01 01', code: 'bit-string-malformed', offset: 2 },
  {
    rule: 'unused bits that are set',
    bytes: '03 02 01 01',
    code: 'bit-string-malformed',
    offset: 2,
  },
  {
    rule: 'unused bits where octets are due',
    bytes: '03 02 01 02',
    how: (r) => r.bitStringOctets(),
    code: 'bit-string-malformed',
    offset: 2,
  },
  {
    rule: 'named bits that end in zeros',
    bytes: '03 02 00 80',
    how: (r) => r.namedBits(9),
    code: 'bit-string-malformed',
    offset: 2,
  },
  {
    rule: 'more named bits than there are names',
    bytes: '03 03 05 00 20',
    how: (r) => r.namedBits(9),
    code: 'bit-string-malformed',
    offset: 2,
  },
  {
    rule: 'a NULL with content',
    bytes: '05 01 00',
    how: (r) => r.null(),
    code: 'value-not-allowed',
    offset: 2,
  },
  {
    rule: 'a set out of order',
    bytes: '31 06 02 01 02 02 01 01',
    how: (r) => r.setOf((e) => e.any()),
    code: 'set-not-sorted',
    offset: 5,
  },
  {
    rule: 'an empty set where one is due',
    bytes: '31 00',
    how: (r) => r.setOf((e) => e.any()),
    code: 'element-missing',
    offset: 2,
  },
  { rule: 'an OID without content', bytes: '06 00', code: 'oid-malformed', offset: 2 },
  { rule: 'a padded arc', bytes: '06 03 2a 80 01', code: 'oid-malformed', offset: 3 },
  { rule: 'an unfinished arc', bytes: '06 02 2a 86', code: 'oid-malformed', offset: 4 },
  { rule: 'a long OID', bytes: `06 81 81 ${'01'.repeat(129)}`, code: 'oid-malformed', offset: 3 },
  {
    rule: 'an asterisk in PrintableString',
    bytes: '13 02 41 2a',
    how: (r) => r.text(tag.printableString),
    code: 'string-characters',
    offset: 3,
  },
  {
    rule: 'an umlaut in IA5String',
    bytes: '16 01 e4',
    how: (r) => r.text(tag.ia5String),
    code: 'string-characters',
    offset: 2,
  },
  {
    rule: 'NUL in UTF8String',
    bytes: '0c 03 61 00 62',
    how: (r) => r.text(tag.utf8String),
    code: 'string-characters',
    offset: 3,
  },
  {
    rule: 'broken UTF-8',
    bytes: '0c 02 c3 28',
    how: (r) => r.text(tag.utf8String),
    code: 'string-characters',
    offset: 2,
  },
  {
    rule: 'a surrogate in BMPString',
    bytes: '1e 02 d8 00',
    how: (r) => r.text(tag.bmpString),
    code: 'string-characters',
    offset: 2,
  },
]

for (const { rule, bytes, how = any, code, offset } of refusals)
  test(`refuses ${rule}`, () => assert.throws(() => read(bytes, how), { code, offset }))

test('refuses more bytes, levels and values than the budget has', () => {
  const { maxBytes, maxDepth, maxValues } = limits.small
  assert.throws(() => readDer(new Uint8Array(maxBytes + 1), limits.small, any), {
    code: 'too-large',
  })
  let nested = '0500'
  for (let depth = 0; depth < maxDepth; depth++)
    nested = `30${(nested.length / 2).toString(16).padStart(2, '0')}${nested}`
  assert.doesNotThrow(() => read(nested, any))
  assert.throws(() => read(`30${(nested.length / 2).toString(16)}${nested}`, any), {
    code: 'too-deep',
  })
  const many = (count: number) =>
    `3082${(count * 2).toString(16).padStart(4, '0')}${'0500'.repeat(count)}`
  assert.doesNotThrow(() => read(many(maxValues - 1), any))
  assert.throws(() => read(many(maxValues), any), {
    code: 'too-many',
    offset: 4 + (maxValues - 1) * 2,
  })
})

test('reads what is right', () => {
  assert.equal(
    read('02 01 00', (r) => r.smallInteger(0)),
    0,
  )
  assert.equal(
    read('02 05 00 ff ff ff ff', (r) => r.bigInteger(20)),
    0xffff_ffffn,
  )
  assert.equal(
    read('02 04 7f ff ff ff', (r) => r.smallInteger(0x7fff_ffff)),
    0x7fff_ffff,
  )
  assert.equal(
    read('03 03 07 00 80', (r) => r.namedBits(9)),
    1 << 8,
  )
  assert.equal(
    read('03 01 00', (r) => r.namedBits(9)),
    0,
  )
  assert.equal(read('03 01 00', (r) => r.bitStringOctets()).length, 0)
  assert.equal(
    read('1e 04 00 41 20 ac', (r) => r.text(tag.bmpString)),
    'A€',
  )
  assert.deepEqual(
    read('31 06 02 01 01 02 01 01', (r) => r.setOf((e) => e.smallInteger(9))),
    [1, 1],
  )
  assert.equal(
    read('06 03 88 37 03', (r) => r.oid()),
    '2.999.3',
  )
})

test('whatever is not understood is DER all the way down', () => {
  for (const [bytes, code] of [
    ['30 05 05 01 00 05 00', 'value-not-allowed'],
    ['30 03 13 01 2a', 'string-characters'],
    ['30 04 0c 02 c3 28', 'string-characters'],
    [`30 0d 17 0b ${time('2601010000Z')}`, 'time-malformed'],
    [`30 13 17 11 ${time('260101000000+0000')}`, 'time-malformed'],
    [`30 13 18 11 ${time('20260101000000.0Z')}`, 'time-malformed'],
    [`30 12 18 10 ${time('20260101000000.Z')}`, 'time-malformed'],
    [`30 11 18 0f ${time('20260101000000 ')}`, 'time-malformed'],
    ['30 02 17 00', 'time-malformed'],
  ] as const)
    assert.throws(() => read(bytes, any), { code }, bytes)
  for (const bytes of [
    `18 11 ${time('20260101000000.5Z')}`,
    `18 0f ${time('20260101000000Z')}`,
    `17 0d ${time('260101000000Z')}`,
    '13 00',
    '14 01 ff',
  ])
    assert.equal(read(bytes, any).length, hex(bytes).length)
})

test('returns views of the input, plain even if it was a Buffer', () => {
  const input = Buffer.from('0403010203', 'hex')
  const octets = readDer(input, limits.small, (reader) => reader.octets())
  assert.equal(octets.constructor, Uint8Array)
  assert.equal(octets.buffer, input.buffer)
  assert.deepEqual(octets, new Uint8Array([1, 2, 3]))
})
