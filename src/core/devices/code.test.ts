// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashCode, newCodeText } from './code.ts'

test('a code is the same however it is typed', () => {
  const hash = hashCode('7K3Q-01AB-CDEF-GHJK-MNPQ-RSTV').toHex()
  for (const typed of [
    '7k3q-01ab-cdef-ghjk-mnpq-rstv',
    ' 7K3Q 01AB CDEF GHJK MNPQ RSTV\n',
    '7K3QOlABCDEFGHJKMNPQRSTV',
    '7K3Q-OIAB-CDEF-GHJK-MNPQ-RSTV',
  ]) {
    assert.equal(hashCode(typed).toHex(), hash, typed)
  }
  assert.notEqual(hashCode('7K3Q-01AB-CDEF-GHJK-MNPQ-RSTW').toHex(), hash)
  assert.notEqual(hashCode('').toHex(), hash)
})

test('a code has 120 bits, each sign as likely as any other', () => {
  const seen = new Map<string, number>()
  for (let low = 0; low < 256; low++) {
    const text = newCodeText({ bytes: (count) => new Uint8Array(count).fill(low) })
    assert.match(text, /^(.{4}-){5}.{4}$/)
    const [sign = ''] = text
    seen.set(sign, (seen.get(sign) ?? 0) + 1)
  }
  assert.equal(seen.size, 32)
  assert.ok([...seen.values()].every((count) => count === 8))
})
