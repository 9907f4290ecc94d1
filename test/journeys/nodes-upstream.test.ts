// SPDX-License-Identifier: Apache-2.0
/** An upstream that signs for two servers on one database: whichever is asked, one order and one certificate. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import {
  certificateIn,
  heardElsewhere,
  isIssuedBy,
  nodeDirectory,
  openTestHouse,
  sharedWords,
  type TestHouse,
  withProduct,
} from '../support/house.ts'
import { type PostgresPlace, postgresPlace, withoutPostgres } from '../support/postgres.ts'
import {
  addUpstreamHouse,
  enrolBy,
  expectBoth,
  letAsk,
  registrationAuthority,
  renewBy,
  signElsewhere,
  wishOf,
} from '../support/upstream.ts'

let place: PostgresPlace
let one: TestHouse
let other: TestHouse
let headquarters: TestHouse
let pump: Product
let theirs: Product

before(
  async () => {
    if (withoutPostgres) return
    place = await postgresPlace()
    const open = () => openTestHouse(nodeDirectory(), {}, sharedWords(place.url))
    one = await open()
    other = await open()
    headquarters = await openTestHouse()
    pump = await withProduct(one)
    theirs = await withProduct(headquarters)
    const authority = await registrationAuthority()
    await letAsk(headquarters, theirs, authority)
    await addUpstreamHouse(one, headquarters, authority)
    const heard = heardElsewhere(other, 'profile-applied')
    await signElsewhere(one)
    await heard
  },
  { timeout: 60_000 },
)
after(async () => {
  if (withoutPostgres) return
  await Promise.all([one.stop(), other.stop(), headquarters.stop()])
  assert.deepEqual([...one.troubles, ...other.troubles, ...headquarters.troubles], [])
  await place.remove()
})

const expected = (serial: string) => expectBoth([one, pump], [headquarters, theirs], serial)

test('a node that never met the upstream asks it by what the other registered', {
  skip: withoutPostgres,
}, async () => {
  const wish = await wishOf(await expected('PUMP-1'))
  const certificate = certificateIn(await enrolBy(other, wish))
  assert.equal(isIssuedBy(headquarters, certificate), true)
  assert.deepEqual(certificateIn(await enrolBy(one, wish)), certificate, 'a repetition, there')
  const renewed = await renewBy(one, { key: wish.key, certificate })
  assert.equal(isIssuedBy(headquarters, renewed.certificate), true)
})

test('the same request at both at once becomes one order', { skip: withoutPostgres }, async () => {
  const wish = await wishOf(await expected('PUMP-2'))
  const answers = await Promise.all([enrolBy(one, wish), enrolBy(other, wish)])
  const statuses = answers.map(({ status }) => status).sort()
  // Who comes second waits for the first, or is told to come again.
  assert.ok(statuses[0] === 200 && [200, 202, 503].includes(statuses[1] ?? 0), `${statuses}`)
  const again = [certificateIn(await enrolBy(one, wish)), certificateIn(await enrolBy(other, wish))]
  assert.deepEqual(again[0], again[1])
  const walk = { by: 'deviceSerial', equal: ['PUMP-2'] } as const
  assert.equal(await one.core.ledger.count('certificate', walk), 1)
  assert.equal(await headquarters.core.ledger.count('certificate', walk), 1)
})
