// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TpmError } from '../return-code.ts'
import { noPassword } from './command.ts'
import { exchange } from './exchange.ts'
import { getRandom } from './inventory.ts'
import { evictControl, flushContext } from './objects.ts'

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(' ', ''))

test('a command without sessions is its header and its parameters', () => {
  assert.deepEqual(getRandom(8).bytes, hex('8001 0000000c 0000017b 0008'))
})

test('a command with a password bears it after its handles', () => {
  assert.deepEqual(
    evictControl(0x80000000, 0x81010001, noPassword).bytes,
    hex('8002 00000023 00000120 40000001 80000000 00000009 40000009 0000 01 0000 81010001'),
  )
})

const eight = hex('8001 00000014 00000000 0008 0102030405060708')

test('an answer is read to its end', () => {
  assert.deepEqual(getRandom(8).parse(eight), hex('0102030405060708'))
  const done = hex('8002 00000013 00000000 00000000 0000 01 0000')
  assert.equal(evictControl(1, 2).parse(done), undefined)
})

test('an answer that is cut, long, or lies about its size or tag is refused', () => {
  const command = getRandom(8)
  for (let length = 0; length < eight.length; length++)
    assert.throws(() => command.parse(eight.subarray(0, length)), { name: 'FormatError' })
  for (const [bytes, code] of [
    ['8001 00000015 00000000 0008 0102030405060708 00', 'trailing-bytes'],
    ['8001 00000013 00000000 0008 0102030405060708', 'value-not-allowed'],
    ['8002 00000014 00000000 0008 0102030405060708', 'tag-not-expected'],
    ['8001 00000015 00000000 0009 010203040506070809', 'too-large'],
    ['8001 0000000b 00000101 00', 'trailing-bytes'],
    ['8002 0000000a 00000101', 'tag-not-expected'],
  ] as const)
    assert.throws(() => command.parse(hex(bytes)), { name: 'FormatError', code }, bytes)
})

test('an answer whose parameters are not as long as it says is refused', () => {
  const answer = hex('8002 00000013 00000000 00000001 0000 01 0000')
  assert.throws(() => evictControl(1, 2).parse(answer), { code: 'value-not-allowed' })
})

test('a "no" is told in words, with what it is about', () => {
  for (const [code, words] of [
    ['000009a2', 'TPM_RC_BAD_AUTH (0x9a2), session 1: the authorisation is wrong'],
    [
      '000001c4',
      'TPM_RC_VALUE (0x1c4), parameter 1: value is out of range or not correct in this place',
    ],
    ['0000018b', 'TPM_RC_HANDLE (0x18b), handle 1: the handle is not correct for the use'],
    [
      '00000921',
      'TPM_RC_LOCKOUT (0x921): the TPM is locked after too many wrong authorisations; leave it alone',
    ],
    ['000b0143', 'TPM_RC_COMMAND_CODE (0xb0143): the command is not supported'],
    ['00000500', 'TPM_RC_0x500 (0x500): a code that is not in the standard'],
  ] as const)
    assert.throws(() => flushContext(1).parse(hex(`8001 0000000a ${code}`)), {
      name: 'TpmError',
      message: `TPM2_FlushContext: ${words}`,
    })
})

test('a TPM of the older family says no in its own tag', () => {
  assert.throws(() => getRandom(1).parse(hex('00c4 0000000a 0000001e')), TpmError)
})

/** A transport that gives these answers, one after the other, and counts. */
function scripted(...answers: readonly string[]) {
  let asked = 0
  const transport = async () => hex(answers[Math.min(asked++, answers.length - 1)] ?? '')
  return { transport, asked: () => asked }
}

const retry = '8001 0000000a 00000922'

test('a TPM that asks to be asked again is asked again, but not for ever', async () => {
  const soon = scripted(retry, retry, eight.toHex())
  assert.equal((await exchange(soon.transport, getRandom(8))).length, 8)
  assert.equal(soon.asked(), 3)
  const never = scripted(retry)
  await assert.rejects(exchange(never.transport, getRandom(8)), /TPM_RC_RETRY/)
  assert.equal(never.asked(), 8)
})

test('a locked TPM is asked once', async () => {
  const locked = scripted('8001 0000000a 00000921')
  await assert.rejects(exchange(locked.transport, getRandom(8)), /TPM_RC_LOCKOUT/)
  assert.equal(locked.asked(), 1)
})
