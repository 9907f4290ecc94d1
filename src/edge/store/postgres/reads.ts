// SPDX-License-Identifier: Apache-2.0
import type { ListReads, PointReads } from '../reading/reads.ts'
import type { Cell, Row } from '../rows.ts'
import type { Asked, Connection } from './connect.ts'
import { type Link, patienceMilliseconds } from './link.ts'
import { isRefusedStatement, postgresFault } from './postgres-fault.ts'

/** Reads over one connection, all that is asked in a turn in one message, each row by prepared statements. */
export class PostgresPoints implements PointReads {
  readonly #link: Link
  /** The statements are few: one a unique key of a kind. */
  readonly #named = new Map<string, { readonly sql: string; readonly name: string }>()

  constructor(link: Link) {
    this.#link = link
  }

  async first(sql: string, values: readonly Cell[] = []): Promise<Row | undefined> {
    const rows = await askRepeatable(this.#link, { ...this.#prepared(sql), values })
    return rows[0]
  }

  #prepared(sql: string) {
    let named = this.#named.get(sql)
    if (named === undefined) {
      named = { sql: numbered(sql), name: `point_${this.#named.size}` }
      this.#named.set(sql, named)
    }
    return named
  }
}

/** Reads over a few connections, each planned for its values. */
export class PostgresLists implements ListReads {
  readonly #links: readonly { readonly link: Link; waiting: number }[]

  constructor(links: readonly Link[]) {
    this.#links = links.map((link) => ({ link, waiting: 0 }))
  }

  async all(sql: string, values: readonly Cell[]): Promise<readonly Row[]> {
    const idlest = this.#links.reduce((left, right) =>
      right.waiting < left.waiting ? right : left,
    )
    idlest.waiting++
    try {
      return await askRepeatable(idlest.link, { sql: numbered(sql), values })
    } finally {
      idlest.waiting--
    }
  }
}

/**
 * What a list's connection is told: PostgreSQL cannot be bound to an index as SQLite is (`INDEXED BY`),
 * but all else can be made dearer, so that no wrong guess of its statistics sorts a million rows.
 */
export async function preferIndexes(connection: Connection): Promise<void> {
  await connection.ask({
    sql: 'SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; SET jit = off',
  })
}

/** The statement with `$1`, `$2` in the place of each `?`; none of ours has a `?` that means anything else. */
export function numbered(sql: string): string {
  let count = 0
  return sql.replaceAll('?', () => `$${++count}`)
}

/**
 * Asks again, once, if the connection broke: for reads, and for what does no harm if it is done twice.
 *
 * @throws Fault what broke it, `doing` says at what
 */
export async function askRepeatable(
  link: Link,
  asked: Asked,
  doing = 'read the ledger',
): Promise<readonly Row[]> {
  for (let again = false; ; again = true) {
    const connection = await link.connection(patienceMilliseconds)
    try {
      const { rows } = await connection.ask(asked)
      return rows
    } catch (error) {
      if (again || isRefusedStatement(error)) throw postgresFault(error, doing)
      connection.cut()
    }
  }
}
