// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { Surroundings, Trace } from '../sight.ts'
import { lookForRawKeys } from './look-for-raw.ts'

const key = new Uint8Array(createHash('sha256').update('a key').digest())
const hex = key.toHex()
const base64 = key.toBase64()
const base64url = key.toBase64({ alphabet: 'base64url', omitPadding: true })
const pairs = hex.match(/../g)!

/** The offsets at which this key is a candidate in a text. */
function offsetsIn(text: string): readonly number[] {
  const traces: Trace[] = []
  const head = Uint8Array.from(text, (character) => character.charCodeAt(0))
  const file: Surroundings = {
    ...{ now: Temporal.Now.instant(), name: '', head, text },
    ...{ isText: true, isManual: false, isWhole: true },
  }
  lookForRawKeys(file, {
    found: () => assert.fail('nothing is found yet'),
    trace: (trace) => traces.push(trace),
    spend: () => true,
    guess: () => false,
  })
  return traces.filter(({ octets }) => octets.toHex() === hex).map(({ offset }) => offset)
}

const forms = {
  hexadecimal: hex,
  base64,
  'base64 of addresses': base64url,
  'a C array': pairs.map((pair) => `0x${pair}`).join(', '),
  'a C array of lines': pairs.map((pair) => `0x${pair}`).join(',\r\n\t\t'),
  'pairs with colons': pairs.join(':'),
}

for (const [form, text] of Object.entries(forms))
  test(`a key as ${form} is a candidate wherever it stands`, () => {
    for (let before = 0; before < 100; before++) {
      const words = 'key: 0x words, and some more of them = '.repeat(4).slice(0, before)
      const standsOff = words === '' || /[^A-Za-z0-9+/_-]$/.test(words)
      const lead = standsOff ? words : `${words.slice(0, -1)} `
      assert.deepEqual(offsetsIn(`${lead}${text}`), [lead.length], `behind ${lead}`)
      assert.deepEqual(offsetsIn(`${lead}${text} and more`), [lead.length], `in ${lead}`)
    }
  })

test('digits and base64 that are longer or shorter than a key are none', () => {
  for (const text of [hex.slice(1), `a${hex}`, base64.slice(1), `a${base64}`, base64url.slice(1)])
    assert.deepEqual(offsetsIn(`key ${text}\n`), [])
})

test('digits of a key behind a sign that is none of them are a candidate', () => {
  assert.deepEqual(offsetsIn(`key-x${hex}_`), [5])
})
