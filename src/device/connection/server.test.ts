// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseServer } from './server.ts'

test('a server is a name or an address, with or without a port', () => {
  const of = (text: string) => {
    const { host, port, isAddress, authority } = parseServer(text) ?? {}
    return [host, port, isAddress, authority]
  }
  assert.deepEqual(of('https://PKI.example.com'), [
    'pki.example.com',
    443,
    false,
    'pki.example.com',
  ])
  assert.deepEqual(of('https://pki.test:8443/'), ['pki.test', 8443, false, 'pki.test:8443'])
  assert.deepEqual(of('https://127.0.0.1:1'), ['127.0.0.1', 1, true, '127.0.0.1:1'])
  assert.deepEqual(of('https://[::1]:8443'), ['::1', 8443, true, '[::1]:8443'])
})

test('anything else is no server', () => {
  for (const text of [
    'pki.test:8443',
    'http://pki.test',
    'https://',
    'https://u:p@pki.test',
    'https://pki.test/est',
    'https://pki.test?x',
    'https://pki.test#x',
    'https://pki test',
  ]) {
    assert.equal(parseServer(text), undefined, text)
  }
})
