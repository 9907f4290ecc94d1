// SPDX-License-Identifier: Apache-2.0

import { tables } from '#core/ledger/tables.ts'
import type {
  BadCursor,
  BadPage,
  CertificateRow,
  CertificateRows,
  SerialRange,
} from '#core/status-files/certificate-rows.ts'
import type { ListReads } from './reading/reads.ts'
import { type Cell, parseId, type Row } from './rows.ts'
import type { Dialect } from './schema/dialect.ts'
import { listIndex, uniqueIndex } from './schema/schema.ts'

/** CRLReason certificateHold, RFC 5280 section 5.3.1. */
const hold = 6

const columns = '"serialNumber", "revokedAt", "revocationReason", "notAfter", "reservedAt"'

/** The narrow walk over certificates, on any database that speaks SQL. */
export class SqlCertificateRows implements CertificateRows {
  readonly #lists: ListReads
  readonly #counts: ListReads
  readonly #bySerial: string
  readonly #byEnd: string

  constructor(
    places: { readonly lists: ListReads; readonly counts: ListReads },
    dialect: Pick<Dialect, 'walk'>,
  ) {
    this.#lists = places.lists
    this.#counts = places.counts
    this.#bySerial = `FROM "certificate"${dialect.walk(uniqueIndex('certificate', 'serialNumber'))}`
    this.#byEnd = `FROM "certificate"${dialect.walk(listIndex('certificate', 'revoked'))}`
  }

  async inRange(
    authority: string,
    range: SerialRange,
    limit: number,
    after?: Uint8Array,
  ): Promise<readonly CertificateRow[]> {
    const [conditions, values] = within(authority, range, after)
    return this.#rows(conditions, [...values, limit])
  }

  async count(authority: string, range: SerialRange): Promise<number> {
    const [conditions, values] = within(authority, range)
    const sql = `SELECT count(*) ${this.#bySerial} WHERE ${conditions}`
    const [row] = await this.#counts.all(sql, values)
    return Number(row?.[0])
  }

  async ofOtherLength(
    authority: string,
    limit: number,
    after?: Uint8Array,
  ): Promise<readonly CertificateRow[]> {
    const [conditions, values] = within(authority, {}, after)
    return this.#rows(`${conditions} AND length("serialNumber") <> 16`, [...values, limit])
  }

  async bare(
    authority: string,
    limit: number,
    after?: Uint8Array,
  ): Promise<readonly CertificateRow[]> {
    const beyond = after === undefined ? '' : ' AND b."serialNumber" > ?'
    const rows = await this.#lists.all(
      `SELECT b."serialNumber", b."revokedAt", b."reason" FROM "bareRevocation" b WHERE b."authority" = ?${beyond}
        AND NOT EXISTS (SELECT 1 FROM "certificate" c WHERE c."authority" = b."authority" AND c."serialNumber" = b."serialNumber")
        ORDER BY b."serialNumber" LIMIT ?`,
      [cellOf(authority), ...(after ? [after] : []), limit],
    )
    // Nobody knows when it ends.
    return rows.map((row) => rowOf([...row, Number.MAX_SAFE_INTEGER, 0]))
  }

  async bad(authority: string, limit: number, after?: BadCursor): Promise<BadPage> {
    const beyond = after === undefined ? '' : ' AND ("shard", "revokedAt", "id") > (?, ?, ?)'
    const rows = await this.#lists.all(
      `SELECT ${columns}, "shard", "id" ${this.#byEnd} WHERE "authority" = ? AND "revokedAt" IS NOT NULL${beyond}
        ORDER BY "shard", "revokedAt", "id" LIMIT ?`,
      [cellOf(authority), ...(after ?? []), limit],
    )
    const last = rows.length < limit ? undefined : rows.at(-1)
    return { rows: rows.map(rowOf), next: last && placeOf(last) }
  }

  async #rows(conditions: string, values: readonly Cell[]): Promise<readonly CertificateRow[]> {
    const sql = `SELECT ${columns} ${this.#bySerial} WHERE ${conditions} ORDER BY "serialNumber" LIMIT ?`
    return (await this.#lists.all(sql, values)).map(rowOf)
  }
}

function within(
  authority: string,
  { from, below }: SerialRange,
  after?: Uint8Array,
): readonly [conditions: string, values: readonly Cell[]] {
  const bounds = [
    ['>=', after === undefined ? from : undefined],
    ['>', after],
    ['<', below],
  ] as const
  const given = bounds.filter(([, value]) => value !== undefined)
  const conditions = given.map(([sign]) => ` AND "serialNumber" ${sign} ?`).join('')
  return [`"authority" = ?${conditions}`, [cellOf(authority), ...given.map(([, value]) => value!)]]
}

function cellOf(authority: string): Uint8Array {
  const bytes = parseId(tables.authority.prefix, authority)
  if (bytes === undefined) throw new TypeError(`"${authority}" is no id of an authority`)
  return bytes
}

function rowOf(row: Row): CertificateRow {
  const [serialNumber, revokedAt, reason, notAfter, reservedAt] = row
  if (!(serialNumber instanceof Uint8Array)) throw new TypeError('a serial number is no bytes')
  const bad = Number(reason) === hold ? 'held' : 'revoked'
  return {
    ...{ serialNumber, state: revokedAt === null ? 'fine' : bad },
    ...{ notAfterMilliseconds: Number(notAfter), reservedAtMilliseconds: Number(reservedAt) },
  }
}

function placeOf(row: Row): BadCursor {
  const [, revokedAt, , , , shard, id] = row
  if (!(id instanceof Uint8Array)) throw new TypeError('an id is no bytes')
  return [Number(shard), Number(revokedAt), id]
}
