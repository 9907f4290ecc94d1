// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { Table } from '#core/ledger/columns.ts'
import { tables } from '#core/ledger/tables.ts'
import { presentSample, Samples } from '../contract/samples.ts'
import type { Row } from '../rows.ts'
import { encodeRecord } from '../rows.ts'
import { sqlite } from '../schema/dialect.ts'
import { migrate } from '../schema/migrate.ts'
import { kinds } from '../schema/schema.ts'
import { testPorts } from '../store-testing.ts'
import { afterPrefix, countStatement, cursorAfter, listStatement } from './list-query.ts'

test('no list sorts and none looks at rows before its place: it walks its own index', () => {
  const database = new DatabaseSync(':memory:')
  migrate(database)
  const samples = new Samples(testPorts())
  for (const kind of kinds) {
    const table: Table = tables[kind]
    for (const by of [undefined, ...Object.keys(table.lists)]) {
      const columns = by === undefined ? [] : table.lists[by]!
      const record = presentSample(table, samples.record(kind))
      for (let equal = 0; equal <= columns.length; equal++) {
        const values = columns.slice(0, equal).map((name) => record[name])
        const query = { ...(by === undefined ? {} : { by }), equal: values, limit: 10 } as never
        const after = cursorAfter(kind, query, encodeRecord(kind, record) as Row)
        for (const descending of [false, true]) {
          const { sql, values: cells } = listStatement(
            kind,
            { ...(query as object), descending, ...(descending ? {} : { after }) } as never,
            sqlite,
          )
          const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...cells)
          const told = `${sql}\n${JSON.stringify(plan)}`
          assert.equal(plan.length, 1, told)
          if (columns.length === 0) assert.match(String(plan[0]?.detail), /^(SCAN|SEARCH)/, told)
          else assert.match(String(plan[0]?.detail), /USING (COVERING )?INDEX/, told)
          if (equal > 0 || !descending) assert.match(String(plan[0]?.detail), /^SEARCH/, told)
        }
        const { sql, values: cells } = countStatement(kind, query, sqlite)
        assert.equal(database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...cells).length, 1)
      }
    }
  }
})

test('the end of a prefix is the first text after all that begin with it', () => {
  assert.equal(afterPrefix('ab'), 'ac')
  assert.equal(afterPrefix('a\u{10ffff}'), 'b')
  assert.equal(afterPrefix('\ud7ff'), '\ue000')
  assert.equal(afterPrefix('\u{10ffff}'), undefined)
  assert.equal(afterPrefix(''), undefined)
})
