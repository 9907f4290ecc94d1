// SPDX-License-Identifier: Apache-2.0
import type { Cell } from '../rows.ts'

/** The types whose arrays we send, by their OIDs. */
const elements = { bytea: 17, bigint: 20, text: 25 } as const
export type ElementType = keyof typeof elements

const headLength = 20
const encoder = new TextEncoder()

/**
 * A column of cells as PostgreSQL's binary array: a whole column is one value of a statement, which is
 * the same statement for any number of rows.
 *
 * @see array_recv in https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/arrayfuncs.c
 */
export function encodeArray(type: ElementType, cells: readonly Cell[]): Buffer {
  const parts = cells.map(octetsOf)
  const length = parts.reduce((sum, part) => sum + 4 + (part?.length ?? 0), headLength)
  const bytes = Buffer.allocUnsafe(length)
  bytes.writeInt32BE(1, 0) // dimensions
  bytes.writeInt32BE(parts.includes(null) ? 1 : 0, 4)
  bytes.writeInt32BE(elements[type], 8)
  bytes.writeInt32BE(cells.length, 12)
  bytes.writeInt32BE(1, 16) // the first index
  let at = headLength
  for (const part of parts) {
    bytes.writeInt32BE(part?.length ?? -1, at)
    at += 4
    if (part !== null) bytes.set(part, at)
    at += part?.length ?? 0
  }
  return bytes
}

function octetsOf(cell: Cell): Uint8Array | null {
  if (cell === null || cell instanceof Uint8Array) return cell
  if (typeof cell === 'string') return encoder.encode(cell)
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, BigInt(cell))
  return bytes
}
