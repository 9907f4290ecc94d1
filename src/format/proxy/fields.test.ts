// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseClientCertificate } from './client-cert.ts'
import { lastForwardedFor } from './forwarded.ts'

const bytes = (...octets: number[]) => Uint8Array.from(octets)

test('Client-Cert is one byte sequence, Client-Cert-Chain a list of them, leaf first', () => {
  assert.deepEqual(parseClientCertificate(undefined, undefined), [])
  assert.deepEqual(parseClientCertificate(':AQI=:', undefined), [bytes(1, 2)])
  assert.deepEqual(parseClientCertificate(' :AQI=: ', ':Aw==:, :BA==:'), [
    bytes(1, 2),
    bytes(3),
    bytes(4),
  ])
})

test('whatever else stands there is refused', () => {
  for (const leaf of [
    '',
    'AQI=',
    '::',
    ':AQI=',
    ':AQI:',
    ':AQ I=:',
    ':AQI=:;a=1',
    ':AQI=:, :AQI=:',
  ])
    assert.throws(() => parseClientCertificate(leaf, undefined), { name: 'FormatError' }, leaf)
  assert.throws(() => parseClientCertificate(undefined, ':AQI=:'), { code: 'element-missing' })
  assert.throws(() => parseClientCertificate(':AQI=:', ''), { code: 'text-malformed' })
  assert.throws(() => parseClientCertificate(':AQI=:', Array(10).fill(':AQI=:').join()), {
    code: 'too-many',
  })
})

test('the last element of Forwarded, else of X-Forwarded-For, is what the proxy itself saw', () => {
  const told = [
    [undefined, undefined, undefined],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', undefined, '192.0.2.60'],
    ['For="[2001:db8:cafe::17]:4711"', undefined, '2001:db8:cafe::17'],
    ['for=198.51.100.1, proto=https;for="192.0.2.61:8080"', '203.0.113.9', '192.0.2.61'],
    ['for=unknown', undefined, undefined],
    ['for=_hidden', undefined, undefined],
    [undefined, '203.0.113.1, 2001:DB8::5', '2001:db8::5'],
    [undefined, '203.0.113.1:4711', '203.0.113.1'],
  ] as const
  for (const [forwarded, x, source] of told)
    assert.equal(lastForwardedFor(forwarded, x), source, `${forwarded} ${x}`)
})

test('a last element that names no address is refused, not passed over', () => {
  for (const field of ['by=1.2.3.4', 'for=', 'for=300.1.1.1', 'for=pump.example', 'for="[::g]"'])
    assert.throws(() => lastForwardedFor(field, undefined), { name: 'FormatError' }, field)
  for (const field of ['', 'a.example', '1.2.3', '01.2.3.4'])
    assert.throws(() => lastForwardedFor(undefined, field), { name: 'FormatError' }, field)
})
