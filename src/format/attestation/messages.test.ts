// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from '#format/format-error.ts'
import {
  encodeBeginAnswer,
  encodeBeginRequest,
  encodeCertifyAnswer,
  encodeCertifyRequest,
  mostMessageBytes,
  parseBeginAnswer,
  parseBeginRequest,
  parseCertifyAnswer,
  parseCertifyRequest,
} from './messages.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const octets = (count: number, value = 7) => new Uint8Array(count).fill(value)
const at = Temporal.Instant.from('2026-05-01T12:00:00Z')

const begin = {
  serial: 'PUMP-0001',
  label: 'pump',
  code: '7K3Q-01AB',
  ekPublic: octets(314),
  ekCertificates: [octets(1100), octets(900)],
  akPublic: octets(90),
}
const beginAnswer = {
  session: 'abc',
  credentialBlob: octets(68),
  encryptedSecret: octets(258),
  nonce: octets(32),
  expires: at,
  quote: { bank: 'sha256', registers: [0, 7] },
}
const certify = {
  session: 'abc',
  secret: octets(32),
  keys: [{ public: octets(90), attest: octets(120), signature: octets(72) }],
  quote: {
    attest: octets(120),
    signature: octets(72),
    values: [{ register: 7, value: octets(32) }],
  },
}
const certifyAnswer = {
  akCertificate: [octets(700)],
  results: [{ spkiSha256: 'ab', ticket: 'T', ticketExpires: at, until: at }],
  quote: 'matched' as const,
}

test('what was said is read back, each of the four messages', () => {
  assert.deepEqual(parseBeginRequest(bytesOf(encodeBeginRequest(begin))), begin)
  assert.deepEqual(parseBeginAnswer(bytesOf(encodeBeginAnswer(beginAnswer))), beginAnswer)
  assert.deepEqual(parseCertifyRequest(bytesOf(encodeCertifyRequest(certify))), certify)
  assert.deepEqual(parseCertifyAnswer(bytesOf(encodeCertifyAnswer(certifyAnswer))), certifyAnswer)
})

test('what may be left out may be left out', () => {
  const { label: _, code: __, ...bare } = begin
  const text = encodeBeginRequest({ ...bare, label: undefined, code: undefined })
  assert.deepEqual(parseBeginRequest(bytesOf(text)), bare)
  const { ekCertificates: ___, ...more } = JSON.parse(text)
  assert.deepEqual(parseBeginRequest(bytesOf(JSON.stringify(more))).ekCertificates, [])
  const { quote: ____, ...unquoted } = certify
  assert.deepEqual(parseCertifyRequest(bytesOf(encodeCertifyRequest(unquoted))), unquoted)
})

/** A request as JSON with something else in it. */
function bent(change: (message: Record<string, never>) => unknown): string {
  const message = JSON.parse(encodeCertifyRequest(certify))
  return JSON.stringify(change(message) ?? message)
}

for (const [what, text, code, path] of [
  ['no JSON', '{', 'text-malformed', ''],
  ['a list', '[]', 'text-malformed', ''],
  ['null', 'null', 'text-malformed', ''],
  ['a stranger', bent((one) => ({ ...one, secrets: 1 })), 'value-not-allowed', 'secrets'],
  ['no session', bent(({ session: _, ...one }) => one), 'element-missing', 'session'],
  ['a session of nothing', bent((one) => ({ ...one, session: '' })), 'too-large', 'session'],
  ['a number as text', bent((one) => ({ ...one, session: 1 })), 'text-malformed', 'session'],
  ['a control character', bent((one) => ({ ...one, session: 'a\nb' })), 'text-malformed', ''],
  ['half a character', bent((one) => ({ ...one, session: '\ud800' })), 'text-malformed', ''],
  ['no base64', bent((one) => ({ ...one, secret: 'a b=' })), 'base64-malformed', 'secret'],
  ['another spelling', bent((one) => ({ ...one, secret: 'QR==' })), 'base64-malformed', 'secret'],
  ['a long secret', bent((one) => ({ ...one, secret: octets(65).toBase64() })), 'too-large', ''],
  ['no keys', bent((one) => ({ ...one, keys: [] })), 'too-many', 'keys'],
  ['keys that are none', bent((one) => ({ ...one, keys: {} })), 'text-malformed', 'keys'],
  [
    'too many keys',
    bent((one) => ({ ...one, keys: Array.from({ length: 5 }, () => certify.keys[0]) })),
    'too-many',
    'keys',
  ],
  [
    'a stranger in a key',
    bent((one) => ({ ...one, keys: [{ x: 1 }] })),
    'value-not-allowed',
    'keys[0]',
  ],
  ['a text as key', bent((one) => ({ ...one, keys: ['x'] })), 'text-malformed', 'keys[0]'],
  [
    'a register that no TPM has',
    bent((one) => ({
      ...one,
      quote: { attest: 'QQ==', signature: 'QQ==', values: [{ register: 32, value: 'QQ==' }] },
    })),
    'value-not-allowed',
    'quote.values[0].register',
  ],
] as const)
  test(`a request with ${what} is refused, and says where`, () =>
    assert.throws(
      () => parseCertifyRequest(bytesOf(text)),
      (error) =>
        error instanceof FormatError && error.code === code && error.message.includes(path),
    ))

test('a request that is no UTF-8, or too long, is refused before it is read', () => {
  assert.throws(() => parseCertifyRequest(Uint8Array.of(0x22, 0xff, 0x22)), /not UTF-8/)
  assert.throws(() => parseBeginRequest(new Uint8Array(mostMessageBytes + 1)), /too large/)
})

test('an answer may have grown, in all places, and is read all the same', () => {
  const grown = JSON.parse(encodeCertifyAnswer(certifyAnswer))
  grown.more = 1
  grown.results[0].more = 1
  grown.quote = 'another word'
  assert.deepEqual(parseCertifyAnswer(bytesOf(JSON.stringify(grown))), {
    ...certifyAnswer,
    quote: 'none',
  })
  assert.throws(() => parseBeginAnswer(bytesOf('{"expires":"tomorrow"}')), FormatError)
  const late = JSON.parse(encodeBeginAnswer(beginAnswer))
  late.expires = 'tomorrow'
  assert.throws(() => parseBeginAnswer(bytesOf(JSON.stringify(late))), /time is malformed/)
})

test('a number has one text: -0 is refused', () => {
  const text = encodeBeginAnswer(beginAnswer).replace('[0,7]', '[-0,7]')
  assert.throws(() => parseBeginAnswer(bytesOf(text)), /registers\[0\].item is no number/)
})
