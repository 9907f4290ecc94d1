// SPDX-License-Identifier: Apache-2.0
/** What one node does for all: others wait while it lives, and go on where it died. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ledger } from '#core/ledger/ledger.ts'
import { nodeDirectory, openTestHouse, sharedWords } from '../support/house.ts'
import { postgresPlace, withoutPostgres } from '../support/postgres.ts'

const options = { skip: withoutPostgres, timeout: 60_000 }

test('a node waits while another founds, however long that takes', options, async () => {
  const place = await postgresPlace()
  const began = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const founding = openTestHouse(
    nodeDirectory(),
    {
      wrapKeys: (keys) => ({
        make: (algorithm, keyId, at) => keys.make(algorithm, keyId, at),
        has: (keyId) => keys.has(keyId),
        sign: async (keyId, toBeSigned) => {
          began.resolve()
          await gate.promise
          return keys.sign(keyId, toBeSigned)
        },
      }),
    },
    sharedWords(place.url),
  )
  await began.promise
  const looked = Promise.withResolvers<void>()
  let looks = 0
  const directory = nodeDirectory()
  const wrapLedger = (ledger: Ledger): Ledger => ({
    read: (kind, id) => ledger.read(kind, id),
    find: (kind, key, values) => {
      if (kind === 'job' && values[0] === 'founding' && ++looks === 3) looked.resolve()
      return ledger.find(kind, key, values)
    },
    list: (kind, query) => ledger.list(kind, query),
    count: (kind, query) => ledger.count(kind, query),
    commit: (change) => ledger.commit(change),
  })
  const waiting = openTestHouse(directory, { wrapLedger }, sharedWords(place.url))
  await looked.promise
  gate.resolve()
  const [founder, other] = await Promise.all([founding, waiting])
  assert.deepEqual(other.core.installation, founder.core.installation)
  assert.equal(await other.core.ledger.count('authority', {}), 2)
  assert.ok(!existsSync(join(directory, 'root')), 'the one that waited made nothing')
  await Promise.all([founder.stop(), other.stop()])
  assert.deepEqual([...founder.troubles, ...other.troubles], [])
  await place.remove()
})

test(
  'a job that a killed node held is done by another when its time is over',
  options,
  async () => {
    const place = await postgresPlace()
    // Looks more often than every 15 seconds; the rest of its time is real.
    const wait = async (milliseconds: number, signal: AbortSignal) => {
      const pause = milliseconds <= 15_000 ? 20 : milliseconds
      await sleep(pause, undefined, { signal, ref: false }).catch(() => {})
    }
    const house = await openTestHouse(nodeDirectory(), { wait }, sharedWords(place.url))
    await place.until(`SELECT 1 FROM "job" WHERE "name" = 'recovery' AND "lastResult" = 'done'`)
    // As a node leaves it that was killed at its work.
    await place.sql(`UPDATE "job" SET "version" = "version" + 1, "fence" = "fence" + 1, "dueAt" = 0,
    "holder" = 'killed', "lastResult" = NULL,
    "heldUntil" = (extract(epoch FROM clock_timestamp()) * 1000)::bigint + 500 WHERE "name" = 'recovery'`)
    const read = `SELECT "fence", "heldUntil" FROM "job" WHERE "name" = 'recovery'`
    const [[fence, heldUntil] = []] = await place.sql(read)
    await place.until(`SELECT 1 FROM "job" WHERE "name" = 'recovery' AND "lastResult" = 'done'`)
    const job = await house.core.ledger.find('job', 'name', ['recovery'])
    assert.deepEqual([job?.fence, job?.holder], [Number(fence) + 1, null])
    assert.ok((job?.lastRunAt?.epochMilliseconds ?? 0) >= Number(heldUntil), 'not before its time')
    await house.stop()
    assert.deepEqual(house.troubles, [])
    await place.remove()
  },
)
