// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beside, wrap } from '../help/layout.ts'
import { plainPaint } from '../terminal/paint.ts'
import { bar } from '../terminal/progress.ts'
import { pairLines } from './record.ts'
import { Table } from './table.ts'
import { label, printable, valueText } from './value.ts'

const plain = { paint: plainPaint, columns: undefined }

test('a table aligns its columns and ends no line with blanks', () => {
  const table = new Table(['name', 'state', 'id'], plain)
  assert.deepEqual(
    table.lines([
      ['a', 'active', '1'],
      ['longer', '', ''],
    ]),
    ['name    state   id', 'a       active  1', 'longer'],
  )
})

test('a later page has no head, keeps the widths, and widens them where it must', () => {
  const table = new Table(['n', 'x'], plain)
  table.lines([['four', '1']])
  assert.deepEqual(table.lines([['a', '2']]), ['a     2'])
  assert.deepEqual(table.lines([['longer', '3']]), ['longer  3'])
  assert.deepEqual(table.lines([['b', '4']]), ['b       4'])
})

test('a line is cut to the terminal, and only there', () => {
  const rows = [['a'.repeat(30), 'b']]
  assert.equal(new Table(['x', 'y'], { ...plain, columns: 10 }).lines(rows)[1], `${'a'.repeat(9)}…`)
  assert.match(new Table(['x', 'y'], plain).lines(rows)[1] ?? '', /a{30} {2}b/)
})

test('values are shown plainly', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [null, '-'],
    [undefined, '-'],
    ['', '-'],
    [true, 'yes'],
    [0, '0'],
    ['2026-11-22T18:15:07.123Z', '2026-11-22 18:15:07Z'],
    ['9999-12-31T23:59:59Z', 'for ever'],
    ['2026-11-22', '2026-11-22'],
    [[], '-'],
    [['a', 'b'], 'a, b'],
    [{ kind: 'person', id: 'ada' }, 'person ada'],
    [{ count: 2, lot: null, name: 'x' }, 'count=2 name=x'],
    [{}, '-'],
  ]
  for (const [value, text] of cases) assert.equal(valueText(value), text)
})

test('what strangers sent can do nothing to a terminal', () => {
  assert.equal(
    printable('a\u001b[2Jb\r\nc\u202ed\u2028'),
    'a\\u{1b}[2Jb\\u{d}\\u{a}c\\u{202e}d\\u{2028}',
  )
  assert.equal(valueText({ detail: '\u0007' }), 'detail=\\u{7}')
  assert.equal(printable('Grüße, 東京'), 'Grüße, 東京')
})

test('names of the API become words', () => {
  assert.equal(label('hardwareRevision'), 'hardware revision')
  assert.equal(label('notAfter'), 'until')
  assert.equal(label('constructor'), 'constructor')
})

test('labels stand in one column', () => {
  assert.deepEqual(
    pairLines(
      [
        ['id', '1'],
        ['serial', 'x'],
      ],
      { ...plain, indent: ' ' },
    ),
    [' id      1', ' serial  x'],
  )
})

test('text is broken at blanks and loses none', () => {
  const text = 'one two three fourteen-letters five'
  const lines = wrap(text, 10)
  assert.equal(lines.join(' '), text)
  assert.deepEqual(lines, ['one two', 'three', 'fourteen-letters', 'five'])
  assert.deepEqual(beside([['--flag', 'a b c d e f g h i j k l m n']], { columns: 32 }), [
    '  --flag  a b c d e f g h i j k l',
    '          m n',
  ])
})

test('a bar is as long whatever the share', () => {
  for (const [share, percent] of [
    [-1, '  0 %'],
    [0.5, ' 50 %'],
    [0.999, ' 99 %'],
    [2, '100 %'],
  ] as const) {
    const shown = bar(share)
    assert.equal(shown.length, 24 + 6)
    assert.ok(shown.endsWith(percent))
  }
})
