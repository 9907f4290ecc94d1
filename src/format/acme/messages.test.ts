// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from '#format/format-error.ts'
import {
  isToken,
  parseAuthorization,
  parseDirectory,
  parseOrder,
  parseProblem,
} from './messages.ts'

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))

/** RFC 8555 section 7.1.3, the order of the example, by its own bytes. */
const order = {
  status: 'valid',
  expires: '2016-01-20T14:09:07.99Z',
  identifiers: [{ type: 'dns', value: 'www.example.org' }],
  authorizations: ['https://example.com/acme/authz/PAniVnsZcis'],
  finalize: 'https://example.com/acme/order/TOlocE8rfgo/finalize',
  certificate: 'https://example.com/acme/cert/mAt3xBGaobw',
}

test("the RFC's own order is read", () => {
  assert.deepEqual(parseOrder(bytes(order)), {
    status: 'valid',
    authorizations: ['https://example.com/acme/authz/PAniVnsZcis'],
    finalize: 'https://example.com/acme/order/TOlocE8rfgo/finalize',
    certificate: 'https://example.com/acme/cert/mAt3xBGaobw',
    error: undefined,
  })
})

test('addresses that are not https, states that nobody knows and lists without end are refused', () => {
  for (const wrong of [
    { ...order, finalize: 'http://example.com/finalize' },
    { ...order, finalize: undefined },
    { ...order, status: 'fine' },
    { ...order, authorizations: Array.from({ length: 101 }, () => order.finalize) },
    { ...order, certificate: 7 },
    [order],
    'order',
  ])
    assert.throws(() => parseOrder(bytes(wrong)), FormatError, JSON.stringify(wrong).slice(0, 80))
  assert.throws(() => parseOrder(new TextEncoder().encode('{')), FormatError)
  assert.throws(() => parseDirectory(bytes({})), FormatError)
})

test('a token is base64url of 128 bits at least, and nothing that a path could mean otherwise', () => {
  assert.ok(isToken('DGyRejmCefe7v4NfDGDKfA'))
  for (const token of ['', 'short', '../../../../etc/passwd/aaaaaaaa', 'a b'.repeat(10)])
    assert.equal(isToken(token), false, token)
  const challenge = { type: 'http-01', url: 'https://ca.test/1', status: 'pending', token: '../x' }
  const authorization = { status: 'pending', identifier: { value: 'x' }, challenges: [challenge] }
  assert.throws(() => parseAuthorization(bytes(authorization)), FormatError)
})

test('a problem is told by the last part of its name, whatever came', () => {
  const type = 'urn:ietf:params:acme:error:badNonce'
  assert.deepEqual(parseProblem(bytes({ type, detail: 'old' })), {
    type: 'badNonce',
    detail: 'old',
  })
  assert.deepEqual(parseProblem(bytes([])), { type: 'unknown', detail: '' })
  assert.equal(parseProblem(bytes({ type: 'about:blank' })).type, 'unknown')
})
