// SPDX-License-Identifier: Apache-2.0
/** Carries pages from the WAL into the database whenever it is its turn, until little is left. */
import { DatabaseSync } from 'node:sqlite'
import { workerData } from 'node:worker_threads'
import { lastMilePages, pagesWaiting, turn } from './checkpoints.ts'
import type { CheckpointData } from './messages.ts'

/** While the book writes as fast as pages are carried, little is never left. */
const maxRounds = 8

const { file, synchronous, shared }: CheckpointData = workerData
const database = new DatabaseSync(file, { timeout: 5_000 })
database.exec(`PRAGMA synchronous = ${synchronous}; PRAGMA checkpoint_fullfsync = ON`)
const checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)')
const length = database.prepare('PRAGMA wal_checkpoint(NOOP)')

for (;;) {
  const whose = Atomics.load(shared, 0)
  if (whose === turn.end) break
  if (whose === turn.carry) {
    carry()
    Atomics.compareExchange(shared, 0, turn.carry, turn.lastMile)
    Atomics.notify(shared, 0)
  } else Atomics.wait(shared, 0, whose)
}
database.close()
Atomics.store(shared, 0, turn.ended)
Atomics.notify(shared, 0)

function carry() {
  for (let round = 0; round < maxRounds; round++) {
    pagesWaiting(checkpoint)
    if (pagesWaiting(length) < lastMilePages) return
  }
}
