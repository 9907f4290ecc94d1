// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeCanonicalJson, type Json, parseCanonicalJson } from './canonical-json.ts'
import { encodeEventBody, parseEventBody } from './event-body.ts'

test('writes the example of RFC 8785 section 3.2.3 in its order', () => {
  const value = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    1: 'One',
    '\ud83d\ude00': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  }
  const order = Object.keys(JSON.parse(encodeCanonicalJson(value))).map((name) =>
    name.codePointAt(0),
  )
  // JSON.parse itself moves "1" first.
  assert.deepEqual(order, [0x31, 0x0d, 0x80, 0xf6, 0x20ac, 0x1f600, 0xfb33])
  assert.match(encodeCanonicalJson(value), /^\{"\\r":"Carriage Return","1":"One"/)
})

test('writes numbers as RFC 8785 appendix B does', () => {
  const numbers = [-0, 1e21, 1e-7, 9007199254740994, 333333333.3333332, 295147905179352830000]
  const texts = [
    '0',
    '1e+21',
    '1e-7',
    '9007199254740994',
    '333333333.3333332',
    '295147905179352830000',
  ]
  assert.deepEqual(
    numbers.map((number) => encodeCanonicalJson(number)),
    texts,
  )
  assert.throws(() => encodeCanonicalJson(Number.NaN), { code: 'value-not-allowed' })
})

test('text and value are inverse', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4, noUnicodeString: false }), (value) => {
      const text = encodeCanonicalJson(value as Json)
      assert.equal(encodeCanonicalJson(parseCanonicalJson(text)), text)
    }),
  )
})

test('refuses every other spelling, at its first character', () => {
  const spellings: readonly (readonly [string, number])[] = [
    ['{"a":1 }', 6],
    ['{"b":1,"a":2}', 2],
    ['{"a":1,"a":2}', 5],
    ['{"a":1.0}', 6],
    ['{"a":"\\u0061"}', 6],
    ['[12345678901234567890]', 18],
    ['"\\ud800"', 1],
    ['nonsense', 0],
    ['', 0],
  ]
  for (const [text, offset] of spellings) {
    assert.throws(() => parseCanonicalJson(text), { code: 'text-malformed', offset }, text)
  }
})

test('refuses what is nested beyond anything that we write', () => {
  assert.throws(() => parseCanonicalJson('['.repeat(20) + ']'.repeat(20)), { code: 'too-deep' })
})

const body = {
  actor: { id: 'dev_1', kind: 'device' },
  at: '2026-01-02T03:04:05.678Z',
  facts: { b: 1, a: null },
  subjects: ['crt_2', 'crt_1'],
  type: 'certificate-issued',
}

test('an event has its members in one documented order', () => {
  assert.equal(
    new TextDecoder().decode(encodeEventBody(body)),
    '{"actor":{"id":"dev_1","kind":"device"},"at":"2026-01-02T03:04:05.678Z",' +
      '"facts":{"a":null,"b":1},"subjects":["crt_2","crt_1"],"type":"certificate-issued"}',
  )
  assert.deepEqual(parseEventBody(body), body)
})

test('refuses an event of another shape', () => {
  for (const wrong of [
    null,
    [],
    { ...body, extra: 1 },
    { ...body, actor: { id: 'x' } },
    { ...body, actor: { id: 1, kind: 'x' } },
    { ...body, at: '2026-01-02T03:04:05Z' },
    { ...body, at: '2026-13-02T03:04:05.678Z' },
    { ...body, at: '2026-02-30T03:04:05.678Z' },
    { ...body, at: '2026-01-02T03:04:60.678Z' },
    { ...body, at: 1 },
    { ...body, facts: { a: [] } },
    { ...body, facts: [] },
    { ...body, subjects: [1] },
    { ...body, subjects: 'crt_1' },
    { ...body, type: 1 },
  ]) {
    assert.throws(() => parseEventBody(wrong), { code: 'text-malformed' }, JSON.stringify(wrong))
  }
})
