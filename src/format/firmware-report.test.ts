// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeFirmwareReport, parseFirmwareReport } from './firmware-report.ts'
import { FormatError } from './format-error.ts'

const anchors = ['b'.repeat(64), 'a'.repeat(64)]
const good = { firmwareVersion: 'pump-os 4.2.1', securityVersion: 7, anchors }
const parse = (value: unknown) =>
  parseFirmwareReport(
    new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)),
  )

test('a report reads as it was written, its anchors sorted', () => {
  const read = parse(encodeFirmwareReport(good))
  assert.deepEqual(read, { ...good, anchors: anchors.toSorted() })
  assert.deepEqual(parse({ ...good, anchors: [] }).anchors, [])
})

for (const [what, value] of [
  ['no JSON', '{'],
  ['a list', []],
  ['a member too many', { ...good, device: 'P-2' }],
  ['a member too few', { firmwareVersion: '1', anchors }],
  [
    'a member twice',
    '{"firmwareVersion":"1","firmwareVersion":"2","securityVersion":1,"anchors":[]}',
  ],
  ['no version', { ...good, firmwareVersion: '' }],
  ['a version of two lines', { ...good, firmwareVersion: 'a\nb' }],
  ['a version that turns what follows it', { ...good, firmwareVersion: 'a\u202eb' }],
  ['a version without end', { ...good, firmwareVersion: 'x'.repeat(129) }],
  ['a security version below nothing', { ...good, securityVersion: -1 }],
  ['half a security version', { ...good, securityVersion: 1.5 }],
  ['a security version beyond every counter', { ...good, securityVersion: 2 ** 32 }],
  ['a security version in words', { ...good, securityVersion: '7' }],
  ['an anchor in capitals', { ...good, anchors: ['A'.repeat(64)] }],
  ['an anchor twice', { ...good, anchors: [...anchors, ...anchors] }],
  [
    'more anchors than a device has',
    { ...good, anchors: Array.from({ length: 65 }, (_, at) => at.toString(16).padStart(64, '0')) },
  ],
  ['more octets than a report has', `${' '.repeat(9_000)}{}`],
] as const)
  test(`a report with ${what} is refused`, () => {
    assert.throws(() => parse(value), FormatError)
  })
