// SPDX-License-Identifier: Apache-2.0
/** The rows of files about elements, one at a time; `counted.bytes` says how far a file has been read. */
import type { AssignmentRow } from '#core/elements/assign-elements.ts'
import type { ManifestRow } from '#core/elements/import-elements.ts'
import type { WrongRow } from '#core/importing.ts'
import { CsvError, type CsvRow, readCsv } from '#format/admin/csv.ts'
import { serial as serialField } from '#format/admin/fields.ts'
import { ManifestFault, readManifestEntries } from '#format/element-manifest/array-stream.ts'
import { parseSignedElement, parseUniqueId } from '#format/element-manifest/signed-element.ts'
import { FormatError } from '#format/format-error.ts'
import { type ManifestSigner, verifyElement } from '#trust/element/verify-element.ts'
import { refuse } from '#trust/refusal.ts'
import { RefusalError } from '../answers/problem.ts'

/** Each entry of a manifest, verified; what is no list of objects is the last row. */
export async function* manifestRows(
  body: AsyncIterable<Uint8Array>,
  signer: ManifestSigner,
  counted: { bytes: number },
): AsyncGenerator<ManifestRow | WrongRow> {
  try {
    for await (const { row, text } of readManifestEntries(counting(body, counted)))
      yield manifestRow(row, text, signer)
  } catch (error) {
    if (!(error instanceof ManifestFault)) throw error
    const { row, message } = error
    yield { kind: 'unreadable', row, refused: refuse('element-malformed', message) }
  }
}

const encoder = new TextEncoder()

function manifestRow(row: number, text: string, signer: ManifestSigner): ManifestRow | WrongRow {
  try {
    const genuine = verifyElement(parseSignedElement(text), signer)
    return genuine.kind === 'refused'
      ? { kind: 'wrong', row, refused: genuine }
      : { kind: 'element', row, genuine, evidence: encoder.encode(text) }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return { kind: 'wrong', row, refused: refuse('element-malformed', error.message) }
  }
}

const columns = ['uniqueid', 'serial'] as const

/** Which element is in which device, row by row. @throws RefusalError for a head that cannot be used */
export async function* assignmentRows(
  body: AsyncIterable<Uint8Array>,
  counted: { bytes: number },
): AsyncGenerator<AssignmentRow | WrongRow> {
  let head: readonly string[] | undefined
  try {
    for await (const row of readCsv(counting(body, counted))) {
      if (head === undefined) head = headOf(row)
      else yield assignmentRow(row, head)
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const { row, message } = error
    yield { kind: 'unreadable', row, refused: refuse('request-malformed', message) }
  }
}

function headOf({ fields }: CsvRow): readonly string[] {
  const head = fields.map((field) => field.trim().toLowerCase())
  const fits = head.length === columns.length && columns.every((name) => head.includes(name))
  if (fits) return head
  throw new RefusalError(
    refuse('input-wrong', 'first row: the columns are uniqueId and serial, and no others'),
  )
}

function assignmentRow({ row, fields }: CsvRow, head: readonly string[]): AssignmentRow | WrongRow {
  const wrong = (detail: string): WrongRow => ({
    ...{ kind: 'wrong', row, refused: refuse('input-wrong', detail) },
  })
  if (fields.length !== head.length) return wrong(`${fields.length} fields, 2 are due`)
  const serial = serialField.safeParse(fields[head.indexOf('serial')])
  if (!serial.success) return wrong(`serial: ${serial.error.issues[0]?.message ?? 'is wrong'}`)
  try {
    const uniqueId = parseUniqueId(fields[head.indexOf('uniqueid')])
    return { kind: 'assignment', row, uniqueId, serial: serial.data }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return wrong(error.message)
  }
}

async function* counting(body: AsyncIterable<Uint8Array>, counted: { bytes: number }) {
  for await (const chunk of body) {
    counted.bytes += chunk.length
    yield chunk
  }
}
