// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from './format-error.ts'
import { parseStrictJson } from './strict-json.ts'

const limits = { octets: 1_000, depth: 4, values: 40 }
const read = (text: string) => parseStrictJson(new TextEncoder().encode(text), limits)

function codeOf(text: string): string {
  try {
    read(text)
    return 'read'
  } catch (error) {
    if (error instanceof FormatError) return error.code
    throw error
  }
}

test('JSON is read as JSON.parse reads it', () => {
  const texts = [
    ...['0', '-0', '1e3', '-1.5E-2', '"a\\u00e4\\n\\ud83d\\ude00"', 'null', ' [ ] ', '{}'],
    ...['{"a":[1,{"b":true}],"":"x"}', '"\\/\\"\\\\"', '[1, 2 ,3]', '"ä 😀 \u007f"', 'false'],
  ]
  for (const text of texts)
    assert.equal(JSON.stringify(read(text)), JSON.stringify(JSON.parse(text)), text)
})

test('a member that stands twice is refused, since readers take one or the other', () => {
  assert.throws(
    () => read('{"a":1,"\\u0061":2}'),
    (error) =>
      error instanceof FormatError && error.offset === 7 && /stands twice/.test(`${error}`),
  )
  assert.equal(codeOf('{"a":{"a":1}}'), 'read')
})

test('a member that names a prototype is a member', () => {
  const object = read('{"__proto__":1,"constructor":2}')
  assert.deepEqual(Object.entries(object ?? {}), [
    ['__proto__', 1],
    ['constructor', 2],
  ])
})

const refused: Record<string, string> = {
  '': 'truncated',
  '{': 'truncated',
  '[1': 'truncated',
  '{"a"': 'truncated',
  '[1,]': 'text-malformed',
  '{"a":1,}': 'text-malformed',
  '{a:1}': 'text-malformed',
  "'a'": 'text-malformed',
  '01': 'text-malformed',
  '+1': 'text-malformed',
  '1.': 'text-malformed',
  NaN: 'text-malformed',
  '"\n"': 'text-malformed',
  '"\\x41"': 'text-malformed',
  '"\\ud8"': 'text-malformed',
  '1 2': 'text-malformed',
  '// c\n1': 'text-malformed',
  '[[[[[1]]]]]': 'too-deep',
}

for (const [text, code] of Object.entries(refused))
  test(`${JSON.stringify(text)} is refused: ${code}`, () => assert.equal(codeOf(text), code))

test('what is too much, or no text, is refused', () => {
  assert.equal(codeOf(`[${'1,'.repeat(40)}1]`), 'too-many')
  assert.equal(codeOf(`"${'x'.repeat(1_000)}"`), 'too-large')
  assert.throws(() => parseStrictJson(Uint8Array.of(0x22, 0xff, 0x22), limits), FormatError)
  const mark = Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)
  assert.throws(() => parseStrictJson(mark, limits), FormatError, 'a byte order mark is no JSON')
})

test('a string of a megabyte costs its length', () => {
  const text = `"${'\\n'.repeat(500_000)}"`
  const wide = { ...limits, octets: 2_000_000 }
  assert.equal(String(parseStrictJson(new TextEncoder().encode(text), wide)).length, 500_000)
})
