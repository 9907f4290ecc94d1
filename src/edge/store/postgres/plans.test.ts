// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Table } from '#core/ledger/columns.ts'
import { tables } from '#core/ledger/tables.ts'
import { postgresPlace, withoutPostgres } from '../../../../test/support/postgres.ts'
import { presentSample, Samples } from '../contract/samples.ts'
import { countStatement, cursorAfter, listStatement } from '../reading/list-query.ts'
import { encodeRecord } from '../rows.ts'
import { postgres } from '../schema/dialect.ts'
import { kinds, listIndex } from '../schema/schema.ts'
import { testPorts } from '../store-testing.ts'
import { connect } from './connect.ts'
import { numbered, preferIndexes } from './reads.ts'
import { parseTarget } from './target.ts'

/** An incremental sort only puts rows with the same key in order, as they come. */
const sorting = /(?<!Incremental )Sort {2}\(|Seq Scan|Bitmap/

test('postgres: no list sorts or looks at every row: it walks an index from its place on', {
  skip: withoutPostgres,
}, async () => {
  const place = await postgresPlace()
  const connection = await connect(parseTarget(place.settings))
  const planOf = async ({ sql, values }: { sql: string; values: readonly unknown[] }) => {
    const { rows } = await connection.ask({ sql: `EXPLAIN ${numbered(sql)}`, values })
    return rows.map(([line]) => line).join('\n')
  }
  try {
    await preferIndexes(connection)
    const samples = new Samples(testPorts())
    for (const kind of kinds) {
      const table: Table = tables[kind]
      for (const by of [undefined, ...Object.keys(table.lists)]) {
        const columns = by === undefined ? [] : table.lists[by]!
        const record = presentSample(table, samples.record(kind))
        for (let equal = 0; equal <= columns.length; equal++)
          for (const descending of [false, true]) {
            const values = columns.slice(0, equal).map((name) => record[name])
            const list = { ...(by === undefined ? {} : { by }), equal: values, descending } as never
            const after = cursorAfter(kind, list, encodeRecord(kind, record))
            const query = { ...(list as object), limit: 10, after } as never
            const plan = await planOf(listStatement(kind, query, postgres))
            const told = `${kind} ${by} ${equal} ${descending}\n${plan}`
            assert.doesNotMatch(plan, sorting, told)
            const index = by === undefined ? '' : listIndex(kind, by)
            // One row at most has all columns of a unique key.
            const single = equal === columns.length && index.includes('_one_')
            assert.match(plan, single ? /Index Cond: / : /Index Cond: .*[<>]/, told)
            const count = await planOf(countStatement(kind, list, postgres))
            assert.doesNotMatch(count, /Seq Scan|Bitmap/, count)
          }
      }
    }
  } finally {
    await connection.close()
    await place.remove()
  }
})
