// SPDX-License-Identifier: Apache-2.0
/** docs/commands.md, held against what commands answer. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { commandNamed } from '#cli/commands/commands.ts'
import { anatomyDocument } from '#cli/show/anatomy.ts'
import { verdictDocument } from '#cli/show/verdict.ts'
import { exit } from '#cli/stop.ts'
import { documentOf } from '#core/scan/document.ts'
import { makeReport } from '#core/scan/report.ts'
import { operations } from '#format/admin/operations.ts'

const page = readFileSync('docs/commands.md', 'utf8')
const rows = [...page.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split(' | '))

test('the table of exit statuses has each of them', () => {
  const told = rows.flatMap(([status = '']) => (/^\d$/.test(status) ? [Number(status)] : []))
  assert.deepEqual(told, Object.values(exit).toSorted())
})

test('each command of the table is there, and those that are told whole have these fields', () => {
  const fields = new Map(
    rows.flatMap(([name = '', , told = '']) => {
      const [, command] = /^`([a-z -]+)`$/.exec(name) ?? []
      // What stands in brackets are values.
      const words = [...told.replaceAll(/\(.*?\)/g, '').matchAll(/`(\w+)`/g)].map(
        ([, one = '']) => one,
      )
      return command === undefined ? [] : [[command, words] as const]
    }),
  )
  for (const command of fields.keys()) assert.ok(commandNamed(command), command)
  const now = Temporal.Now.instant()
  const bare = { paths: [], startedAt: now, endedAt: now, files: 0, octets: 0, notScanned: [] }
  const judged = { findings: [], accepted: [], expired: [], unused: [] }
  const answers: Readonly<Record<string, object>> = {
    scan: documentOf(makeReport(bare, judged), true),
    'scan show': operations['scan.show'].output.shape,
    'release judge': operations['release.judge'].output.shape,
    'firmware verify': verdictDocument('raw', {
      kind: 'genuine',
      signers: [],
      covers: [],
    } as never),
    'firmware inspect': anatomyDocument('raw', { title: '', parts: [] }),
  }
  for (const [command, answer] of Object.entries(answers))
    assert.deepEqual(fields.get(command)?.toSorted(), Object.keys(answer).toSorted(), command)
  const told = Object.keys(operations['signing-key.what-if'].output.shape)
  for (const field of fields.get('signing-key what-if') ?? [])
    assert.ok(told.includes(field), field)
})
