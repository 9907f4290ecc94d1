// SPDX-License-Identifier: Apache-2.0
/** A device enrols at one house, and another house signs: RFC 7030 section 3.7. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Product, Upstream } from '#core/ledger/tables.ts'
import { enrol } from '#device/enrol.ts'
import { keepUp } from '#device/keep-up.ts'
import { parseCertsOnly } from '#format/cms/certs-only.ts'
import { sha256 } from '#trust/digest.ts'
import {
  ask,
  certificateIn,
  isIssuedBy,
  openTestHouse,
  type TestHouse,
  withProduct,
} from '../support/house.ts'
import { callApi } from '../support/local-api.ts'
import { changeProfile } from '../support/profiles.ts'
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
import { benchOf, workingOf } from './support/device-bench.ts'

let house: TestHouse
let headquarters: TestHouse
let pump: Product
let theirs: Product
let upstream: Upstream
before(async () => {
  ;[house, headquarters] = await Promise.all([openTestHouse(), openTestHouse()])
  pump = await withProduct(house)
  theirs = await withProduct(headquarters)
  const authority = await registrationAuthority()
  await letAsk(headquarters, theirs, authority)
  upstream = await addUpstreamHouse(house, headquarters, authority)
})
after(async () => {
  await Promise.all([house.stop(), headquarters.stop()])
  assert.deepEqual([house.troubles, headquarters.troubles], [[], []])
})

const expected = (serial: string) => expectBoth([house, pump], [headquarters, theirs], serial)

const because = 'RFC 0000: a test'

test('a device enrols here, its certificate is signed there, and both ledgers know it', async () => {
  await signElsewhere(house)
  const wish = await wishOf(await expected('PUMP-1'))
  const answer = await enrolBy(house, wish)
  const certificate = certificateIn(answer)
  assert.equal(isIssuedBy(headquarters, certificate), true)
  assert.equal(isIssuedBy(house, certificate), false)
  const digest = sha256(certificate)
  const record = await house.core.ledger.find('certificate', 'sha256', [digest])
  const far = await headquarters.core.ledger.find('certificate', 'sha256', [digest])
  assert.equal(record?.state, 'issued')
  assert.equal(far?.state, 'issued')
  assert.deepEqual(record.serialNumber, far.serialNumber)
  const authority = await house.core.ledger.read('authority', record.authority)
  assert.equal(authority?.kind, 'foreign')
  assert.equal(authority.key, null)
  const order = await house.core.ledger.find('upstreamOrder', 'certificate', [record.id])
  assert.equal(order?.state, 'answered')
  assert.deepEqual(certificateIn(await enrolBy(house, wish)), certificate, 'a repetition')
  assert.equal(
    await headquarters.core.ledger.count('certificate', { by: 'owner', equal: [far.owner] }),
    1,
  )
})

test('what was signed there is an identity here: it is known, renewed, and cut off', async () => {
  await signElsewhere(house)
  const wish = await wishOf(await expected('PUMP-2'))
  const first = { key: wish.key, certificate: certificateIn(await enrolBy(house, wish)) }
  const known = await ask(house, 'GET', '/whoami', { credential: first })
  assert.equal(JSON.parse(known.body).device, 'PUMP-2')
  const second = await renewBy(house, first)
  assert.equal(isIssuedBy(headquarters, second.certificate), true)
  const record = await house.core.ledger.find('certificate', 'sha256', [sha256(second.certificate)])
  const revoked = await callApi(house, 'POST', `/certificates/${record?.id}/revoke`, {
    ...{ reason: 'keyCompromise', because: 'it was stolen' },
  })
  assert.equal(revoked.status, 200, JSON.stringify(revoked.body))
  const cut = await ask(house, 'GET', '/whoami', { credential: second })
  assert.equal(cut.status, 403)
})

test('switching moves each device at its own renewal, in both directions', async () => {
  await changeProfile(house.core, {})
  const wish = await wishOf(await expected('PUMP-3'))
  const here = { key: wish.key, certificate: certificateIn(await enrolBy(house, wish)) }
  assert.equal(isIssuedBy(house, here.certificate), true)
  await signElsewhere(house)
  const there = await renewBy(house, here)
  assert.equal(isIssuedBy(headquarters, there.certificate), true)
  assert.equal(
    new X509Certificate(there.certificate).subject,
    new X509Certificate(here.certificate).subject,
  )
  await changeProfile(house.core, {})
  assert.equal(isIssuedBy(house, (await renewBy(house, there)).certificate), true)
})

test('both anchor sets are served while devices move', async () => {
  await signElsewhere(house)
  await changeProfile(house.core, {})
  const { body } = await ask(house, 'GET', '/.well-known/est/pump/cacerts')
  const served = parseCertsOnly(Uint8Array.fromBase64(body)).map((der) => sha256(der).toHex())
  for (const one of [...house.core.doors.own, ...headquarters.core.doors.own])
    assert.ok(served.includes(one.certificateSha256.toHex()), one.name)
})

test('its "no" is kept for the operator, and a device hears ours', async () => {
  await signElsewhere(house)
  const { device } = { device: await expected('PUMP-4') }
  const wish = await wishOf(device)
  const theirDevice = await headquarters.core.ledger.find('device', 'serial', [theirs.id, 'PUMP-4'])
  const path = `/devices/${theirDevice?.id}/retire`
  assert.equal((await callApi(headquarters, 'POST', path, { reason: 'scrapped' })).status, 200)
  const answer = await enrolBy(house, wish)
  assert.equal(answer.status, 403)
  assert.match(answer.body, /^upstream-refused: /)
  assert.doesNotMatch(answer.body, /retired/)
  const { body } = await callApi(house, 'GET', '/upstream-orders?state=turned-down')
  assert.match(body.items.at(-1).words, /device-retired/)
  await changeProfile(house.core, {})
  const again = await enrolBy(house, wish)
  assert.equal(again.status, 200, `the code is good again: ${again.body}`)
})

test('it is shown, tested, and not removed while a profile names it', async () => {
  await signElsewhere(house)
  const shown = await callApi(house, 'GET', `/upstreams/${upstream.id}`)
  assert.deepEqual(shown.body.profiles, ['ldevid'])
  assert.doesNotMatch(JSON.stringify(shown.body), /PRIVATE/)
  const tested = await callApi(house, 'POST', `/upstreams/${upstream.id}/test`, {})
  assert.equal(tested.status, 200, JSON.stringify(tested.body))
  assert.ok(tested.body.told.every(({ known }: { known: boolean }) => known))
  const kept = await callApi(house, 'DELETE', `/upstreams/${upstream.id}`)
  assert.equal(kept.status, 409)
  const [root] = upstream.authorities
  const found = await callApi(house, 'GET', `/authorities/${root}/what-if`)
  assert.deepEqual(found.body.profiles, ['ldevid'], JSON.stringify(found.body))
  await changeProfile(house.core, {})
  // The profile of servers is at no entrance, and counts as well.
  await changeProfile(house.core, { hosting: { upstream: 'headquarters', because } }, 'server')
  const still = await callApi(house, 'DELETE', `/upstreams/${upstream.id}`)
  assert.match(JSON.stringify(still.body), /it signs for profile server; change that first/)
  await changeProfile(house.core, {}, 'server')
  await signElsewhere(house)
  const twice = await callApi(house, 'GET', '/upstreams?name=headquarters')
  assert.equal(twice.body.items.length, 1)
})

test('a device that pinned our root takes what was signed elsewhere, and moves both ways', async () => {
  await signElsewhere(house)
  const { serial, code } = await expected('PUMP-5')
  const bench = benchOf()
  const { host, port } = house.addresses.devices
  const root = sha256(house.core.doors.own.find(({ kind }) => kind === 'root')!.certificate)
  const settings = {
    ...{ server: `https://${host}:${port}`, label: 'pump', serial, root: root.toHex() },
    keyAlgorithm: 'p-256',
  } as const
  const done = await enrol(bench, { settings, code, birth: false, again: false, attempts: 1 })
  assert.equal(done.kind, 'proved', JSON.stringify(done))
  assert.equal(isIssuedBy(headquarters, workingOf(bench).leaf.der), true)
  // What it says of its key is booked here, and does not keep the one elsewhere from signing.
  const device = await house.core.ledger.find('device', 'serial', [pump.id, serial])
  const said = { by: 'owner', equal: [device?.id], limit: 10 } as const
  const makings = await house.core.ledger.list('keyMaking', said)
  assert.deepEqual(
    makings.items.map(({ source, mode }) => [source, mode]),
    [['getrandom', 'conditioned']],
  )
  await changeProfile(house.core, {})
  assert.equal((await keepUp(bench, { now: true })).kind, 'kept')
  assert.equal(isIssuedBy(house, workingOf(bench).leaf.der), true)
  await signElsewhere(house)
  assert.equal((await keepUp(bench, { now: true })).kind, 'kept')
  assert.equal(isIssuedBy(headquarters, workingOf(bench).leaf.der), true)
})
