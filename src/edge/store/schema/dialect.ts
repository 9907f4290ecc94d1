// SPDX-License-Identifier: Apache-2.0
import type { ColumnTypes } from '#core/ledger/columns.ts'

/** How a database spells what the tables say. */
export interface Dialect {
  /** The type that keeps each kind of column; text compares by code point, bytes by octet. */
  readonly types: Readonly<Record<keyof ColumnTypes, string>>
  /** What follows a table's closing parenthesis when its own id is its only key. */
  readonly byId: string
  /** The same for a table with another primary key. */
  readonly plain: string
  /** Binds a select to one index, where the database does not promise to choose it. */
  walk(index: string): string
  /**
   * The rows of a select, in its order, as one row: of each column a JSON array; of one that holds bytes that of
   * their lengths, and then the hexadecimal of them all (null if there are none). Rows of a walk over a million
   * cost a third of what each does by itself.
   */
  gather(
    select: string,
    columns: readonly { readonly name: string; readonly isBytes: boolean }[],
  ): string
  /** Tables that only the store on this database keeps. */
  readonly own: readonly string[]
}

/**
 * SQLite: STRICT, so that a wrong type breaks at once; without row numbers, so that the id is the
 * row's place and each further index costs one tree.
 *
 * @see https://sqlite.org/stricttables.html https://sqlite.org/withoutrowid.html
 */
export const sqlite: Dialect = {
  types: {
    id: 'BLOB',
    text: 'TEXT',
    bytes: 'BLOB',
    integer: 'INTEGER',
    boolean: 'INTEGER',
    instant: 'INTEGER',
    json: 'TEXT',
  },
  byId: ' STRICT, WITHOUT ROWID',
  plain: ' STRICT',
  walk: (index) => ` INDEXED BY "${index}"`,
  gather: (select, columns) => {
    const cells = columns.map(({ name, isBytes }) =>
      isBytes
        ? `json_group_array(length("${name}")), group_concat(hex("${name}"), '')`
        : `json_group_array("${name}")`,
    )
    return `SELECT ${cells.join(', ')} FROM (${select})`
  },
  own: [],
}

/**
 * A row for each of the last transactions of a writing connection, added with it: so that one whose
 * COMMIT was cut off can be found out.
 */
const writerTable = `CREATE TABLE "writer" (
  "id" bytea NOT NULL,
  "number" bigint NOT NULL,
  "at" bigint NOT NULL,
  PRIMARY KEY ("id", "number")
)`

/**
 * PostgreSQL: text in the C collation compares by code point, as `list` promises; booleans are numbers,
 * so that a row is the same cells on every database.
 *
 * @see https://www.postgresql.org/docs/current/collation.html
 */
export const postgres: Dialect = {
  types: {
    id: 'bytea',
    text: 'text COLLATE "C"',
    bytes: 'bytea',
    integer: 'bigint',
    boolean: 'bigint',
    instant: 'bigint',
    json: 'text COLLATE "C"',
  },
  byId: '',
  plain: '',
  walk: () => '',
  gather: (select, columns) => {
    const array = (value: string) => `coalesce(json_agg(${value})::text, '[]')`
    const cells = columns.map(({ name, isBytes }) =>
      isBytes
        ? `${array(`octet_length("${name}")`)}, string_agg(encode("${name}", 'hex'), '')`
        : array(`"${name}"`),
    )
    return `SELECT ${cells.join(', ')} FROM (${select}) AS "page"`
  },
  own: [writerTable],
}
