// SPDX-License-Identifier: Apache-2.0
import type { Moment } from '../log-store.ts'
import type { Row } from '../rows.ts'
import { beforeFirst, type Dump, type PortableTable } from './portable.ts'

/** What one answer should weigh: enough to be quick, little enough to be held thrice. */
const portionBytes = 512 * 1024
const mostRows = 1_000
/** Before anything is known of a table's rows. */
const firstRows = 16

/** Begins the moment, and reads tables page by page, each as long as its rows are short. */
export async function beginDump(moment: Moment): Promise<Dump> {
  // On both databases a transaction sees what was there at its first reading, not at its BEGIN.
  await moment.all('SELECT "only" FROM "log"', [])
  return {
    async count({ name }) {
      const [row] = await moment.all(`SELECT count(*) FROM "${name}"`, [])
      return Number(row?.[0])
    },
    rows: (table, after = beforeFirst(table)) => pages(moment, table, after),
    close: () => moment.close(),
  }
}

async function* pages(moment: Moment, table: PortableTable, after: Row) {
  const sql = pageStatement(table)
  let key = after
  let limit = firstRows
  for (;;) {
    const rows = await moment.all(sql, [...key, limit])
    if (rows.length > 0) yield rows
    if (rows.length < limit) return
    key = rows.at(-1)!.slice(0, table.key)
    const weight = rows.reduce((sum, row) => sum + weightOf(row), 0) / rows.length
    // A table's rows may grow from one page to the next, as revocation lists do: slowly up, at once down.
    const wanted = Math.floor(portionBytes / Math.max(weight, 1))
    limit = Math.max(1, Math.min(wanted, mostRows, limit * 4))
  }
}

function pageStatement({ name, columns, key }: PortableTable): string {
  const quoted = columns.map((column) => `"${column}"`)
  const keys = quoted.slice(0, key).join(', ')
  const after = key === 1 ? `${keys} > ?` : `(${keys}) > (${keys.replace(/"\w+"/g, '?')})`
  return `SELECT ${quoted.join(', ')} FROM "${name}" WHERE ${after} ORDER BY ${keys} LIMIT ?`
}

/** Bytes that a row holds, roughly. */
export function weightOf(row: Row): number {
  let weight = 0
  for (const cell of row) {
    weight += typeof cell === 'string' || cell instanceof Uint8Array ? cell.length : 8
  }
  return weight
}
