// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { absent } from '../../../../test/support/absent.ts'
import { foundByPosixPattern } from './posix-pattern.ts'

const rows: readonly (readonly [string, string, boolean])[] = [
  ['^1\\.[0-9]$', '1.4', true],
  ['^1\\.[0-9]$', '1.42', false],
  ['1.4', '1x42', true],
  ['^(rev)?[A-C]{2,3}$', 'revABC', true],
  ['^(rev)?[A-C]{2,3}$', 'A', false],
  ['^(rev)?[A-C]{2,}$', 'AAAAAA', true],
  ['a|b|^$', 'zzb', true],
  ['^(a|b)*c+$', 'ababcc', true],
  ['^(a|b)*c+$', 'abab', false],
  ['[^0-9]', '123', false],
  ['^[]a-c-]+$', 'a]-b', true],
  ['^[^]a]$', ']', false],
  ['^[[:digit:][:upper:]_]+$', 'A_9', true],
  ['^[[:space:]]$', 'a', false],
  ['(^a|b$)', 'xb', true],
  ['^a{0,2}$', 'aaa', false],
  ['^(x(y(z)?)?)?$', 'xyz', true],
  ['\\.\\*\\$', '1.*$', true],
  ['', 'anything', true],
  ['^[+--]$', ',', true],
]

test('a pattern is found where POSIX finds it', () => {
  for (const [pattern, text, found] of rows)
    assert.equal(foundByPosixPattern(pattern, text), found, `${pattern} in ${text}`)
})

test('grep -E finds the same', { skip: absent('/usr/bin/grep') }, () => {
  for (const [pattern, text, found] of rows) {
    const env = { ...process.env, LC_ALL: 'C' }
    const { status } = spawnSync('/usr/bin/grep', ['-Eqe', pattern], { input: `${text}\n`, env })
    assert.equal(status === 0, found, `${pattern} in ${text}`)
  }
})

test('what is no pattern, or means something else in each library, is found nowhere', () => {
  for (const pattern of [
    '(a',
    'a)',
    '[a',
    '*a',
    'a**{',
    '\\w+',
    'a\\',
    '[[.a.]]',
    '[z-a]',
    '^*',
    'a{3,2}',
    '{1}',
  ])
    assert.equal(foundByPosixPattern(pattern, 'a'), undefined, pattern)
  assert.equal(foundByPosixPattern(`${'('.repeat(100)}a${')'.repeat(100)}`, 'a'), undefined)
})

test('a pattern that others take years for is looked through once, and one that would grow is not', () => {
  assert.equal(foundByPosixPattern('^(a*)*(a|a)*b$', 'a'.repeat(250)), false)
  assert.equal(foundByPosixPattern('((a{1,200}){1,200}){1,200}', 'a'), undefined)
})
