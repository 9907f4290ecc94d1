// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '#core/fault.ts'
import { asFault } from './store-fault.ts'

test('a disk, a quota and a limit that are full are full, and other breaks are breaks', () => {
  const codeOf = (code: string) => {
    const fault = asFault(Object.assign(new Error(code), { syscall: 'write', code }))
    return fault instanceof Fault ? fault.code : undefined
  }
  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG']) assert.equal(codeOf(code), 'store-full')
  assert.equal(codeOf('ESTALE'), 'store-unreachable')
  const other = new TypeError('ours')
  assert.equal(asFault(other), other)
})
