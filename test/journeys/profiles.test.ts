// SPDX-License-Identifier: Apache-2.0
/** Profiles of one's own, from the copy to the certificate. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addEntrance } from '#core/devices/entrance.ts'
import { addProduct, entrancesOf } from '#core/devices/product.ts'
import type { Product } from '#core/ledger/tables.ts'
import { applyProfile, newestProfile } from '#core/policy/apply-profile.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { readySets } from '#core/policy/ready/ready-sets.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  addPump,
  ask,
  certificateOf,
  enrolDevice,
  expectDevice,
  issuedOf,
  openTestCore,
  operator,
  reasonOf,
  type TestCore,
} from '../support/core.ts'

const because = 'the pump goes to service every month'

let core: TestCore
before(async () => {
  core = await openTestCore()
})
after(async () => {
  await core.close()
  assert.deepEqual(core.troubles, [])
})

/** A product by these profiles, as `product add` makes it. */
async function addWith(
  name: string,
  profiles: { readonly profile?: string; readonly birthProfile?: string },
) {
  const asked = { name, exposure: 'therapy', maker: 'Acme', ...profiles } as const
  return addProduct(asked, operator, core)
}

async function productWith(name: string, profiles: Parameters<typeof addWith>[1]) {
  const added = await addWith(name, profiles)
  return added.kind === 'added' ? added.product : assert.fail(added.detail)
}

/** Puts a copy of a ready profile in force under another name. */
async function applyCopy(name: string, changes: object): Promise<void> {
  const document = { ...readyProfiles.ldevid, name, ...changes }
  const applied = await applyProfile(document, operator, core)
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
}

async function issuedTo(product: Product, serial: string, label?: string) {
  const { id, certificate } = await enrolDevice(core, product, serial, { label })
  const { notBefore, notAfter } = parseCertificate(certificate)
  const { profile, kind } = await certificateOf(core, id)
  return { profile, kind, hours: notBefore.until(notAfter).total('hours') }
}

test('a profile that was copied under a new name makes the certificates of a product', async () => {
  await applyCopy('short', {
    validity: { hours: 720, because },
    backdating: { minutes: 0, because },
  })
  const product = await productWith('short pump', { profile: 'short' })
  const { profile, hours } = await issuedTo(product, 'SHORT-1')
  assert.equal(profile, 'short')
  assert.ok(Math.abs(hours - 720) < 0.01, `${hours} hours`)
  const doors = await entrancesOf(product.id, core.ledger)
  assert.deepEqual(
    doors.map((one) => [one.label, one.profile]),
    [
      ['short-pump', 'short'],
      ['short-pump-birth', 'idevid'],
    ],
  )
})

test('every profile of a ready set is stored, and its two for devices issue', async () => {
  const set = readySets['medical-15y'] ?? []
  assert.ok(set.length > 5)
  for (const { name } of set) {
    assert.equal((await newestProfile(name, core.ledger))?.number, 1, name)
  }
  const names = { profile: 'medical-15y-ldevid', birthProfile: 'medical-15y-idevid' }
  const product = await productWith('implant', names)
  const working = await issuedTo(product, 'IMPLANT-1')
  assert.deepEqual([working.profile, working.kind], ['medical-15y-ldevid', 'working'])
  const birth = await issuedTo(product, 'IMPLANT-2', 'implant-birth')
  assert.deepEqual([birth.profile, birth.kind], ['medical-15y-idevid', 'birth'])
})

test('a profile that is unknown, of the wrong kind or for another environment opens no door', async () => {
  await applyCopy('real', { environments: ['production'] })
  for (const [profiles, reason, told] of [
    [{ profile: 'nothing' }, 'not-found', /no profile nothing/],
    [{ profile: 'idevid' }, 'input-wrong', /idevid makes birth certificates, working ones/],
    [{ birthProfile: 'ldevid' }, 'input-wrong', /ldevid makes working certificates, birth ones/],
    [{ profile: 'server' }, 'input-wrong', /server makes server certificates/],
    [{ profile: 'real' }, 'profile-wrong', /is for production, the authority is trial/],
  ] as const) {
    const refused = await addWith('refused', profiles)
    assert.equal(reasonOf(refused), reason)
    assert.match(refused.kind === 'refused' ? refused.detail : '', told)
  }
  assert.equal(await core.ledger.find('product', 'name', ['refused']), undefined)
})

test('a further entrance issues by its own profile, and its label is never given twice', async () => {
  const product = await addPump(core, 'infusion')
  await applyCopy('radio', {
    validity: { hours: 48, because },
    backdating: { minutes: 0, because },
  })
  const open = (label: string, profile: string) =>
    addEntrance({ label, product, profile }, operator, core)
  const added = await open('infusion-radio', 'radio')
  assert.equal(added.kind, 'added')
  assert.equal(
    core.events.filter(({ type }) => type === 'entrance-opened').at(-1)?.facts['label'],
    'infusion-radio',
  )
  assert.equal((await issuedTo(product, 'INF-1', 'infusion-radio')).profile, 'radio')
  assert.equal((await issuedTo(product, 'INF-2')).profile, 'ldevid')
  assert.equal(reasonOf(await open('infusion-radio', 'ldevid')), 'exists-already')
  assert.equal(reasonOf(await open('infusion', 'radio')), 'exists-already')
  assert.equal(reasonOf(await open('infusion-other', 'client')), 'input-wrong')
  const { credential } = await expectDevice(core, await addPump(core, 'other'), 'OTHER-1')
  const key = await generateKey('p-256')
  assert.equal(
    reasonOf(await ask(core, credential, key, { label: 'infusion-radio' })),
    'entrance-wrong',
  )
  assert.equal(issuedOf(await ask(core, credential, key)).kind, 'issued')
})
