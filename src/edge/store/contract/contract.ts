// SPDX-License-Identifier: Apache-2.0
/** What every store promises, as tests: run on SQLite here, and on each database that follows. */

import type { Store } from '../store.ts'
import type { TestPorts } from '../store-testing.ts'
import { testPorts } from '../store-testing.ts'
import { commitContract } from './commit-contract.ts'
import { listContract } from './list-contract.ts'
import { logContract } from './log-contract.ts'
import { rowsContract } from './rows-contract.ts'
import { Samples } from './samples.ts'

/** A place for one store, empty at first. */
export interface StorePlace {
  /** Opens the store that is kept here; the one before was closed. */
  open(ports: TestPorts): Promise<Store>
  remove(): Promise<void>
}

/** What a test of the contract is given. */
export interface Given {
  readonly store: Store
  readonly ports: TestPorts
  readonly samples: Samples
  /** Closes the store and opens what is kept. */
  reopen(): Promise<Store>
}

/** Runs it on an empty store, which is gone afterwards. */
export type OnEmptyStore = (work: (given: Given) => Promise<void>) => Promise<void>

/** Registers the tests; `make` gives a place of its own for each. */
export function storeContract(database: string, make: () => Promise<StorePlace>): void {
  const onEmptyStore: OnEmptyStore = async (work) => {
    const place = await make()
    const ports = testPorts()
    let store = await place.open(ports)
    try {
      const reopen = async () => {
        await store.close()
        store = await place.open(ports)
        return store
      }
      await work({ store, ports, samples: new Samples(ports), reopen })
    } finally {
      await store.close()
      await place.remove()
    }
  }
  commitContract(database, onEmptyStore)
  listContract(database, onEmptyStore)
  logContract(database, onEmptyStore)
  rowsContract(database, onEmptyStore)
}
