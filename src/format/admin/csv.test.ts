// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FormatError } from '../format-error.ts'
import { type CsvRow, readCsv } from './csv.ts'

async function* chunksOf(bytes: Uint8Array, size: number) {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

async function read(text: string | Uint8Array, size = 65_536): Promise<CsvRow[]> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  return Array.fromAsync(readCsv(chunksOf(bytes, size)))
}

const fields = (rows: readonly CsvRow[]) => rows.map((row) => row.fields)

test('records are read with their row numbers, blank lines counted and passed over', async () => {
  assert.deepEqual(await read('a,b\r\n\r\n1,\n"x, ""y""\n",z'), [
    { row: 1, fields: ['a', 'b'] },
    { row: 3, fields: ['1', ''] },
    { row: 4, fields: ['x, "y"\n', 'z'] },
  ])
  assert.deepEqual(await read(''), [])
  assert.deepEqual(fields(await read('\uFEFFa\n')), [['a']])
  assert.deepEqual(fields(await read('""\n')), [])
  assert.deepEqual(fields(await read(',\n')), [['', '']])
})

for (const [text, code, offset] of [
  ['a\n"open', 'csv-malformed', 7],
  ['a"b', 'csv-malformed', 1],
  ['"a"b', 'csv-malformed', 3],
  ['a\rb', 'csv-malformed', 2],
  ['a\r', 'csv-malformed', 2],
  ['x'.repeat(4097), 'too-large', 4097],
  [','.repeat(32), 'too-many', 32],
] as const) {
  test(`${JSON.stringify(text.slice(0, 20))} is refused as ${code} at ${offset}`, async () => {
    await assert.rejects(read(text), (error) => {
      assert.ok(error instanceof FormatError)
      assert.deepEqual([error.code, error.offset], [code, offset])
      return true
    })
  })
}

test('what cannot be read says in which row', async () => {
  for (const text of ['a\n\nb\n"c\n"d', `a\n\nb\n"c${'\nd'.repeat(5000)}`]) {
    await assert.rejects(read(text), { row: 4 })
  }
})

test('what is not UTF-8 is refused', async () => {
  for (const bytes of [Uint8Array.of(0x61, 0xff), Uint8Array.of(0xc3)]) {
    await assert.rejects(read(bytes), { code: 'text-malformed' })
  }
})

test('any records come back as they were written, whatever the chunks', async () => {
  const field = fc.oneof(fc.string(), fc.constantFrom('', '"', ',', '\r\n', 'é', '🙂'))
  const rows = fc.array(fc.array(field, { minLength: 1, maxLength: 5 }), { maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 7 }), async (written, size) => {
      const text = written.map((row) => row.map(quoted).join(',')).join('\r\n')
      const expected = written.filter((row) => row.length > 1 || row[0] !== '')
      assert.deepEqual(fields(await read(text, size)), expected)
    }),
  )
})

function quoted(field: string): string {
  return `"${field.replaceAll('"', '""')}"`
}
