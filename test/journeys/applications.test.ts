// SPDX-License-Identifier: Apache-2.0
/** Brokers, servers and programs that devices meet: each gets an identity with a code, and renews it by itself. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addApplication, type NewApplication } from '#core/applications/add.ts'
import { newApplicationCode } from '#core/applications/code.ts'
import { removeApplication } from '#core/applications/remove.ts'
import { applicationLabel as label } from '#core/enrolment/applications/enrol-application.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Application } from '#core/ledger/tables.ts'
import { applyProfile } from '#core/policy/apply-profile.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { encodePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { encodeExtension, readExtension } from '#format/x509/extension.ts'
import { formatName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
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

const operator = { kind: 'person', id: 'test' } as const

let house: TestHouse
before(async () => {
  house = await openTestHouse()
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

async function added(name: string, asked: Partial<NewApplication> = {}) {
  const hosts = asked.profile === 'client' ? [] : [`${name}.example.com`]
  const wish = { name, profile: 'server', names: hosts, products: [], codeHours: 24, ...asked }
  const done = await addApplication(wish, 'Acme', operator, house.core)
  assert.equal(done.kind, 'added', JSON.stringify(done))
  return done as Extract<typeof done, { kind: 'added' }>
}

async function withIdentity(name: string, asked: Partial<NewApplication> = {}) {
  const { application, code } = await added(name, asked)
  const key = await generateKey('p-256')
  const answer = await postEst(house, 'simpleenroll', await requestBy(key), {
    ...{ label, user: name, code },
  })
  return { application, code, credential: { key, certificate: certificateIn(answer) } }
}

async function renewed(credential: Credential): Promise<Credential> {
  const key = await generateKey('p-256')
  const request = await renewalBy(key, credential.certificate)
  return {
    key,
    certificate: certificateIn(
      await postEst(house, 'simplereenroll', request, { label, credential }),
    ),
  }
}

function purposesOf(certificate: Uint8Array) {
  return readExtension(parseCertificate(certificate).extensions, 'extKeyUsage')
}

const hosts = (...names: readonly string[]) =>
  encodeExtension(
    'subjectAltName',
    names.map((value) => ({ kind: 'dns', value }) as const),
  )

test('an application gets exactly the names that were registered for it', async () => {
  const { credential } = await withIdentity('broker', {
    names: ['mqtt.example.com', '10.0.0.7'],
  })
  const { subject, extensions } = parseCertificate(credential.certificate)
  assert.match(formatName(subject), /CN=broker/)
  assert.deepEqual(readExtension(extensions, 'subjectAltName'), [
    { kind: 'dns', value: 'mqtt.example.com' },
    { kind: 'ip', bytes: Uint8Array.of(10, 0, 0, 7) },
  ])
})

test('a request for a name that was not registered is refused', async () => {
  const { code } = await added('web')
  const request = await requestBy(await generateKey('p-256'), {
    extensions: [hosts('web.example.com', 'bank.example.com')],
  })
  const answer = await postEst(house, 'simpleenroll', request, { label, user: 'web', code })
  assert.equal(answer.status, 400)
  assert.match(answer.body, /^subject-alternative-name-beyond-profile: /)
})

test('a server serves and a client connects, and neither does both', async () => {
  const server = await withIdentity('only-server')
  const client = await withIdentity('only-client', { profile: 'client' })
  const [serves, connects] = [server, client].map(({ credential }) =>
    JSON.stringify(purposesOf(credential.certificate)),
  )
  assert.notEqual(serves, connects)
  assert.equal(
    parseCertificate(client.credential.certificate).extensions.some(
      ({ oid }) => oid === '2.5.29.17',
    ),
    false,
  )
})

test('it renews by itself with a new key, under the names that it had', async () => {
  const { credential, application } = await withIdentity('renewing')
  const next = await renewed(credential)
  const [before, after] = [credential, next].map(({ certificate }) => parseCertificate(certificate))
  assert.deepEqual(after?.subject.der, before?.subject.der)
  assert.notDeepEqual(after?.publicKey.der, before?.publicKey.der)
  const record = await house.core.ledger.find('certificate', 'sha256', [sha256(next.certificate)])
  assert.equal(record?.owner, application.id)
  assert.notEqual(record?.replaces, null)
})

test('it learns who it is to us, which proves its certificate', async () => {
  const { credential } = await withIdentity('asking')
  const answer = await ask(house, 'GET', '/whoami', { credential })
  const { application, profile, state } = JSON.parse(answer.body)
  assert.deepEqual(
    { application, profile, state },
    { application: 'asking', profile: 'server', state: 'active' },
  )
  const record = await house.core.ledger.find('certificate', 'sha256', [
    sha256(credential.certificate),
  ])
  assert.notEqual(record?.usedAt, null)
})

test('a code is good once, and its own request gets its answer again', async () => {
  const { code } = await added('once')
  const request = await requestBy(await generateKey('p-256'))
  const call = { label, user: 'once', code }
  const first = certificateIn(await postEst(house, 'simpleenroll', request, call))
  assert.deepEqual(certificateIn(await postEst(house, 'simpleenroll', request, call)), first)
  const another = await postEst(
    house,
    'simpleenroll',
    await requestBy(await generateKey('p-256')),
    call,
  )
  assert.match(another.body, /^code-used: /)
})

test('a code is good for its own name only, and a newer one ends it', async () => {
  const { code, application } = await added('named')
  const request = await requestBy(await generateKey('p-256'))
  const strange = await postEst(house, 'simpleenroll', request, { label, user: 'other', code })
  assert.match(strange.body, /^code-wrong: /)
  const made = await newApplicationCode(application, 1, operator, house.core)
  assert.equal(made.kind, 'made')
  const old = await postEst(house, 'simpleenroll', request, { label, user: 'named', code })
  assert.match(old.body, /^code-wrong: /)
})

test('a key of one application is certified for no other', async () => {
  const { credential } = await withIdentity('holder')
  const { code } = await added('thief')
  const answer = await postEst(house, 'simpleenroll', await requestBy(credential.key), {
    ...{ label, user: 'thief', code },
  })
  assert.match(answer.body, /^key-has-another-owner: /)
})

test('an application is no device at the doors of devices', async () => {
  await withProduct(house, 'pump')
  const { credential } = await withIdentity('intruder', { profile: 'client' })
  const request = await renewalBy(credential.key, credential.certificate)
  for (const operation of ['simpleenroll', 'simplereenroll']) {
    const answer = await postEst(house, operation, request, { label: 'pump', credential })
    assert.match(answer.body, /^certificate-wrong-purpose: /, operation)
  }
})

test('a device is no application at theirs', async () => {
  const device = await enrolled(house, await withProduct(house, 'meter'), 'METER-1')
  const request = await renewalBy(device.key, device.certificate)
  const answer = await postEst(house, 'simplereenroll', request, { label, credential: device })
  assert.match(answer.body, /^certificate-wrong-purpose: /)
})

test('it hears an order to renew at once, and may follow it', async () => {
  const { renewal, ...rest } = readyProfiles.server
  const document = {
    ...{ ...rest, name: 'server-late', renewal: { ...renewal, fromPercent: 90 } },
  }
  const applied = await applyProfile(document, { kind: 'house', id: 'test' }, house.core)
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
  const { credential, application } = await withIdentity('ordered', { profile: 'server-late' })
  const request = await renewalBy(await generateKey('p-256'), credential.certificate)
  const early = await postEst(house, 'simplereenroll', request, { label, credential })
  assert.match(early.body, /^renewal-too-early: /)
  const record = await house.core.ledger.find('certificate', 'sha256', [
    sha256(credential.certificate),
  ])
  await orderAllUnder(record?.authority ?? '', application.id)
  const told = JSON.parse((await ask(house, 'GET', '/whoami', { credential })).body)
  assert.match(told.renew.after, /^20.*Z$/)
  certificateIn(await postEst(house, 'simplereenroll', request, { label, credential }))
})

/** As when an authority was stopped: all that it issued is to be renewed within the hour. */
async function orderAllUnder(authority: string, subject: string): Promise<void> {
  const at = house.core.clock.now().add({ milliseconds: 1 })
  const committed = await house.core.ledger.commit({
    puts: [
      {
        kind: 'renewalOrder',
        record: {
          ...{ id: newId('renewalOrder', house.core), version: 1, authority },
          ...{ product: null, lot: null, algorithm: null, because: 'a test', total: 1 },
          ...{ fromAt: at, until: at.add({ hours: 1 }), state: 'open', createdAt: at },
          ...{ createdBy: 'test', endedAt: null },
        },
      },
    ],
    events: [{ type: 'renewal-ordered', at, actor: operator, subjects: [subject], facts: {} }],
  })
  assert.equal(committed.kind, 'committed')
  await house.core.doors.reload()
}

test('one that never uses what it is given is given no more', async () => {
  const { credential } = await withIdentity('greedy')
  await renewed(credential)
  await renewed(credential)
  const key = await generateKey('p-256')
  const request = await renewalBy(key, credential.certificate)
  const answer = await postEst(house, 'simplereenroll', request, { label, credential })
  // The one that it shows is in use; of those after it two are unproven.
  assert.match(answer.body, /^too-many-identities: /)
})

async function asks(credential: Credential, path: string, body?: object) {
  const answer = await ask(house, body === undefined ? 'GET' : 'POST', `/api/v1${path}`, {
    credential,
    ...(body && {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  return { status: answer.status, document: JSON.parse(answer.body) }
}

test('a client may ask whom to believe, of its own products, and nothing else', async () => {
  const product = await withProduct(house, 'infuser')
  const mine = await enrolled(house, product, 'INFUSER-1')
  const other = await enrolled(house, await withProduct(house, 'toaster'), 'TOASTER-1')
  const { credential } = await withIdentity('verifying', {
    ...{ profile: 'client', products: [product.id] },
  })
  const chainOf = ({ certificate }: Credential) => ({
    chain: encodePem('CERTIFICATE', certificate),
  })
  const yes = await asks(credential, '/verify', chainOf(mine))
  assert.deepEqual([yes.status, yes.document.trusted], [200, true])
  const no = await asks(credential, '/verify', chainOf(other))
  assert.deepEqual([no.status, no.document.reason], [200, 'identity-differs'])
  assert.equal((await asks(credential, '/devices')).status, 403)
})

test('who serves may not ask with the certificate that it serves with', async () => {
  const { credential } = await withIdentity('serving')
  assert.equal((await asks(credential, '/verify', { chain: 'AA==' })).status, 401)
})

test('who holds a certificate renews it, and does not enrol with it', async () => {
  const { credential } = await withIdentity('again')
  const request = await requestBy(await generateKey('p-256'))
  const answer = await postEst(house, 'simpleenroll', request, { label, credential })
  assert.match(answer.body, /^proof-not-admitted: /)
})

test('a removed application is revoked with all that it has', async () => {
  const { credential, application: before } = await withIdentity('gone')
  const application = await recordOf(before)
  const removed = await removeApplication(application, 'sold', operator, house.core)
  assert.equal(removed.kind, 'removed')
  const record = await house.core.ledger.find('certificate', 'sha256', [
    sha256(credential.certificate),
  ])
  const act = await house.core.ledger.read('revocation', record?.revocation ?? '')
  assert.deepEqual(
    [act?.act, act?.state, act?.total, act?.chosen],
    ['end', 'effective', 1, { owner: application.id }],
  )
  const request = await renewalBy(credential.key, credential.certificate)
  const answer = await postEst(house, 'simplereenroll', request, { label, credential })
  assert.match(answer.body, /^certificate-revoked: /)
  assert.equal((await ask(house, 'GET', '/whoami', { credential })).status, 403)
  const code = await newApplicationCode(await recordOf(before), 1, operator, house.core)
  assert.equal(code.kind === 'refused' && code.reason, 'application-removed')
})

test('a profile that lets nobody renew by himself is named before an application stands on it', async () => {
  const { renewal: _, renewalAfterExpiry: __, ...rest } = readyProfiles.server
  const document = {
    ...{ ...rest, name: 'server-by-hand' },
    admission: { proofs: ['operator'], because: 'as it was before applications' },
  }
  const applied = await applyProfile(document, { kind: 'house', id: 'test' }, house.core)
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
  const wish = { name: 'late', profile: 'server-by-hand', names: ['late.example'], products: [] }
  const done = await addApplication({ ...wish, codeHours: 1 }, 'Acme', operator, house.core)
  assert.equal(done.kind === 'refused' && done.reason, 'proof-not-admitted')
})

test('names are asked of a server, and none of a client', async () => {
  for (const [profile, names] of [
    ['server', []],
    ['client', ['client.example']],
    ['server', ['not a name']],
    ['ldevid', []],
  ] as const) {
    const wish = { name: `wrong-${profile}`, profile, names, products: [], codeHours: 1 }
    const done = await addApplication(wish, 'Acme', operator, house.core)
    assert.equal(done.kind === 'refused' && done.reason, 'input-wrong', profile)
  }
})

async function recordOf({ id }: Application): Promise<Application> {
  const found = await house.core.ledger.read('application', id)
  assert.ok(found)
  return found
}
