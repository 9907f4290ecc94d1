// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseExportLine } from '#format/tlog/export/line.ts'
import { House, log } from '../../../test/log-house.ts'
import { exportLog } from './export-log.ts'

function exported({ store }: House, sequence = async () => {}) {
  return Array.fromAsync(exportLog({ store, signer: log, sequence }))
}

test('log and ledger are of one moment, however much is committed while they are written', async () => {
  const house = new House().add(300)
  await house.checkpoint()
  const before = await house.export()
  const { store } = house
  const grown = await Array.fromAsync(
    exportLog({ store, signer: log, sequence: () => house.checkpoint() }),
    (piece) => {
      house.add(1)
      return new TextDecoder().decode(piece).slice(0, -1)
    },
  )
  assert.deepEqual(grown, before)
})

test('an export while newer events are numbered is signed for its own size', async () => {
  const house = new House().add(20)
  const size = async () => {
    const [head] = await exported(house, async () => {
      house.add(5)
      await house.checkpoint()
    })
    const line = parseExportLine(new TextDecoder().decode(head).trimEnd())
    assert.ok(line.line === 'head')
    return Number(line.checkpoint.split('\n')[1])
  }
  assert.equal(await size(), 20)
  assert.equal((await house.store.head()).size, 25)
})

test('a log that is not numbered far enough is not exported in part', async () => {
  await assert.rejects(exported(new House().add(3)), { code: 'store-unreachable' })
})

test('an event that is lost or cannot be read is a damaged ledger, named', async () => {
  for (const damage of [
    ({ store }: House) => store.kept.splice(5),
    ({ store }: House) => store.kept[5]!.bytes.fill(0),
    ({ store }: House) => {
      store.kept[5]!.commitment = undefined
    },
  ]) {
    const house = new House().add(8)
    await house.checkpoint()
    const snapshot = await house.store.snapshot()
    damage(house)
    house.store.snapshot = async () => snapshot
    await assert.rejects(exported(house), { code: 'ledger-damaged', message: /event 5/ })
  }
})
