// SPDX-License-Identifier: Apache-2.0
/**
 * Writes the newest migration anew from the tables, for as long as it is not released:
 * `node src/edge/store/schema/print-migration.ts`.
 *
 * A new column of an old table must be optional, since rows are there already; a changed type is a
 * step that a person writes.
 */
import { writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { type Kind, tables } from '#core/ledger/tables.ts'
import { type Dialect, postgres, sqlite } from './dialect.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations.ts'
import { columnOf, schema } from './schema.ts'

const newest = migrations.length

/** The statements, in the words of a dialect, that lead from the migrations before to the tables of today. */
function difference(from: DatabaseSync, to: DatabaseSync, dialect: Dialect): readonly string[] {
  const before = objectsOf(from)
  const said = new Map(schema(dialect).map((sql) => [nameIn(sql), sql]))
  const statements: string[] = []
  for (const [name, { type, table, sql }] of objectsOf(to)) {
    const old = before.get(name)
    const statement = said.get(name) ?? sql
    if (old === undefined) statements.push(statement)
    else if (type === 'table') statements.push(...newColumns(table, from, to, dialect))
    else if (old.sql !== sql) statements.push(`DROP INDEX "${name}"`, statement)
  }
  for (const [name, { type }] of before)
    if (!objectsOf(to).has(name)) statements.push(`DROP ${type.toUpperCase()} "${name}"`)
  return statements
}

function nameIn(sql: string): string {
  return /^CREATE (?:TABLE|(?:UNIQUE )?INDEX) "(\w+)"/.exec(sql)?.[1] ?? sql
}

function newColumns(
  table: string,
  from: DatabaseSync,
  to: DatabaseSync,
  { types }: Dialect,
): readonly string[] {
  const before = new Set(columnsOf(table, from).map(({ name }) => name))
  return columnsOf(table, to)
    .filter(({ name }) => !before.has(name))
    .map(({ name, notnull }) => {
      if (notnull !== 0) throw new Error(`${table}.${name} is new and must be optional`)
      const kind = columnOf(tables[table as Kind], name).kind
      return `ALTER TABLE "${table}" ADD COLUMN "${name}" ${types[kind]}`
    })
}

function objectsOf(database: DatabaseSync) {
  const rows = database
    .prepare('SELECT name, type, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL')
    .all()
  return new Map(
    rows.map(({ name, type, tbl_name, sql }) => [
      String(name),
      { type: String(type), table: String(tbl_name), sql: String(sql) },
    ]),
  )
}

function columnsOf(table: string, database: DatabaseSync) {
  return database
    .prepare(`PRAGMA table_info("${table}")`)
    .all()
    .map(({ name, notnull }) => ({ name: String(name), notnull: Number(notnull) }))
}

function write(dialect: string, statements: readonly string[]) {
  const file = new URL(`migrations/${dialect}/${migrations.at(-1)}`, import.meta.url)
  writeFileSync(file, statements.map((statement) => `${statement};\n`).join('\n'))
}

function made(): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  for (const statement of schema(sqlite)) database.exec(statement)
  return database
}

const before = new DatabaseSync(':memory:')
migrate(before, newest - 1)
for (const [name, dialect] of Object.entries({ sqlite, postgres }))
  write(name, difference(before, made(), dialect))
