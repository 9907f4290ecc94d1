// SPDX-License-Identifier: Apache-2.0
/** What a profile says of renewal, held against a clock that is set forward. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { applyProfile, newestProfile } from '#core/policy/apply-profile.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  ask,
  type Credential,
  certificateIn,
  enrolled,
  openTestHouse,
  postEst,
  renewalBy,
  requestBy,
  type TestHouse,
  withProduct,
} from '../support/house.ts'
import { refusalOf } from '../support/refusing.ts'

const because = 'this test has no year'

let house: TestHouse
let pump: Product
let ahead = Temporal.Duration.from({ hours: 0 })
const clock = { now: () => Temporal.Now.instant().add(ahead) }

before(async () => {
  house = await openTestHouse(undefined, { clock })
  pump = await withProduct(house)
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

function wait(hours: number): void {
  ahead = ahead.add({ hours })
}

/** Puts a version of `ldevid` in force that differs from the ready one in these members; a day long. */
async function applyRules(rules: object): Promise<void> {
  const newest = await newestProfile('ldevid', house.core.ledger)
  const document = {
    ...readyProfiles.ldevid,
    ...{ version: (newest?.number ?? 0) + 1, validity: { hours: 24, because } },
    backdating: { minutes: 0, because },
    ...rules,
  }
  const applied = await applyProfile(document, { kind: 'house', id: 'test' }, house.core)
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
}

async function renew(credential: Credential): Promise<Credential> {
  const { key, certificate } = credential
  const answer = await postEst(house, 'simplereenroll', await renewalBy(key, certificate), {
    credential,
  })
  return { key, certificate: certificateIn(answer) }
}

async function renewalRefused(credential: Credential): Promise<string> {
  const request = await renewalBy(credential.key, credential.certificate)
  return refusalOf(house, request, { credential }, 'simplereenroll')
}

test('before its window opens a certificate is not renewed', async () => {
  await applyRules({ renewal: { fromPercent: 50, because } })
  const device = await enrolled(house, pump, 'WINDOW-1')
  wait(11)
  assert.equal(await renewalRefused(device), '403 renewal-too-early')
  wait(2)
  await renew(device)
})

test('after expiry, never: only a new code brings the device back', async () => {
  await applyRules({ renewalAfterExpiry: { rule: 'never', because } })
  const device = await enrolled(house, pump, 'NEVER-1')
  wait(25)
  assert.equal(await renewalRefused(device), '403 renewal-after-expiry')
  const whoami = await ask(house, 'GET', '/whoami', { credential: device })
  assert.match(`${whoami.status} ${whoami.body}`, /^403 .*certificate-expired/)
})

test('after expiry, for some days: and not a day longer', async () => {
  await applyRules({ renewalAfterExpiry: { rule: 'for-days', days: 3, because } })
  const [early, late] = [
    await enrolled(house, pump, 'DAYS-1'),
    await enrolled(house, pump, 'DAYS-2'),
  ]
  wait(24 * 3)
  await renew(early)
  wait(25)
  assert.equal(await renewalRefused(late), '403 renewal-after-expiry')
})

test('after expiry, by the birth certificate only', async () => {
  await applyRules({})
  const birth = await enrolled(house, pump, 'BIRTH-1', { label: 'pump-birth' })
  const working = { key: await generateKey('p-256') }
  const first = await postEst(house, 'simpleenroll', await requestBy(working.key), {
    credential: birth,
  })
  wait(25)
  const expired = { ...working, certificate: certificateIn(first) }
  assert.equal(await renewalRefused(expired), '403 renewal-after-expiry')
  const request = await requestBy(await generateKey('p-256'))
  certificateIn(await postEst(house, 'simpleenroll', request, { credential: birth }))
})

test('a key is certified no longer than its maximum age; a new key goes on', async () => {
  await applyRules({ keyAge: { hours: 48, because } })
  const device = await enrolled(house, pump, 'AGE-1')
  wait(20)
  const second = await renew(device)
  wait(20)
  assert.equal(await renewalRefused(second), '400 key-too-old')
  const request = await renewalBy(await generateKey('p-256'), second.certificate)
  certificateIn(await postEst(house, 'simplereenroll', request, { credential: second }))
})

test('a device that uses none of what it gets is refused beyond its profile', async () => {
  await applyRules({ identities: { atMost: 2, because } })
  const device = await enrolled(house, pump, 'MANY-1')
  const rekey = async () =>
    postEst(
      house,
      'simplereenroll',
      await renewalBy(await generateKey('p-256'), device.certificate),
      { credential: device },
    )
  certificateIn(await rekey())
  const { status, body } = await rekey()
  assert.equal(`${status} ${body.split(':')[0]}`, '403 too-many-identities')
})

test('no certificate outlives its issuer', async () => {
  await applyRules({ validity: { hours: 24 * 365, because } })
  const { certificate } = await enrolled(house, pump, 'LONG-1')
  const issuer = house.core.doors.own.find(({ kind }) => kind === 'issuing')
  assert.deepEqual(parseCertificate(certificate).notAfter, issuer?.notAfter)
})
