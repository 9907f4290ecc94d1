// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { Random, seedOfRun } from '../../../../test/fuzz/random.ts'
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

/** Where a form of the key stands, by patterns that are held against the whole text whatever stands in it. */
function placesIn(text: string): readonly number[] {
  const patterns = [
    /(?<![0-9A-Fa-f])[0-9A-Fa-f]{64}(?![0-9A-Fa-f])/g,
    /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/]{43}=/g,
    /(?<![A-Za-z0-9+/_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9+/_=-])/g,
    /(?:0x[0-9A-Fa-f]{2}[\s,]+){31}0x[0-9A-Fa-f]{2}/g,
    /(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}/g,
  ]
  const ofKey = new Set(Object.values(forms))
  return patterns.flatMap((pattern) =>
    [...text.matchAll(pattern)].filter(([all]) => ofKey.has(all)).map(({ index }) => index),
  )
}

const seed = seedOfRun()
test(`no form of a key is passed by for what stands around it (seed ${seed})`, () => {
  const random = new Random(seed)
  const around = ['=', '-', '_', '+', '/', ':', 'x', '0x', 'a', 'ff', ' ', '\n', ',', '"', 'key']
  const some = (count: number) =>
    Array.from({ length: random.below(count) }, () => random.oneOf(around)).join('')
  let many = 0
  for (let round = 0; round < 2_000; round++) {
    const text = `${some(60)}${random.oneOf(Object.values(forms))}${some(60)}`
    const due = placesIn(text)
    assert.deepEqual(offsetsIn(text), due, text)
    many += due.length
  }
  assert.ok(many > 500, `only ${many} forms stood in these texts`)
})
