// SPDX-License-Identifier: Apache-2.0
import type { Row } from '../rows.ts'
import type { SealedTexts, Shared } from '../store.ts'
import type { Asked } from './connect.ts'
import type { Link } from './link.ts'
import { askRepeatable } from './reads.ts'

/**
 * What the nodes of one database share beside ledger and log. Each statement may be asked again when its answer
 * was lost: it finds what it wrote.
 */
export class PostgresShared implements Shared {
  readonly sealed: SealedTexts
  readonly #link: Link

  constructor(link: Link) {
    this.#link = link
    this.sealed = {
      names: async () => {
        const rows = await this.#ask('list the sealed keys', {
          sql: 'SELECT "name" FROM "sealed" ORDER BY "name"',
        })
        return rows.map(([name]) => String(name))
      },
      read: async (name) => {
        const [row] = await this.#ask('read a sealed key', {
          ...{ sql: 'SELECT "content" FROM "sealed" WHERE "name" = $1', values: [name] },
        })
        return row && String(row[0])
      },
      add: async (name, text) => {
        // Written twice with the same text it is not changed, and told as written.
        const sql = `INSERT INTO "sealed" AS "there" ("name", "content") VALUES ($1, $2)
          ON CONFLICT ("name") DO UPDATE SET "content" = excluded."content"
          WHERE "there"."content" = excluded."content" RETURNING "name"`
        const rows = await this.#ask('keep a sealed key', { sql, values: [name, text] })
        return rows.length > 0
      },
      replace: async (texts) => {
        const sql = `UPDATE "sealed" SET "content" = "next"."value"
          FROM json_each_text($1::json) "next" WHERE "name" = "next"."key"`
        const values = [JSON.stringify(Object.fromEntries(texts))]
        await this.#ask('replace the sealed keys', { sql, values })
      },
      remove: async (name) => {
        const sql = 'DELETE FROM "sealed" WHERE "name" = $1'
        await this.#ask('remove a sealed key', { sql, values: [name] })
      },
    }
  }

  /** In milliseconds, as instants are kept. */
  async now(): Promise<Temporal.Instant> {
    const [row] = await this.#ask("ask the database's clock", {
      sql: 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint',
    })
    return Temporal.Instant.fromEpochMilliseconds(Number(row?.[0]))
  }

  #ask(doing: string, asked: Asked): Promise<readonly Row[]> {
    return askRepeatable(this.#link, asked, doing)
  }
}
