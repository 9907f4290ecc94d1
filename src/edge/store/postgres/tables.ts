// SPDX-License-Identifier: Apache-2.0
import {
  type Compilable,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely'
import type { Asked } from './connect.ts'

/** The tables beside the ledger's, as `schema.ts` makes them. */
export interface Tables {
  readonly event: {
    readonly sequence: number
    readonly bytes: Uint8Array | null
    readonly salt: Uint8Array | null
  }
  readonly log: {
    readonly only: number
    readonly size: number
    readonly lastEvent: number
    readonly root: Uint8Array
    readonly fence: number
    readonly holder: string | null
    readonly heldUntil: number | null
    readonly checkpointSize: number | null
    readonly checkpoint: string | null
  }
  readonly writer: { readonly id: Uint8Array; readonly number: number; readonly at: number }
}

/** Builds statements, checked against the tables; it has no connection, which is the link's matter. */
export const build = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new PostgresIntrospector(database),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/** The statement that a builder has made. */
export function compiled(query: Compilable): Asked {
  const { sql, parameters } = query.compile()
  return { sql, values: parameters }
}
