// SPDX-License-Identifier: Apache-2.0
/**
 * How long it takes until a whole lot is refused, in a store of very many certificates: asked to effective.
 *
 * `node bench/revocation.ts [CERTIFICATES] [LOT]`; a million takes 2 GB on the disk for the time of the run.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { shardCapacity } from '#core/authority/shard-counter.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Kind, LedgerRecord } from '#core/ledger/tables.ts'
import { askAct } from '#core/revocation/acts/ask.ts'
import { carryOut } from '#core/revocation/acts/carry-out.ts'
import { previewAct } from '#core/revocation/acts/preview.ts'
import { databaseName } from '#edge/store/open-store.ts'
import { columnNames, encodeRecord } from '#edge/store/rows.ts'
import { addPump, enrolDevice, openTestCore, type TestCore } from '../test/support/core.ts'

const certificates = Number(process.argv[2] ?? 1_000_000)
const inLot = Number(process.argv[3] ?? 10_000)
const operator = { kind: 'person', id: 'psn_bench' } as const

/** Puts certificates of as many devices into the store, a lot after the other, without any event. */
async function load(core: TestCore): Promise<void> {
  const { id, device } = await enrolDevice(core, await addPump(core), 'LIKE')
  const like = await core.ledger.read('certificate', id)
  const unit = await core.ledger.read('device', device.id)
  if (like === undefined || unit === undefined) throw new Error('nothing to copy')
  const database = new DatabaseSync(join(core.means.configuration.data, databaseName))
  database.exec('PRAGMA synchronous = OFF; BEGIN IMMEDIATE')
  const insert = <K extends Kind>(kind: K) => {
    const names = columnNames(kind)
    const statement = database.prepare(
      `INSERT INTO "${kind}" (${names.map((name) => `"${name}"`).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
    )
    return (record: LedgerRecord<K>) => void statement.run(...encodeRecord(kind, record))
  }
  const [putCertificate, putDevice] = [insert('certificate'), insert('device')]
  const at = core.clock.now()
  for (let number = 0; number < certificates; number++) {
    const lot = `lot-${Math.floor(number / inLot)}`
    const owner = newId('device', core)
    putDevice({ ...unit, id: owner, serial: `P-${number}`, lot, version: 1 })
    putCertificate({
      ...{ ...like, id: newId('certificate', core), version: 1, owner, lot, reservedAt: at },
      serialNumber: core.random.bytes(16).with(0, 0x41),
      ...{ sha256: core.random.bytes(32), shard: 100 + Math.floor(number / shardCapacity) },
    })
  }
  database.exec('COMMIT')
  database.close()
}

async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const done = await work()
  console.log(`${name}: ${((performance.now() - began) / 1000).toFixed(2)} s`)
  return done
}

const core = await openTestCore()
try {
  const many = certificates.toLocaleString('en')
  await timed(`${many} certificates loaded`, () => load(core))
  const chosen = { lot: 'lot-0' }
  await timed('preview', () => previewAct({ act: 'end', chosen }, () => false, core))
  const wish = { act: 'end', chosen, reason: 'superseded', because: 'a bench' } as const
  const done = await timed('asked to effective, lists made', async () => {
    const asked = await askAct(wish, operator, core)
    if (asked.kind !== 'asked') throw new Error(asked.kind)
    return carryOut(asked.record.id, core)
  })
  console.log(`${done?.state} for ${done?.done} of ${many}`)
} finally {
  await core.close()
}
