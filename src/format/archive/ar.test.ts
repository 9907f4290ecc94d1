// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAll, sharedSource } from '../../../test/support/containers.ts'
import { FormatError } from '../format-error.ts'
import { ar } from './ar.ts'

const entry = (name: string, content: string, size: number | string = content.length) =>
  `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(size).padEnd(10)}\`\n${content}${content.length % 2 === 1 ? '\n' : ''}`
const list = async (...parts: string[]) =>
  await listAll(ar, sharedSource(new TextEncoder().encode(parts.join(''))))
const mark = '!<arch>\n'

test('names of BSD stand before the content, names of GNU in a table', async () => {
  const bsd = await list(mark, entry('#1/8', 'long.nam' + 'abc'))
  assert.match(bsd['long.nam']!, /^file: ba7816bf/)
  const gnu = await list(
    mark,
    entry('//', 'first-name.o/\nsecond.o/\n'),
    entry('/14', 'abc'),
    entry('short/', 'x'),
  )
  assert.deepEqual(Object.keys(gnu), ['second.o', 'short'])
  assert.match(gnu['second.o']!, /^file: ba7816bf/)
})

test('a thin archive is named: its members lie elsewhere', async () => {
  assert.match((await list('!<thin>\n', entry('a/', '')))['octet-0']!, /thin/)
})

test('an archive that is cut within a member, or damaged, is named', async () => {
  assert.match((await list(mark, entry('a/', 'x', 99)))['octet-168']!, /cut off/)
  const damaged = await list(mark, entry('a/', 'xy'), entry('b/', 'xy').replace('`', 'x'))
  assert.match(damaged['octet-70']!, /damaged/)
  assert.match(damaged['after-70']!, /^file: /)
})

test('a name that is not in the table, longer than its member, or a size that is none is refused', async () => {
  for (const parts of [
    [entry('/5', 'x')],
    [entry('#1/80', 'short')],
    [entry('a/', 'x', '-1')],
    [entry('a/', 'x', 'x')],
  ])
    await assert.rejects(
      list(mark, ...parts),
      (error) => error instanceof FormatError && error.code === 'value-not-allowed',
    )
})
