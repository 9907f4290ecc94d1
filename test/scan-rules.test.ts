// SPDX-License-Identifier: Apache-2.0
/** docs/scan-rules.md is what the table of rules says; with SCAN_RULES=write it is made anew. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { rules } from '#trust/secrets/rules.ts'

const page = 'docs/scan-rules.md'
const mark = '<!-- made from src/trust/secrets/rules.ts -->'

function table(): string {
  const rows = Object.entries(rules).map(
    ([name, { severity, what, why, todo, source }]) =>
      `| ${name} | ${severity} | ${what}: ${why} | ${todo} | ${source} |`,
  )
  return [
    '| rule | severity | what, and why it matters | what to do | source |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

test('the page of the rules says what the table says', () => {
  const text = readFileSync(page, 'utf8')
  const [before = '', , after = ''] = text.split(mark)
  const due = `${before}${mark}\n\n${table()}\n\n${mark}${after}`
  if (process.env['SCAN_RULES'] === 'write') writeFileSync(page, due)
  else assert.equal(text, due)
})

test('the rules are sorted by name, and each says all that a reader needs', () => {
  assert.deepEqual(Object.keys(rules), Object.keys(rules).toSorted())
  for (const [name, { what, why, todo, source }] of Object.entries(rules))
    for (const part of [what, why, todo, source]) assert.ok(part.length >= 7, name)
})
