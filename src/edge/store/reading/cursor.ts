// SPDX-License-Identifier: Apache-2.0
import { CursorError } from '#core/ledger/ledger.ts'
import type { Cell } from '../rows.ts'

/**
 * Where a page ended: the list that was walked and the ordering cells of its last row.
 *
 * It is opaque to its holder but no secret and no authority: a made-up one can only begin a page
 * of the same list elsewhere.
 */
export interface Place {
  /** Kind, list and direction: a cursor of another walk is refused. */
  readonly walk: string
  readonly cells: readonly Cell[]
}

/** Longer than any that we make of records within their limits. */
const maxCursorLength = 4_096

export function encodeCursor({ walk, cells }: Place): string {
  const plain = cells.map((cell) => (cell instanceof Uint8Array ? { hex: cell.toHex() } : cell))
  return new TextEncoder()
    .encode(JSON.stringify([walk, ...plain]))
    .toBase64({ alphabet: 'base64url', omitPadding: true })
}

/** @throws CursorError if the text is no cursor of this walk with cells of these types */
export function parseCursor(text: string, walk: string, types: readonly string[]): readonly Cell[] {
  const [madeFor, ...plain] = parseArray(text)
  if (madeFor !== walk) throw new CursorError(`the cursor is of another list than ${walk}`)
  const cells = plain.map(parseCell)
  if (cells.length !== types.length || cells.some((cell, index) => typeOf(cell) !== types[index]))
    throw new CursorError(`the cursor has other values than ${types.join(', ')}`)
  return cells
}

/** The name by which `parseCursor` checks a cell. */
function typeOf(cell: Cell | undefined): string {
  return cell instanceof Uint8Array ? 'bytes' : typeof cell
}

function parseArray(text: string): unknown[] {
  if (text.length > maxCursorLength)
    throw new CursorError(`the cursor has ${text.length} characters, at most ${maxCursorLength}`)
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: 'base64url' })
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (Array.isArray(value)) return value
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error
  }
  throw new CursorError('the cursor is not one of ours')
}

function parseCell(value: unknown): Cell {
  if (typeof value === 'string' || Number.isSafeInteger(value)) return value as string | number
  const hex = typeof value === 'object' && value !== null && 'hex' in value ? value.hex : undefined
  if (typeof hex === 'string' && /^(?:[0-9a-f]{2})*$/.test(hex)) return Uint8Array.fromHex(hex)
  throw new CursorError('the cursor is not one of ours')
}
