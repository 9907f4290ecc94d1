// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'
import { sameBytes } from '#format/bytes.ts'
import type { Cell, Row } from '../rows.ts'
import type { PortableTable } from './portable.ts'

/** Another row stands under the key of one that should be loaded. */
export function differs({ name }: PortableTable, cause?: unknown): Fault {
  return new Fault('store-differs', `a row of ${name} is there with other contents`, { cause })
}

export function sameRow(left: Row, right: Row): boolean {
  return left.length === right.length && left.every((cell, place) => sameCell(cell, right[place]!))
}

function sameCell(left: Cell, right: Cell): boolean {
  if (left instanceof Uint8Array && right instanceof Uint8Array) return sameBytes(left, right)
  return left === right
}
