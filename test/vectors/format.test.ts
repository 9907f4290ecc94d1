// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from '#format/format-error.ts'
import { targetOf } from '../fuzz/targets.ts'
import { formatVectors, parseVector } from './vector.ts'

for (const { name, expect, bytes } of formatVectors) {
  const [target = '', verdict, code, offset] = expect.split(' ')
  test(`${name}: ${expect}`, () => {
    const { parse, again, exact } = targetOf(target)
    if (verdict === 'refused') {
      assert.throws(() => parse(bytes), { code, offset: Number(offset) })
      return
    }
    assert.equal(verdict, 'accepted')
    if (exact) assert.deepEqual(again(bytes), bytes)
    else assert.deepEqual(parse(again(bytes)), parse(bytes))
  })
  test(`${name} is accepted in no shortened form`, () => {
    const { parse } = targetOf(target)
    for (let length = 0; length < Math.min(bytes.length, 400); length++)
      assert.throws(() => parse(bytes.subarray(0, length)), FormatError)
  })
}

test('a vector with an unknown head line is not read', () => {
  const head = 'source: x\nmade-with: y\nexpect: z\n'
  assert.equal(parseVector('v', `${head}\nAAAA\n`).expect, 'z')
  assert.throws(() => parseVector('v', `${head}colour: red\n\nAAAA\n`), /unknown head line/)
  assert.throws(() => parseVector('v', 'source: x\nexpect: z\n\nAAAA\n'), /made-with is due/)
})
