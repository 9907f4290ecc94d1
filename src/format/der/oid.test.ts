// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oid, oidContent, parseOidText, readOidContent } from './oid.ts'

const roundTrip = (text: string) => {
  const content = oidContent(parseOidText(text))
  return readOidContent(content, 0, content.length)
}

test('text and octets are inverse', () => {
  for (const text of [
    '0.0',
    '0.39',
    '1.0',
    '1.39.1',
    '2.0',
    '2.40',
    '2.47.5',
    '2.999.1',
    '1.3.6.1.4.1.99999.18446744073709551616',
  ])
    assert.equal(roundTrip(text), text)
})

test('a stranger is not taken for a known one', () => {
  oid('1.2.3.4.5')
  assert.equal(roundTrip('1.2.3.4.6'), '1.2.3.4.6')
  assert.equal(roundTrip('1.2.3.4.5'), '1.2.3.4.5')
})

test('refuses text that is no object identifier', () => {
  for (const text of [
    '',
    '1',
    '3.1',
    '1.40',
    '0.40.1',
    '1.02',
    '1..2',
    '1.2.',
    'a.b',
    '1.-2',
    '1.2 ',
  ])
    assert.throws(() => parseOidText(text), { code: 'oid-malformed' }, text)
  assert.throws(() => parseOidText(`1${'.9'.repeat(33)}`), { code: 'oid-malformed' })
  assert.throws(() => parseOidText(`2${`.${'9'.repeat(38)}`.repeat(9)}`), { code: 'oid-malformed' })
})
