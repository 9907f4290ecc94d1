// SPDX-License-Identifier: Apache-2.0
/**
 * The same millions in PostgreSQL: columns as arrays, while no index stands, without waiting for the disk.
 *
 *     node bench/tools/bulk-load-postgres.ts postgres://… 10000000
 *
 * The database is one of a founded installation with the product `bench`, and nobody serves from it.
 */
import pg from 'pg'
import { newId } from '#core/ledger/ids.ts'
import { type Kind, tables } from '#core/ledger/tables.ts'
import { type ElementType, encodeArray } from '#edge/store/postgres/arrays.ts'
import { parseTarget } from '#edge/store/postgres/target.ts'
import { columnNames, encodeRecord, type Row } from '#edge/store/rows.ts'
import { postgres } from '#edge/store/schema/dialect.ts'
import { columnOf } from '#edge/store/schema/schema.ts'
import { bulkPorts, filledKinds } from './bulk-load.ts'
import { type Certified, enrolledRecords } from './enrolled.ts'

const inStatement = 5_000

export async function bulkLoadPostgres(
  url: string,
  count: number,
  from: number,
  tell: (done: number) => void,
  kinds: readonly Kind[] = filledKinds,
): Promise<void> {
  const { hosts, user, database } = parseTarget({ url })
  const [{ host = '', port = 0 } = {}] = hosts
  const client = new pg.Client({ host, port, user, database })
  await client.connect()
  await client.query("SET synchronous_commit = off; SET maintenance_work_mem = '1GB'")
  const door = await doorIn(client)
  const indexes = await dropIndexes(client)
  const ports = bulkPorts(from)
  for (let done = 0; done < count; ) {
    const rows = new Map<Kind, Row[]>(kinds.map((kind) => [kind, []]))
    for (let left = Math.min(inStatement, count - done); left > 0; left--) {
      for (const { kind, record } of enrolledRecords(from + ++done, door, ports, newId))
        if (kinds.includes(kind)) rows.get(kind)?.push(encodeRecord(kind, record))
    }
    for (const [kind, some] of rows) await insert(client, kind, some)
    tell(done)
  }
  for (const sql of indexes) await client.query(sql)
  await client.query('ANALYZE')
  await client.query('CHECKPOINT')
  await client.end()
}

async function doorIn(client: pg.Client): Promise<Certified> {
  const { rows } = await client.query({
    rowMode: 'array',
    text: `SELECT encode(p."id", 'hex'), encode(e."id", 'hex'), encode(e."authority", 'hex'), e."profile"
      FROM "product" p JOIN "entrance" e ON e."product" = p."id" AND e."isDefault" = 1
      WHERE p."name" = 'bench'`,
  })
  const [product, entrance, authority, profile] = rows[0] as string[]
  return {
    ...{ product: `prd_${product}`, entrance: `ent_${entrance}`, authority: `aut_${authority}` },
    ...{ profile: profile ?? 'ldevid', profileVersion: 1 },
  }
}

/** The statements that make them anew; primary keys stay, since rows come in their order. */
async function dropIndexes(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ indexname: string; indexdef: string }>(
    `SELECT indexname, indexdef FROM pg_indexes
     WHERE tablename = ANY($1) AND schemaname = current_schema() AND indexname NOT LIKE '%_pkey'`,
    [filledKinds],
  )
  for (const { indexname } of rows) await client.query(`DROP INDEX "${indexname}"`)
  return rows.map(({ indexdef }) => indexdef)
}

async function insert(client: pg.Client, kind: Kind, rows: readonly Row[]): Promise<void> {
  const names = columnNames(kind)
  const types = names.map((name) => elementType(kind, name))
  const columns = names.map((name) => `"${name}"`).join(', ')
  const arrays = types.map((type, place) => `$${place + 1}::${type}[]`).join(', ')
  const values = types.map((type, place) =>
    encodeArray(
      type,
      rows.map((row) => row[place]!),
    ),
  )
  await client.query(`INSERT INTO "${kind}" (${columns}) SELECT * FROM unnest(${arrays})`, values)
}

function elementType(kind: Kind, column: string): ElementType {
  if (column === 'id') return 'bytea'
  if (column === 'version') return 'bigint'
  const type = postgres.types[columnOf(tables[kind], column).kind]
  return type === 'bytea' || type === 'bigint' ? type : 'text'
}

if (import.meta.main) {
  const [url = '', count = '0', from = '0'] = process.argv.slice(2)
  const start = performance.now()
  const seconds = () => Math.round((performance.now() - start) / 1_000)
  await bulkLoadPostgres(url, Number(count), Number(from), (done) => {
    if (done % 100_000 === 0) console.log(`${done} in ${seconds()} s`)
  })
  console.log(`with indexes in ${seconds()} s`)
}
