// SPDX-License-Identifier: Apache-2.0
import type { Row } from './row.ts'

/** Prints rows under each other, every column as wide as it has to be. */
export function printRows(rows: readonly Row[]): void {
  const cells = rows.map(cellsOf)
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  )
  for (const row of cells) {
    const line = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    )
    console.log(line.join('  ').trimEnd())
  }
  for (const { name, note } of rows) if (note !== '') console.log(`  ${name}: ${note}`)
}

/** The share of its limit that a row reaches; undefined where it has none. */
export function shareOf({ value, limit }: Row): number | undefined {
  return limit && value / limit.value
}

function cellsOf(row: Row): readonly string[] {
  const share = shareOf(row)
  return [
    row.name,
    `${row.value.toLocaleString('en')} ${row.unit}`,
    row.limit === undefined ? '' : `${row.limit.name} ${row.limit.value.toLocaleString('en')}`,
    share === undefined ? '' : `${(share * 100).toFixed(0)} %`,
    row.goal === undefined ? '' : `goal ${(row.goal * 100).toFixed(0)} %`,
  ]
}
