// SPDX-License-Identifier: Apache-2.0
/** What one node changes counts at the other, and a node that cannot hear of it signs nothing. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { EventType } from '#core/audit/event.ts'
import { retire } from '#core/devices/life.ts'
import type { Product } from '#core/ledger/tables.ts'
import { applyProfile } from '#core/policy/apply-profile.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import type { House } from '#house/house.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  enrolled,
  fetchStatus,
  heardElsewhere,
  nodeDirectory,
  openTestHouse,
  postEst,
  renewalBy,
  requestBy,
  sharedWords,
  type TestHouse,
  withProduct,
} from '../support/house.ts'
import { type PostgresPlace, postgresPlace, withoutPostgres } from '../support/postgres.ts'
import { expectDevice, refusalOf } from '../support/refusing.ts'

const operator = { kind: 'person', id: 'test' } as const

let place: PostgresPlace
let one: TestHouse
let other: TestHouse
let product: Product
let isDeaf = false

before(
  async () => {
    if (withoutPostgres) return
    place = await postgresPlace()
    one = await openTestHouse(nodeDirectory(), {}, sharedWords(place.url))
    product = await withProduct(one)
    // What it is told it still takes in: as where the connection is cut just after.
    const wrapElsewhere = (elsewhere: Parameters<House['feed']['hear']>[0]) => ({
      follow: elsewhere.follow.bind(elsewhere),
      hears: () => !isDeaf && elsewhere.hears(),
    })
    other = await openTestHouse(nodeDirectory(), { wrapElsewhere }, sharedWords(place.url))
  },
  { timeout: 60_000 },
)
after(async () => {
  if (withoutPostgres) return
  await Promise.all([one.stop(), other.stop()])
  await place.remove()
})

const postgresTest = (name: string, work: () => Promise<void>) =>
  test(name, { skip: withoutPostgres, timeout: 60_000 }, work)

/** Does it at the first node, and waits until the other has taken note. */
async function changed(what: EventType, work: () => Promise<{ readonly kind: string }>) {
  const heard = heardElsewhere(other, what)
  const { kind } = await work()
  assert.notEqual(kind, 'refused')
  assert.notEqual(kind, 'conflict')
  await heard
}

postgresTest('what one node puts in force as a profile the other issues by', async () => {
  const because = 'this test is short'
  const document = { ...readyProfiles.ldevid, version: 2, validity: { hours: 30, because } }
  await changed('profile-applied', () => applyProfile(document, operator, one.core))
  const { certificate } = await enrolled(other, product, 'PROFILE-1')
  const record = await other.core.ledger.find('certificate', 'sha256', [sha256(certificate)])
  assert.equal(record?.profileVersion, 2)
})

postgresTest('a device that one node retires is refused by the other at once', async () => {
  const { device, key, certificate } = await enrolled(other, product, 'RETIRED-1')
  const now = (await one.core.ledger.read('device', device.id)) ?? assert.fail('no device')
  // Nothing needs to be heard: what a device may is asked of the ledger each time.
  assert.equal((await retire(now, 'lost', operator, one.core)).kind, 'changed')
  const request = await renewalBy(key, certificate)
  const answer = await refusalOf(
    other,
    request,
    { credential: { key, certificate } },
    'simplereenroll',
  )
  assert.match(answer, /^403 /)
})

postgresTest(
  'a node that does not hear the others signs nothing, and says why it is not ready',
  async () => {
    const { user, code } = await expectDevice(one, product, 'DEAF-1')
    const request = await requestBy(await generateKey('p-256'))
    isDeaf = true
    assert.equal(await refusalOf(other, request, { user, code }), '503 store-unreachable')
    const { status, body } = await fetchStatus(other, '/readyz')
    assert.equal(`${status} ${new TextDecoder().decode(body)}`, '503 not ready: nodes\n')
    isDeaf = false
    assert.equal((await fetchStatus(other, '/readyz')).status, 200)
    // Its code was not spent on the node that could not.
    assert.equal((await postEst(other, 'simpleenroll', request, { user, code })).status, 200)
  },
)

postgresTest('an authority that one node stops issues nothing at the other', async () => {
  const { items } = await one.core.ledger.list('authority', { limit: 9 })
  const issuing = items.find(({ kind }) => kind === 'issuing') ?? assert.fail('no authority')
  const { user, code } = await expectDevice(one, product, 'STOPPED-1')
  await changed('authority-stopped', () =>
    one.core.ledger.commit({
      puts: [
        {
          kind: 'authority',
          record: { ...issuing, version: issuing.version + 1, state: 'issuing-stopped' },
        },
      ],
      // Whatever comes first in its event: which records were written is told beside it.
      events: [
        {
          ...{ type: 'authority-stopped', at: one.core.clock.now(), actor: operator },
          ...{ subjects: [], facts: {} },
        },
      ],
    }),
  )
  const request = await requestBy(await generateKey('p-256'))
  assert.match(await refusalOf(other, request, { user, code }), /^\d+ issuing-stopped$/)
})

postgresTest('a change that other nodes cannot hear of is reported', async () => {
  const { items } = await one.core.ledger.list('party', { limit: 1 })
  const [party] = items
  assert.ok(party)
  assert.deepEqual(one.troubles, [])
  const record = { ...party, version: party.version + 1 }
  await one.core.ledger.commit({ puts: [{ kind: 'party', record }], events: [] })
  const issued = { by: 'state', equal: ['issued'], limit: 1 } as const
  const [certificate] = (await one.core.ledger.list('certificate', issued)).items
  assert.ok(certificate)
  const at = one.core.clock.now()
  const revoked = { ...certificate, version: certificate.version + 1, revokedAt: at }
  await one.core.ledger.commit({ puts: [{ kind: 'certificate', record: revoked }], events: [] })
  assert.deepEqual(
    one.troubles.filter((trouble) => typeof trouble === 'string'),
    ['other nodes cannot hear of a change', 'other nodes cannot hear of a revocation'],
  )
})
