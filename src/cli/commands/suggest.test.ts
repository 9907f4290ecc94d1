// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { didYouMean, suggest } from './suggest.ts'

const nouns = ['device', 'doctor', 'product', 'profile', 'log']

test('a slip of one or two letters is seen: left out, put in, changed, swapped', () => {
  for (const slip of ['devce', 'devicee', 'dewice', 'edvice', 'Device', 'devixe']) {
    assert.equal(suggest(slip, nouns), 'device', slip)
  }
})

test('a beginning is enough where only one word begins so', () => {
  assert.equal(suggest('dev', nouns), 'device')
  assert.equal(suggest('pro', nouns), undefined)
  assert.equal(suggest('d', nouns), undefined)
})

test('what is near goes before what begins so', () => {
  assert.equal(suggest('enroll', ['enrolled-already', 'enrol']), 'enrol')
})

test('a short word is not turned into any other short word', () => {
  assert.equal(suggest('add', nouns), undefined)
  assert.equal(suggest('lgo', nouns), 'log')
})

test('where nothing is near, something else is said', () => {
  assert.equal(didYouMean('kettle', nouns, 'see help'), 'see help')
  assert.equal(didYouMean('prodcut', nouns, 'see help'), 'did you mean "product"?')
})
