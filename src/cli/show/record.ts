// SPDX-License-Identifier: Apache-2.0
import type { Names } from './names.ts'
import { isRow, type Row, Rows } from './rows.ts'
import { shapeOfPart } from './shapes.ts'
import type { TableOptions } from './table.ts'
import { label, valueText } from './value.ts'

/**
 * What says nothing to people: versions are for `If-Match`, a product's name stands for its id, and what
 * has several lines is for a file (`--json`).
 */
const forProgramsOnly = new Set([
  ...['version', 'productName', 'pem', 'publicKeyPem', 'chainPem', 'checkpoint'],
])

/** One thing as aligned lines `label  value`, then what belongs to it, part by part. */
export function recordLines(record: Row, names: Names, options: TableOptions): readonly string[] {
  const fields = Object.entries(record).filter(([name]) => !forProgramsOnly.has(name))
  const parts = fields.filter(([name, value]) => isPart(name, value))
  const plain = fields.filter(([name, value]) => !isPart(name, value))
  return [
    ...pairLines(
      plain.map(([name, value]) => [label(name), valueText(names.in(name, value))] as const),
      options,
    ),
    ...parts.flatMap(([name, value]) => partLines(name, value, names, options)),
  ]
}

/** Labels to the left, values aligned after the longest. */
export function pairLines(
  pairs: readonly (readonly [label: string, value: string])[],
  { paint, indent = '' }: Pick<TableOptions, 'paint' | 'indent'>,
): readonly string[] {
  const width = Math.max(0, ...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${indent}${paint('dim', name.padEnd(width))}  ${value}`)
}

/** A list of words is a value, whatever lists of things are called alike. */
function isPart(name: string, value: unknown): boolean {
  if (Array.isArray(value))
    return value.some(isRow) || (value.length === 0 && Object.hasOwn(shapeOfPart, name))
  return isRow(value) && name !== 'actor' && name !== 'facts'
}

function partLines(
  name: string,
  value: unknown,
  names: Names,
  options: TableOptions,
): readonly string[] {
  const inside = { ...options, indent: `${options.indent ?? ''}  ` }
  const title = options.paint('bold', label(name))
  if (isRow(value)) return ['', title, ...recordLines(value, names, inside)]
  const rows = Array.isArray(value) ? value.filter(isRow) : []
  if (rows.length === 0) return ['', title, `${inside.indent}none`]
  const shape = Object.hasOwn(shapeOfPart, name) ? shapeOfPart[name] : undefined
  if (shape === undefined) {
    const blocks = rows.map((row) => recordLines(row, names, inside))
    return ['', title, ...blocks.flatMap((lines, at) => (at === 0 ? lines : ['', ...lines]))]
  }
  return ['', title, ...new Rows(shape, names, inside).lines(rows)]
}
