// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from '../format-error.ts'
import {
  type ApprovalStatement,
  encodeApprovalStatement,
  parseApprovalStatement,
} from './approval-statement.ts'
import {
  type ApproverStatement,
  encodeApproverStatement,
  parseApproverStatement,
} from './approver-statement.ts'

const approval: ApprovalStatement = {
  act: 'approve',
  release: 'rel_019aa000000070008000000000000001',
  manifestSha256: '01'.repeat(32),
  product: 'Pump "Ä"',
  version: '2.4.1',
  environment: 'production',
  person: { id: 'psn_019aa000000070008000000000000004', name: 'Ada Lovelace', role: 'quality' },
  key: '02'.repeat(32),
  statedAt: '2026-11-29T20:45:00+01:00',
  meaning: 'reviewed and approved for release',
  emergency: {
    ...{ incident: 'CAPA 12', because: 'overdose in the field' },
    until: '2026-12-01T12:00:00Z',
  },
}

const approver: ApproverStatement = {
  ...{ account: 'Ada', name: 'Ada Lovelace', role: 'quality', kept: 'file' },
  publicKey: Uint8Array.from({ length: 91 }, (_, index) => index),
  statedAt: '2026-11-29T20:45:00Z',
}

test('a statement is one text, and says all that was said', () => {
  assert.deepEqual(parseApprovalStatement(encodeApprovalStatement(approval)), approval)
  const plain = { ...approval, emergency: null }
  assert.deepEqual(parseApprovalStatement(encodeApprovalStatement(plain)), plain)
  assert.deepEqual(parseApproverStatement(encodeApproverStatement(approver)), approver)
})

for (const [what, bytes, parse, whole] of [
  ['approval', encodeApprovalStatement(approval), parseApprovalStatement, approval],
  ['registration', encodeApproverStatement(approver), parseApproverStatement, approver],
] as const) {
  test(`every byte of a statement counts: ${what}`, () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at] = changed[at]! ^ 1
      try {
        assert.notDeepEqual(parse(changed), whole, `at ${at}`)
      } catch (error) {
        assert.ok(error instanceof FormatError, `at ${at}: ${error}`)
      }
    }
  })
}

const refused: Record<string, readonly [string, (text: string) => string]> = {
  'a space': ['text-malformed', (text) => text.replace(':', ': ')],
  'a line feed at its end': ['text-malformed', (text) => `${text}\n`],
  'a member that is not known': ['text-malformed', (text) => text.replace('{', '{"a":1,')],
  'another format': ['version-unknown', (text) => text.replace('"format":1', '"format":2')],
  'an act that is none': ['value-not-allowed', (text) => text.replace('"approve"', '"sign"')],
  'a digest in capitals': [
    'value-not-allowed',
    (text) => text.replace('01'.repeat(32), 'AB'.repeat(32)),
  ],
  'no meaning': ['value-not-allowed', (text) => text.replace(/"meaning":"[^"]*"/, '"meaning":""')],
  'a time without its zone': ['value-not-allowed', (text) => text.replace('+01:00', '')],
  'a day that is none': ['time-malformed', (text) => text.replace('2026-11-29', '2026-02-30')],
  'a leap second': ['time-malformed', (text) => text.replace('20:45:00', '20:45:60')],
  'a name that turns the line round': [
    'value-not-allowed',
    (text) => text.replace('Ada Lovelace', 'Ada \u202eecalevoL'),
  ],
  'an escape sequence in its meaning': [
    'value-not-allowed',
    (text) => text.replace('reviewed', 're\\u001b[2Jviewed'),
  ],
  'a role in capitals': ['value-not-allowed', (text) => text.replace('quality', 'Quality')],
  'an emergency without its reason': [
    'text-malformed',
    (text) => text.replace(/"because":"[^"]*",/, ''),
  ],
  'a person of another kind': ['value-not-allowed', (text) => text.replace('psn_', 'dev_')],
}

for (const [what, [code, change]] of Object.entries(refused)) {
  test(`a statement with ${what} is refused`, () => {
    const text = new TextDecoder().decode(encodeApprovalStatement(approval))
    const changed = change(text)
    assert.notEqual(changed, text)
    assert.throws(
      () => parseApprovalStatement(new TextEncoder().encode(changed)),
      (error) => error instanceof FormatError && error.code === code,
      code,
    )
  })
}

test('a registration with a key in another base64, or for another purpose, is refused', () => {
  const text = new TextDecoder().decode(encodeApproverStatement(approver))
  for (const changed of [
    text.replace(/"publicKey":"/, '"publicKey":"='),
    text.replace(/"publicKey":"[^"]*"/, '"publicKey":"AAB="'),
    text.replace('"approver"', '"device"'),
    text.replace('"file"', '"cloud"'),
  ]) {
    assert.notEqual(changed, text)
    assert.throws(() => parseApproverStatement(new TextEncoder().encode(changed)), FormatError)
  }
})

test('bytes that are no text, or too many, are refused before they are read', () => {
  assert.throws(() => parseApprovalStatement(Uint8Array.of(0xff)), FormatError)
  assert.throws(() => parseApprovalStatement(new Uint8Array(16_385)), FormatError)
  assert.throws(
    () => encodeApprovalStatement({ ...approval, meaning: 'x'.repeat(1001) }),
    (error) => error instanceof FormatError && error.code === 'too-large',
  )
})
