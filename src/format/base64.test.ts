// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseBase64Body } from './base64.ts'

test('CR, LF, TAB and space may stand anywhere, or nowhere', () => {
  for (const body of [
    'AAECAw==',
    'AAEC\nAw==\n',
    ' A A\r\nECAw=\r\n=\r\n',
    'AAEC\rAw==',
    'AAEC\tAw==',
  ])
    assert.deepEqual(parseBase64Body(body), new Uint8Array([0, 1, 2, 3]))
  assert.deepEqual(parseBase64Body(new TextEncoder().encode('AAEC')), new Uint8Array([0, 1, 2]))
})

test('refuses everything else, with the place', () => {
  for (const [body, offset] of [
    ['AAEC-w==', 4],
    ['AAEC\fAw==', 4],
    ['AAECAw', 6],
    ['AAECAw=', 7],
    ['AAECAx==', 8],
    ['AAECA', 5],
    ['=AAE', 4],
    ['-----BEGIN CERTIFICATE REQUEST-----', 0],
    ['', 0],
    [' \n', 0],
    ['AAECé', 4],
  ] as const)
    assert.throws(() => parseBase64Body(body), { code: 'base64-malformed', offset }, body)
  assert.throws(() => parseBase64Body(new Uint8Array([0x30, 0x82])), { code: 'base64-malformed' })
})
