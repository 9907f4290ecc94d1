// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, Randomness } from '#core/ports.ts'
import type { Cost } from '#edge/keystore/derivation.ts'
import { type Keystore, openKeystore } from '#edge/keystore/keystore.ts'
import { openStore } from '#edge/store/open-store.ts'
import type { Store } from '#edge/store/store.ts'
import type { Configuration } from './configuration.ts'
import { refuseMarked } from './place-marks.ts'
import { unlock } from './unlock.ts'

/** What outlives the process: the database, and the keys that the passphrase opens. */
export interface Kept {
  readonly store: Store
  readonly keystore: Keystore
}

interface KeepingPorts {
  readonly clock: Clock
  readonly random: Randomness
  /** What unlocking costs. */
  readonly keyCost: Cost | undefined
}

/** Where a data directory has the keys that it keeps. */
export function keyPlaces(data: string): { readonly keys: string; readonly root: string } {
  return { keys: join(data, 'keys'), root: join(data, 'root') }
}

/**
 * Opens database and keys. With PostgreSQL the keys of authorities and log lie there, too, so that a
 * further node needs nothing but the passphrase; roots stay where they were made.
 *
 * @throws Fault of `openStore` or `openPostgresStore`, of `unlock` and `openKeystore`
 */
export async function openKept(
  configuration: Configuration,
  { clock, random, keyCost }: KeepingPorts,
): Promise<Kept> {
  refuseMarked(configuration)
  const places = keyPlaces(configuration.data)
  const hasNoKeys = !existsSync(places.keys)
  if (configuration.database === undefined) {
    // The passphrase comes first: one that is refused leaves no database behind.
    const passphrase = await unlock(configuration, random, hasNoKeys)
    const keystore = await openKeystore(places, passphrase, random, keyCost)
    return { keystore, store: await openStore(configuration.data, { clock, random }) }
  }
  const { openPostgresStore } = await import('#edge/store/postgres/open-postgres.ts')
  const store = await openPostgresStore(configuration.database, {
    clock,
    random,
    now: () => performance.now(),
  })
  try {
    const shared = store.shared?.sealed
    const isNew = hasNoKeys && ((await shared?.names()) ?? []).length === 0
    const passphrase = await unlock(configuration, random, isNew)
    const everywhere = { ...places, ...(shared && { shared }) }
    return { store, keystore: await openKeystore(everywhere, passphrase, random, keyCost) }
  } catch (error) {
    await store.close()
    throw error
  }
}
