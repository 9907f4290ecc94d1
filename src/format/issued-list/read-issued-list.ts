// SPDX-License-Identifier: Apache-2.0
import { type CsvRow, readCsv } from '#format/admin/csv.ts'
import { FormatError } from '#format/format-error.ts'
import { issuedColumns } from './columns.ts'
import { type IssuedRow, RowFault } from './issued-row.ts'
import { readPemStream } from './pem-stream.ts'

/** The forms in which lists of issued certificates come; docs/guides/come-from-another-pki.md shows each. */
export const issuedForms = ['csv', 'ejbca', 'step-ca', 'step-ca-revoked', 'pem'] as const

export type IssuedForm = (typeof issuedForms)[number]

/** An ML-DSA-87 certificate has 7.5 kB, in base64 10 kB; with a chip's attestation twice that. */
const mostCharactersInRow = 65_536

/** The list cannot be read at all: its head, or the text as such. */
export class ListFault extends Error {
  override readonly name = 'ListFault'
  /** Where that was found. */
  readonly row: number

  constructor(row: number, message: string) {
    super(message)
    this.row = row
  }
}

/**
 * Reads a list of issued certificates as it arrives, one row at a time.
 *
 * @throws ListFault for a head that misses a column, or a text that is not what the form says
 */
export async function* readIssuedList(
  form: IssuedForm,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<IssuedRow> {
  if (form === 'pem') yield* readPemStream(chunks)
  else yield* readRows(form, chunks)
}

async function* readRows(
  form: Exclude<IssuedForm, 'pem'>,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<IssuedRow> {
  const { columns, needed, read } = issuedColumns[form]
  let head: ReadonlyMap<string, number> | undefined
  try {
    for await (const row of readCsv(chunks, { mostCharactersInRow, mostFields: 64 })) {
      if (head === undefined) head = headOf(row, columns, needed)
      else yield rowOf(row, head, read)
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    const at = 'row' in error && typeof error.row === 'number' ? error.row : 1
    throw new ListFault(at, error.message)
  }
  if (head === undefined)
    throw new ListFault(1, 'the file is empty; its first row names the columns')
}

/** Where each known column stands; unknown ones are passed over, as exports have many. */
function headOf(
  { row, fields }: CsvRow,
  columns: readonly string[],
  needed: readonly string[],
): ReadonlyMap<string, number> {
  const head = new Map<string, number>()
  for (const [place, field] of fields.entries()) {
    const name = columns.find((one) => one.toLowerCase() === field.trim().toLowerCase())
    if (name === undefined) continue
    if (head.has(name)) throw new ListFault(row, `first row: column ${name} stands twice`)
    head.set(name, place)
  }
  const missing = needed.find((name) => !head.has(name))
  if (missing !== undefined)
    throw new ListFault(
      row,
      `first row: there is no column ${missing}; known are ${columns.join(', ')}`,
    )
  return head
}

function rowOf(
  { row, fields }: CsvRow,
  head: ReadonlyMap<string, number>,
  read: (row: number, field: (name: string) => string) => IssuedRow,
): IssuedRow {
  try {
    return read(row, (name) => fields[head.get(name) ?? -1] ?? '')
  } catch (error) {
    if (!(error instanceof RowFault)) throw error
    return { kind: 'wrong', row, fault: error.message }
  }
}
