// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkPassphrase, normalPassphrase } from './passphrase.ts'

const weak: readonly (readonly [string, RegExp])[] = [
  ['short', /5 characters, at least 12/],
  ['x'.repeat(201), /201 characters, at most 200/],
  ['aaaaaaaaaaaaaaaa', /1 different characters/],
  ['abcabcabcabcabc', /3 different characters/],
  ['Password1234', /guessed first/],
  ['passwordpassword', /guessed first/],
  ['correct horse battery staple', /guessed first/],
  ['Vitalsign-2027', /guessed first/],
  ['qwertyuiop1234', /guessed first/],
  ['abcdefghijklmnop', /guessed first/],
  ['Ada Lovelace 1815', /guessed first/],
  ['zyxwvutsrqponm', /guessed first/],
  ['!@#$%^&*()_+{}', /guessed first/],
]

for (const [passphrase, why] of weak) {
  test(`"${passphrase.slice(0, 40)}" is refused, and it is said why`, () => {
    const refused = checkPassphrase(passphrase, 'Ada Lovelace')
    assert.equal(refused?.reason, 'passphrase-too-weak')
    assert.match(refused.detail, why)
    assert.match(refused.detail, /; /, 'and how to mend it')
  })
}

for (const passphrase of [
  'seven green kettles sing',
  'x9!Qz#71%pL&',
  'der Wind trägt Brot nach Haus',
  '七つの緑のやかんが歌うよ朝に',
  'hospital kettles sing green',
]) {
  test(`"${passphrase}" may be used`, () => {
    assert.equal(checkPassphrase(passphrase, 'Ada Lovelace'), undefined)
  })
}

test('a passphrase is the same however the keyboard makes its letters', () => {
  assert.equal(normalPassphrase('tra\u0308gt ﬁve'), normalPassphrase('trägt five'))
})
