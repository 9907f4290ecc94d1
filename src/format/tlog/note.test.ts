// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeCheckpoint, parseCheckpoint } from './checkpoint.ts'
import { encodeNote, parseNote } from './note.ts'

const line = '— example.com/log AQIDBAU=\n'
const root = new Uint8Array(32).fill(7)

test('note and parts are inverse', () => {
  const signature = fc.record({
    name: fc.constantFrom('a', 'example.com/log', 'é', '—'),
    keyId: fc.nat(0xffff_ffff),
    signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
  })
  const text = fc
    .array(fc.constantFrom('', 'one', '— x', '\u2028', 'ed è subito sera.'), { minLength: 1 })
    .map((lines) => `${lines.join('\n')}\n`)
  const note = fc.record({ text, signatures: fc.array(signature, { minLength: 1, maxLength: 16 }) })
  fc.assert(
    fc.property(note, (one) => {
      const parsed = parseNote(encodeNote(one))
      assert.equal(parsed.text, one.text)
      assert.deepEqual(
        parsed.signatures.map(({ name, keyId, signature: bytes }) => [name, keyId, bytes.toHex()]),
        one.signatures.map(({ name, keyId, signature: bytes }) => [name, keyId, bytes.toHex()]),
      )
    }),
  )
})

test('refuses what is not a signed note, as the Go implementation does', () => {
  const notes: readonly (readonly [string, string])[] = [
    ['text\n', 'text-malformed'],
    ['text\n\n', 'element-missing'],
    [`text\n\n${line.slice(0, -1)}`, 'truncated'],
    [`\u0001text\n\n${line}`, 'string-characters'],
    [`te\rxt\n\n${line}`, 'string-characters'],
    [`\ud800\n\n${line}`, 'string-characters'],
    ['text\n\n— Bad Name AQIDBAU=\n', 'text-malformed'],
    ['text\n\n— a+b AQIDBAU=\n', 'text-malformed'],
    ['text\n\n—  AQIDBAU=\n', 'text-malformed'],
    ['text\n\n- name AQIDBAU=\n', 'text-malformed'],
    [`text\n\n${line}Unexpected line.\n`, 'text-malformed'],
    ['text\n\n— name AQIDBAV=\n', 'base64-malformed'],
    ['text\n\n— name AQIDBAU\n', 'base64-malformed'],
    ['text\n\n— name AQIDBA==\n', 'truncated'],
    [`text\n\n${line.repeat(101)}`, 'too-many'],
    ['x'.repeat(1_000_001), 'too-large'],
  ]
  for (const [note, code] of notes) {
    assert.throws(() => parseNote(note), { name: 'FormatError', code }, note.slice(0, 40))
  }
})

test('reads the checkpoint of the specification, with or without extension lines', () => {
  const text =
    'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'
  const checkpoint = parseCheckpoint(text)
  assert.equal(checkpoint.origin, 'example.com/behind-the-sofa')
  assert.equal(checkpoint.size, 20_852_163)
  assert.equal(encodeCheckpoint(checkpoint), text)
  assert.deepEqual(parseCheckpoint(`${text}extension\n`), checkpoint)
})

test('refuses a checkpoint with a line missing, empty, or misspelt', () => {
  const hash = root.toBase64()
  const texts: readonly (readonly [string, string])[] = [
    [`o\n1\n`, 'text-malformed'],
    [`\n1\n${hash}\n`, 'text-malformed'],
    [`o\n1\n${hash}`, 'text-malformed'],
    [`o\n1\n${hash}\n\n`, 'text-malformed'],
    [`o\n01\n${hash}\n`, 'text-malformed'],
    [`o\n-1\n${hash}\n`, 'text-malformed'],
    [`o\n9007199254740993\n${hash}\n`, 'too-large'],
    [`o\n1\n${hash.slice(0, -1)}\n`, 'base64-malformed'],
    [`o\n1\nAAAA\n`, 'text-malformed'],
  ]
  for (const [text, code] of texts) {
    assert.throws(() => parseCheckpoint(text), { name: 'FormatError', code }, text)
  }
})
