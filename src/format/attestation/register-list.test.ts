// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from '#format/format-error.ts'
import { encodeRegisterList, parseRegisterList } from './register-list.ts'

const zeros = '0'.repeat(64)
const ones = `${'0'.repeat(63)}1`

/** As tpm2_pcrread 5.4 prints it. */
const printed = `  sha1:
    0 : 0x${'0'.repeat(40)}
    10: 0x${'F'.repeat(40)}
  sha256:
    0 : 0x${zeros}
    7 : 0x${ones}
`

test('what tpm2_pcrread prints is read, bank by bank, and written the same', () => {
  const lists = parseRegisterList(printed)
  assert.deepEqual(
    [...lists],
    [
      ['sha1', { 0: '0'.repeat(40), 10: 'f'.repeat(40) }],
      ['sha256', { 0: zeros, 7: ones }],
    ],
  )
  assert.equal(encodeRegisterList(lists), printed)
})

test('an empty text has no bank', () => assert.equal(parseRegisterList('\n').size, 0))

for (const [what, text, code] of [
  ['a register before any bank', `0 : 0x${zeros}`, 'text-malformed'],
  ['what is no register', '  sha256:\n  hello', 'text-malformed'],
  ['a value that is no hexadecimal', '  sha256:\n 0 : 0xg', 'text-malformed'],
  ['a short value', '  sha256:\n 0 : 0x00', 'value-not-allowed'],
  ['a value of another bank', `  sha1:\n 0 : 0x${zeros}`, 'value-not-allowed'],
  ['a register that no TPM has', `  sha256:\n 32 : 0x${zeros}`, 'value-not-allowed'],
  ['a register twice', `  sha256:\n 0 : 0x${zeros}\n 00 : 0x${zeros}`, 'value-not-allowed'],
  ['a bank twice', '  sha256:\n  sha256:\n', 'value-not-allowed'],
  ['a bank that is unknown', '  sha3_256:\n', 'value-not-allowed'],
  ['endless text', 'x'.repeat(65_537), 'too-large'],
] as const)
  test(`${what} is refused`, () =>
    assert.throws(
      () => parseRegisterList(text),
      (error) => error instanceof FormatError && error.code === code,
    ))
