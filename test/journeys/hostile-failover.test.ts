// SPDX-License-Identifier: Apache-2.0
/** A database server that dies while devices enrol, and its standby takes over: nothing acknowledged is lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { recoverReserved } from '#core/authority/abandon.ts'
import type { Product } from '#core/ledger/tables.ts'
import { encodeNoteKey } from '#format/tlog/note-key.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey } from '#trust/private-key.ts'
import { noteKeyOf } from '#trust/tlog/note.ts'
import { verifyExport } from '#trust/tlog/verify-export.ts'
import {
  certificateIn,
  fetchStatus,
  nodeDirectory,
  openTestHouse,
  postEst,
  requestBy,
  sharedWords,
  type TestHouse,
  withProduct,
} from '../support/house.ts'
import { ownCluster, postgresPlace, standbyOf, withoutPostgres } from '../support/postgres.ts'
import { expectDevice } from '../support/refusing.ts'

const loops = 8
const devicesPerLoop = 20

/** A device that has asked, perhaps more than once, until it was given its certificate. */
interface Served {
  readonly device: string
  readonly certificate: Uint8Array
}

test('a standby takes over while devices enrol at two nodes: all are served, each with one certificate', {
  skip: withoutPostgres,
  timeout: 120_000,
}, async () => {
  const first = await ownCluster(['max_wal_senders = 4', 'wal_level = replica'])
  const place = await postgresPlace({ on: first })
  const second = await standbyOf(first)
  const hosts = [first, second].map(({ directory, port }) => `${directory}:${port}`)
  const words = sharedWords(`postgres://postgres@/${place.database}?host=${hosts}`)
  const nodes: TestHouse[] = []
  try {
    for (let count = 0; count < 2; count++)
      nodes.push(await openTestHouse(nodeDirectory(), {}, words))
    const [one] = nodes as [TestHouse]
    const product = await withProduct(one)
    const served: Served[] = []
    const fleet = Promise.all(
      Array.from({ length: loops }, async (_, loop) => {
        for (let count = 0; count < devicesPerLoop; count++)
          served.push(await serve(nodes[loop % 2]!, product, `UNIT-${loop}-${count}`))
      }),
    )
    while (served.length < 40) await Promise.race([fleet, turn()])
    await first.stop('immediate')
    const servedBefore = served.length
    await second.promote()
    for (const node of nodes) while ((await fetchStatus(node, '/readyz')).status !== 200);
    // What the recovery job does; what is still being signed is given up too, and asked for again.
    await recoverReserved(one.core, one.core.clock.now())
    await fleet
    assert.ok(served.length > servedBefore)
    assert.equal(served.length, loops * devicesPerLoop)
    const { ledger, installation } = one.core
    for (const { device, certificate } of served) {
      const record = await ledger.find('certificate', 'sha256', [sha256(certificate)])
      assert.equal(record?.state, 'issued')
      const { items } = await ledger.list('certificate', { by: 'owner', equal: [device], limit: 9 })
      assert.equal(items.filter(({ state }) => state !== 'abandoned').length, 1)
    }
    await one.sequence()
    const key = noteKeyOf(installation.logOrigin, Uint8Array.fromHex(installation.logPublicKey))
    const verified = await verifyExport(one.exportLog(), { key: encodeNoteKey(key) })
    assert.ok(verified.intact, JSON.stringify(verified.findings))
  } finally {
    await Promise.all(nodes.map((node) => node.stop()))
    await second.remove()
    await first.remove()
  }
})

/** Asks until there is an answer other than to come again. */
async function serve(node: TestHouse, product: Product, serial: string): Promise<Served> {
  const { user, code, device } = await expectDevice(node, product, serial)
  const request = await requestBy(await generateKey('p-256'))
  let answer = await postEst(node, 'simpleenroll', request, { user, code })
  while (answer.status === 503)
    answer = await postEst(node, 'simpleenroll', request, { user, code })
  return { device: device.id, certificate: certificateIn(answer) }
}
