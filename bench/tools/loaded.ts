// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util'
import { systemRandomness as random } from '#edge/chance/system-randomness.ts'
import { systemClock as clock } from '#edge/clock/system-clock.ts'
import { openStore } from '#edge/store/open-store.ts'
import type { Store } from '#edge/store/store.ts'

export interface Loaded {
  readonly store: Store
  readonly what: 'SQLite' | 'PostgreSQL'
  /** How many devices it was filled with. */
  readonly devices: number
}

/** The store that the command line names: `DIR | --database URL [--devices 10000000]`. */
export async function openLoaded(): Promise<Loaded> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { database: { type: 'string' }, devices: { type: 'string', default: '10000000' } },
  })
  const [directory] = positionals
  const devices = Number(values.devices)
  if (values.database !== undefined)
    return { store: await openDatabase(values.database), what: 'PostgreSQL', devices }
  if (directory === undefined) throw new Error('name a data directory, or --database URL')
  return { store: await openStore(directory, { clock, random }), what: 'SQLite', devices }
}

export async function openDatabase(url: string): Promise<Store> {
  const { openPostgresStore } = await import('#edge/store/postgres/open-postgres.ts')
  return openPostgresStore({ url }, { clock, random })
}
