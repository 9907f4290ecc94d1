// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodePem, parsePem } from './pem.ts'

const bytes = Uint8Array.from({ length: 100 }, (_, index) => index)
const block = encodePem('CERTIFICATE', bytes)

test('what is written is read', () => {
  assert.deepEqual(parsePem(block), [{ label: 'CERTIFICATE', bytes }])
  assert.deepEqual(parsePem(encodePem('X509 CRL', new Uint8Array())), [
    { label: 'X509 CRL', bytes: new Uint8Array() },
  ])
  assert.ok(block.split('\n').every((line) => line.length <= 64))
})

test('line ends, text around blocks, and several blocks are as they are', () => {
  const other = encodePem('EC PRIVATE KEY', new Uint8Array([1]))
  const text = `subject=CN=a\n${block}\n  more --- text\n${other}tail`
  const labels = ['CERTIFICATE', 'EC PRIVATE KEY']
  assert.deepEqual(
    parsePem(text).map(({ label }) => label),
    labels,
  )
  assert.deepEqual(
    parsePem(text.replaceAll('\n', '\r\n')).map(({ label }) => label),
    labels,
  )
  assert.deepEqual(parsePem(block.replaceAll('\n', '\r')), parsePem(block))
})

test('refuses a broken frame', () => {
  const [begin, ...rest] = block.split('\n')
  for (const text of [
    '',
    'no block',
    block.replace('-----END CERTIFICATE-----\n', ''),
    block.replace('END CERTIFICATE', 'END X509 CRL'),
    block.replace('-----END', '----- END'),
    `${begin}\n${block}`,
    rest.join('\n'),
  ])
    assert.throws(() => parsePem(text), { code: 'pem-malformed' }, text)
})

test('refuses headers and other characters in a block', () => {
  const withHeader = block.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n\n')
  assert.throws(() => parsePem(withHeader), { code: 'base64-malformed', offset: 32 })
})

test('refuses more blocks, and more text, than the budget has', () => {
  assert.throws(() => parsePem(encodePem('A', bytes).repeat(1_001)), { code: 'too-many' })
  assert.throws(() => parsePem(' '.repeat(64_000_001)), { code: 'too-large' })
})
