// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions } from './options.ts'

interface Choices {
  readonly version: string
  readonly counter?: number
  readonly pad?: boolean
  readonly depends?: readonly string[]
}

const form = {
  title: 'test image',
  options: {
    version: { kind: 'text', help: 'the version', needed: true },
    counter: { kind: 'integer', help: 'the counter' },
    pad: { kind: 'flag', help: 'fills the slot' },
    depends: { kind: 'list', help: 'what has to be there' },
  },
} as const

function wordFor(values: Readonly<Record<string, unknown>>) {
  const read = readOptions<Choices>(form, values)
  return read.kind === 'refused' ? read.detail : read.options
}

test('each choice is read as its row says, a number from its digits, too', () => {
  const values = { version: '1.2', counter: '7', pad: true, depends: ['a', 'b'] }
  assert.deepEqual(wordFor(values), { ...values, counter: 7 })
  assert.deepEqual(wordFor({ version: '1', counter: 0, pad: undefined }), {
    ...{ version: '1', counter: 0 },
  })
})

test('what is missing, unknown or of another kind is refused by its name', () => {
  assert.match(String(wordFor({})), /^test image needs version: the version$/)
  assert.match(String(wordFor({ version: '1', size: 3 })), /knows no size; it takes version/)
  for (const values of [
    { version: 3 },
    ...[-1, 1.5, '0x10', '', Number.NaN, 2 ** 53].map((counter) => ({ version: '1', counter })),
    { version: '1', pad: 'yes' },
    { version: '1', depends: 'a' },
    { version: '1', depends: [1] },
    { version: '1', depends: Array.from({ length: 257 }, () => 'a') },
    { version: 'x'.repeat(65_536) },
    { version: '1', __proto__: null, toString: 'x' },
  ]) {
    const read = readOptions<Choices>(form, values)
    assert.equal(read.kind === 'refused' && read.reason, 'artefact-choice-wrong')
  }
})
