// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { shellWord } from './shell-word.ts'

const names = [
  ...[
    'pump',
    'pump 2',
    'Pümpe',
    '$(echo run)',
    '`echo run`',
    '$HOME',
    'a"b',
    "it's",
    "';echo run;'",
  ],
  ...['a\\b', '*', '~', '!!', '#', 'a;b', 'a&b', '=ls', '-n', 'a\\'],
]

test('a shell reads each name as the word that it is', () => {
  const line = `printf '%s\\n' ${names.map(shellWord).join(' ')}`
  const read = execFileSync('sh', ['-c', line], { encoding: 'utf8' })
  assert.deepEqual(read.split('\n').slice(0, -1), names)
})

test('a plain name stands as it is', () => {
  assert.equal(shellWord('lot-7/a.1'), 'lot-7/a.1')
})
