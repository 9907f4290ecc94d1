// SPDX-License-Identifier: Apache-2.0
/** Two nodes of which one has a wrong clock: that one signs nothing, and everybody is told whose clock it is. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { encodeNoteKey } from '#format/tlog/note-key.ts'
import { tellWrongClocks } from '#house/nodes/tell-clocks.ts'
import { generateKey } from '#trust/private-key.ts'
import { noteKeyOf } from '#trust/tlog/note.ts'
import { verifyExport } from '#trust/tlog/verify-export.ts'
import {
  heardElsewhere,
  nodeDirectory,
  openTestHouse,
  postEst,
  requestBy,
  sharedWords,
  type TestHouse,
  withProduct,
} from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'
import { type PostgresPlace, postgresPlace, withoutPostgres } from '../support/postgres.ts'
import { expectDevice } from '../support/refusing.ts'

let place: PostgresPlace
let right: TestHouse
let wrong: TestHouse
let product: Product
let ahead = Temporal.Duration.from({ seconds: 0 })

before(
  async () => {
    if (withoutPostgres) return
    place = await postgresPlace()
    right = await openTestHouse(nodeDirectory(), {}, sharedWords(place.url))
    product = await withProduct(right)
    const clock = { now: () => Temporal.Now.instant().add(ahead) }
    wrong = await openTestHouse(nodeDirectory(), { clock }, sharedWords(place.url))
  },
  { timeout: 60_000 },
)
after(async () => {
  if (withoutPostgres) return
  await Promise.all([right.stop(), wrong.stop()])
  await place.remove()
})

const postgresTest = (name: string, work: () => Promise<void>) =>
  test(name, { skip: withoutPostgres, timeout: 60_000 }, work)

/** Sets the clock of the second node, which gives a sign of life as it does every 20 seconds. */
async function setClock(minutes: number): Promise<void> {
  ahead = Temporal.Duration.from({ minutes })
  await wrong.core.thisNode.beat()
  await tellWrongClocks(wrong.core.thisNode, wrong.core)
}

async function asks(node: TestHouse, serial: string) {
  const { user, code } = await expectDevice(right, product, serial)
  return postEst(node, 'simpleenroll', await requestBy(await generateKey('p-256')), { user, code })
}

async function alarms(): Promise<readonly string[]> {
  const { document } = await askLocal(right, 'GET', '/alarms?kind=clock-apart&state=open')
  return document.items.map(({ text }: { text: string }) => text)
}

/** What doctor says at the node whose clock is right. */
async function clocks(): Promise<string> {
  const { document } = await askLocal(right, 'GET', '/doctor')
  const { verdict, found } = document.findings.find(
    ({ check }: { check: string }) => check === 'clocks of the nodes',
  )
  return `${verdict}: ${found}`
}

const named = (text: RegExp) =>
  new RegExp(text.source.replace('WRONG', wrong.core.node).replace('RIGHT', right.core.node))

postgresTest('a clock that falls behind stops its node, and no other', async () => {
  const holder = right.core.thisNode.sharedClock
  await setClock(-10)
  const refused = await asks(wrong, 'BEHIND-1')
  assert.match(`${refused.status} ${refused.body}`, /^503 clock-behind: /)
  assert.equal(refused.headers['retry-after'], '60')
  assert.equal((await asks(right, 'BEHIND-2')).status, 200)
  assert.match(
    (await alarms()).join(),
    named(/^the clock of node WRONG on \S+ is 600 s behind the database's$/),
  )
  assert.match(
    await clocks(),
    named(/^bad: the clock of RIGHT is (?:599|600)\.\d s ahead of that of WRONG$/),
  )
  // Leases and signs of life go by the database's clock: the wrong one takes nothing, and is not taken for dead.
  const apart = holder.now().until(wrong.core.thisNode.sharedClock.now()).total('seconds')
  assert.ok(Math.abs(apart) < 5, `${apart}`)
  assert.equal((await right.core.thisNode.running()).length, 2)
})

postgresTest('a clock that is set right clears its alarm, and its node signs again', async () => {
  await setClock(0)
  assert.deepEqual(await alarms(), [])
  assert.match(await clocks(), /^good: /)
  assert.equal((await asks(wrong, 'RIGHT-1')).status, 200)
})

postgresTest(
  'a clock that runs ahead is told at once, by which nobody else is stopped',
  async () => {
    await setClock(10)
    assert.match(
      (await alarms()).join(),
      named(/^the clock of node WRONG on \S+ is 600 s ahead of the database's$/),
    )
    assert.match(
      await clocks(),
      named(/^bad: the clock of WRONG is (?:599|600)\.\d s ahead of that of RIGHT$/),
    )
    assert.equal((await asks(right, 'AHEAD-1')).status, 200)
  },
)

postgresTest(
  'a clock that runs ahead stops its node, and what it books stops no other',
  async () => {
    const heard = heardElsewhere(right, 'request-refused')
    const refused = await asks(wrong, 'AHEAD-2')
    assert.match(`${refused.status} ${refused.body}`, /^503 clock-ahead: /)
    assert.equal(refused.headers['retry-after'], '60')
    await heard
    assert.equal((await asks(right, 'AHEAD-3')).status, 200)
    await setClock(0)
    assert.equal((await asks(wrong, 'AHEAD-4')).status, 200)
    await Promise.all([right.sequence(), wrong.sequence()])
    const { logOrigin, logPublicKey } = right.core.installation
    const key = encodeNoteKey(noteKeyOf(logOrigin, Uint8Array.fromHex(logPublicKey)))
    const verified = await verifyExport(right.exportLog(), { key })
    assert.ok(verified.intact, JSON.stringify(verified.findings))
  },
)
