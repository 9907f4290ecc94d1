// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { weaknesses } from '#trust/weak-keys/weaknesses.ts'

const guide = readFileSync('docs/guides/weak-keys.md', 'utf8')
const sections = new Map(
  guide
    .split(/^### /m)
    .slice(1)
    .map((section) => {
      const [name = '', ...text] = section.split(/\n(?:## .*)?/)
      return [name.trim(), text.join('\n')] as const
    }),
)

for (const name of Object.keys(weaknesses))
  test(`the guide explains ${name}: how it comes about, what to do now and in production`, () => {
    const text = sections.get(name) ?? assert.fail('no section')
    for (const part of ['How it comes\\s+about', 'Now', 'In\\s+production'])
      assert.match(text, new RegExp(`\\*\\*${part}:\\*\\*`))
  })

test('the guide explains no finding that there is not', () => {
  assert.deepEqual(
    [...sections.keys()].filter((name) => !Object.hasOwn(weaknesses, name)),
    [],
  )
})
