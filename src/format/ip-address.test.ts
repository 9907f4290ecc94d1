// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIpAddress, parseIpAddress } from './ip-address.ts'

test('text and octets are inverse, in the form of RFC 5952', () => {
  for (const [text, octets, canonical = text] of [
    ['192.0.2.1', 'c0000201'],
    ['0.0.0.0', '00000000'],
    ['2001:db8::1', '20010db8000000000000000000000001'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['1::', '00010000000000000000000000000000'],
    ['2001:DB8:0:0:1:0:0:1', '20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001'],
  ] as const) {
    assert.equal(parseIpAddress(text).toHex(), octets)
    assert.equal(formatIpAddress(Uint8Array.fromHex(octets)), canonical)
  }
})

test('refuses what is no address', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7',
    '1:2:3:4::5:6:7:8',
    'fe80::1%eth0',
    '::ffff:1.2.3.4',
    ':::',
    '12345::',
    'g::',
  ])
    assert.throws(() => parseIpAddress(text), { code: 'text-malformed' }, text)
  assert.throws(() => formatIpAddress(new Uint8Array(5)), { code: 'value-not-allowed' })
})
