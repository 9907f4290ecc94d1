// SPDX-License-Identifier: Apache-2.0
/** No "no" and no break is dead, and none is left untried. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { eventTypes } from '#core/audit/event.ts'
import { faults } from '#core/fault.ts'
import { refusals } from '#core/refusal.ts'

const tables = [
  'src/core/refusal.ts',
  'src/trust/refusal.ts',
  'src/trust/artefact/refusal.ts',
  'src/trust/compact-status/refusal.ts',
  'src/trust/tpm/refusal.ts',
  'src/core/fault.ts',
  'src/core/audit/event.ts',
  'src/edge/http/refusals.ts',
  'src/edge/status/ocsp-refusals.ts',
  'src/edge/admin/answers/refusals.ts',
]
const textOf = (files: readonly string[]) =>
  files.map((file) => readFileSync(file, 'utf8')).join('\n')
const isTest = (file: string) => file.endsWith('.test.ts')
const sources = globSync('src/**/*.ts').filter((file) => !isTest(file) && !tables.includes(file))
/** Tables of corruptions, each row of which a test walks. */
const walked = globSync('test/support/{artefacts/*,outer-manifests}.ts')
const tests = [...globSync('{src,test,demo}/**/*.test.ts'), ...walked].filter(
  (file) => file !== 'test/refusals.test.ts',
)
const [source, tried] = [textOf(sources), textOf(tests)]

const named = (text: string, name: string) => new RegExp(`${name}(?![\\w-])`).test(text)

for (const [what, names] of [
  ['refusal', refusals],
  ['fault', Object.keys(faults)],
] as const) {
  test(`every ${what} is given somewhere`, () => {
    assert.deepEqual(
      names.filter((name) => !named(source, `['"\`]${name}`)),
      [],
    )
  })
  test(`every ${what} is reached by a test that names it`, () => {
    assert.deepEqual(
      names.filter((name) => !named(tried, name)),
      [],
    )
  })
}

test('every type of event is written somewhere', () => {
  assert.deepEqual(
    Object.keys(eventTypes).filter((name) => !named(source, `['"\`]${name}`)),
    [],
  )
})
