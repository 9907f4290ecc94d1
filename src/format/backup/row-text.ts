// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'

/** A value as databases keep it. */
export type Cell = null | number | string | Uint8Array

/**
 * A row as one line of text without its line feed: a JSON array of null, whole numbers, texts that begin
 * with `=`, and bytes in base64 that begin with `~`.
 *
 * The same cells always give the same text, so that digests of rows compare across databases.
 */
export function encodeRow(cells: readonly Cell[]): string {
  let text = '['
  for (let index = 0; index < cells.length; index++) {
    if (index > 0) text += ','
    const cell = cells[index]!
    if (typeof cell === 'string') text += JSON.stringify(`=${cell}`)
    else if (cell instanceof Uint8Array) text += `"~${cell.toBase64()}"`
    else text += cell === null ? 'null' : String(cell)
  }
  return `${text}]`
}

/**
 * Reads what `encodeRow` wrote.
 *
 * @param width how many cells it must have
 * @throws FormatError `text-malformed`, `value-not-allowed` or `base64-malformed`
 */
export function parseRow(text: string, width: number): readonly Cell[] {
  const values = parseJson(text)
  if (!Array.isArray(values)) throw new FormatError('text-malformed', 0, 'a row is an array')
  if (values.length !== width)
    throw new FormatError('value-not-allowed', 0, `${values.length} cells, its table has ${width}`)
  return values.map(parseCell)
}

function parseCell(value: unknown): Cell {
  if (value === null) return null
  // Written -0 it would be another text of the same row.
  if (typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0))
    return value
  if (typeof value === 'string') {
    if (value.startsWith('=')) return value.slice(1)
    if (value.startsWith('~')) return parseBase64(value.slice(1))
  }
  throw new FormatError('value-not-allowed', 0, `a cell of type ${typeof value}`)
}

/** @throws FormatError `base64-malformed` */
export function parseBase64(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' })
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new FormatError('base64-malformed', 0)
    throw cause
  }
}

/** @throws FormatError `text-malformed` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new FormatError('text-malformed', 0, 'not JSON')
    throw cause
  }
}
