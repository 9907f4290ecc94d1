// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identifierOf } from './identifiers.ts'

test('host names go in small letters, addresses as RFC 8738 wants them, and nothing else goes', () => {
  const ip = (hex: string) => identifierOf({ kind: 'ip', bytes: Uint8Array.fromHex(hex) })
  assert.deepEqual(identifierOf({ kind: 'dns', value: 'Broker.Example.COM' }), {
    ...{ type: 'dns', value: 'broker.example.com' },
  })
  assert.deepEqual(ip('c0000201'), { type: 'ip', value: '192.0.2.1' })
  assert.deepEqual(ip('20010db8000000000000000000000001'), { type: 'ip', value: '2001:db8::1' })
  assert.throws(() => identifierOf({ kind: 'uri', value: 'urn:x' }), {
    ...{ kind: 'refused', message: /a name of kind uri is none that ACME proves/ },
  })
})
