// SPDX-License-Identifier: Apache-2.0
/** Trust that ends for many at once, over the API and real TLS: seen before, agreed to by two, carried out, proved. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addRegistrar } from '#core/enrolment/speakers/register.ts'
import type { Product } from '#core/ledger/tables.ts'
import { join } from '#core/people/invitation.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { changeLimit } from '#core/revocation/acts/limit-change.ts'
import { openAlarm } from '#core/watch/alarm.ts'
import { makePassphraseHasher } from '#edge/admin/argon2.ts'
import { attributeTypes, keyPurposes } from '#format/oids.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { encodeName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey } from '#trust/private-key.ts'
import { verifyExport } from '#trust/tlog/verify-export.ts'
import { certify, makeEntity } from '../made-certificates.ts'
import { addPerson } from '../support/approver.ts'
import {
  ask,
  type Credential,
  certificateIn,
  enrolled,
  fetchStatus,
  openTestHouse,
  postEst,
  renewalBy,
  requestBy,
  type TestHouse,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { runHere } from '../support/in-process.ts'
import { callApi } from '../support/local-api.ts'
import { changeProfile } from '../support/profiles.ts'

const local = { kind: 'person', id: 'local' } as const
const operator = { kind: 'person', id: 'psn_test' } as const
const passphrase = 'nine blue herons over the marsh'
let house: TestHouse
let pump: Product

before(async () => {
  house = await openTestHouse()
  pump = await withProduct(house)
  const { proofs } = readyProfiles.ldevid.admission
  await changeProfile(house.core, {
    admission: { proofs: [...proofs, 'registrar'], because: 'a line asks' },
  })
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

const api = (method: string, path: string, input?: object) => callApi(house, method, path, input)

async function who(credential: Credential): Promise<string> {
  const { status, body } = await ask(house, 'GET', '/whoami', { credential })
  return status === 200 ? JSON.parse(body).state : JSON.parse(body).code
}

async function idOf({ certificate }: Credential): Promise<string> {
  const found = await house.core.ledger.find('certificate', 'sha256', [sha256(certificate)])
  return found?.id ?? assert.fail('no record')
}

async function isListed({ certificate }: Credential): Promise<boolean> {
  const { body } = await fetchStatus(house, '/crl/issuing-1.crl')
  const { serialNumber } = parseCertificate(certificate)
  return [...parseCrl(body).revoked].some(
    (one) => one.serialNumber.toHex() === serialNumber.toHex(),
  )
}

/** Asks until it is so; the state of an act is moved by others. */
async function shownAs(id: string, isSo: (act: Record<string, unknown>) => boolean) {
  for (let tries = 0; tries < 400; tries++) {
    const { body } = await api('GET', `/revocations/${id}`)
    if (isSo(body)) return body
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return assert.fail(`${id} did not come so far`)
}

test('a device in quarantine is refused at its port and listed; released, it goes on with what it has', async () => {
  const device = await enrolled(house, pump, 'HELD-1')
  const path = `/devices/${device.device.id}`
  assert.equal(await who(device), 'active')
  assert.equal((await api('POST', `${path}/quarantine`, { reason: 'seal broken' })).status, 200)
  assert.equal(await who(device), 'device-quarantined')
  assert.equal(await isListed(device), true)
  const released = await api('POST', `${path}/release`, { reason: 'looked at' })
  assert.equal(released.body.state, 'active')
  assert.equal(await who(device), 'active')
  assert.equal(await isListed(device), false)
  const renewal = await renewalBy(device.key, device.certificate)
  const renewed = await postEst(house, 'simplereenroll', renewal, { credential: device })
  assert.equal(renewed.status, 200)
})

test('what is chosen is previewed, ended and proved, and all others go on', async () => {
  const [one, other] = [await enrolled(house, pump, 'END-1'), await enrolled(house, pump, 'END-2')]
  const chosen = { certificate: await idOf(one) }
  const preview = await api('GET', `/revocations/preview?certificate=${chosen.certificate}`)
  assert.deepEqual(
    [preview.status, preview.body.certificates, preview.body.first],
    [200, 1, ['END-1']],
  )
  assert.equal(await who(one), 'active')
  const wish = { ...chosen, reason: 'keyCompromise', because: 'read out', set: preview.body.set }
  const ended = await api('POST', '/revocations/end', wish)
  assert.equal(ended.status, 201)
  assert.equal(ended.body.revocation.state, 'effective')
  assert.deepEqual([await who(one), await who(other)], ['certificate-revoked', 'active'])
  const { id } = ended.body.revocation
  const proof = await shownAs(id, ({ publishedAt }) => publishedAt !== null)
  const times = ['requestedAt', 'decidedAt', 'effectiveAt', 'publishedAt'].map((name) =>
    Temporal.Instant.from(proof[name]),
  )
  assert.deepEqual(times, times.toSorted(Temporal.Instant.compare))
  assert.equal(await isListed(one), true)
  await house.sequence()
  const told = (await api('GET', `/revocations/${id}`)).body.events
  assert.deepEqual(
    told.map(({ type }: { type: string }) => type),
    ['revocation-published', 'revocation-effective', 'revocation-requested'],
  )
  const again = await api('POST', '/revocations/end', { ...wish, set: undefined })
  assert.deepEqual(again.body, { revocation: null, already: 1 })
})

test('two people agree to a large act, each known by a passphrase, and an alarm stands until then', async () => {
  const device = await enrolled(house, pump, 'TWO-1')
  await api('POST', '/claim', { name: 'Ada', passphrase, maker: 'Acme' })
  const limit = await api('POST', '/revocations/limit', { alone: 0, because: 'a test' })
  assert.deepEqual(limit.body, { aloneUpTo: 0, change: null })
  const asked = await api('POST', '/revocations/hold', {
    ...{ device: device.device.id, because: 'a test' },
  })
  const { id, set, state, approvalsMissing } = asked.body.revocation
  assert.deepEqual([state, approvalsMissing], ['waiting', 2])
  const open = () => openAlarm('revocation-waiting', id, house.core.ledger)
  assert.equal((await open())?.severity, 'warning')
  assert.equal(await who(device), 'active')
  const approve = (input: object) => api('POST', `/revocations/${id}/approve`, { set, ...input })
  assert.equal((await approve({})).body.code, 'credential-missing')
  const wrong = await approve({ name: 'Ada', passphrase: 'not hers at all' })
  assert.equal(wrong.body.code, 'sign-in-wrong')
  const first = await approve({ name: 'Ada', passphrase })
  assert.deepEqual([first.body.state, first.body.approvalsMissing], ['waiting', 1])
  assert.equal((await approve({ name: 'Ada', passphrase })).body.code, 'approver-counted')
  const stale = await approve({ name: 'Ada', passphrase, set: '0'.repeat(64) })
  assert.equal(stale.body.code, 'set-changed')
  const invited = await api('POST', '/people', { name: 'Grace', role: 'operator' })
  const token = invited.body.link.path.split('=')[1]
  const hasher = makePassphraseHasher(house.core.random)
  assert.equal((await join({ token, passphrase }, { ...house.core, hasher })).kind, 'joined')
  const second = await approve({ name: 'Grace', passphrase })
  assert.equal(second.body.state, 'effective', JSON.stringify(second.body))
  assert.equal(await who(device), 'certificate-held')
  assert.equal(await open(), undefined)
  const refused = await api('POST', '/revocations/release', { revocation: id, because: 'a test' })
  const waiting = refused.body.revocation.id
  const no = await api('POST', `/revocations/${waiting}/refuse`, { because: 'not yet' })
  assert.equal(no.body.state, 'refused')
  const taken = await api('POST', '/revocations/release', { revocation: id, because: 'a test' })
  const back = await api('POST', `/revocations/${taken.body.revocation.id}/withdraw`, {})
  assert.equal(back.body.state, 'withdrawn')
  await api('POST', '/revocations/limit', { because: 'the test is over' })
  const given = await api('POST', '/revocations/release', { revocation: id, because: 'a test' })
  assert.equal(given.body.revocation.state, 'effective')
  assert.equal(await who(device), 'active')
})

test('what a registrar asked for ends with it, and what that was renewed to', async () => {
  const [authority, line] = [await makeEntity('CN=line CA'), await makeEntity('CN=line-3')]
  const now = Temporal.Now.instant().round('second')
  const certificate = await certify(line, authority, {
    notBefore: now.subtract({ hours: 1 }),
    notAfter: now.add({ hours: 24 }),
    extensions: [encodeExtension('extKeyUsage', [keyPurposes.clientAuth, keyPurposes.cmcRA])],
  })
  const wish = { name: 'line-3', certificate, products: [pump.id], expiresAt: undefined }
  const added = await addRegistrar({ ...wish, renews: false }, operator, house.core)
  if (added.kind === 'refused') assert.fail(added.detail)
  await withDevice(house, pump, 'LINE-1')
  const subject = encodeName([[{ type: attributeTypes.serialNumber, value: 'LINE-1' }]])
  const key = await generateKey('p-256')
  const answer = await postEst(house, 'simpleenroll', await requestBy(key, { subject }), {
    ...{ credential: { key: line.pair, certificate: certificate.der }, label: 'pump' },
  })
  const first = { key, certificate: certificateIn(answer) }
  const renewal = await renewalBy(key, first.certificate)
  const renewed = await postEst(house, 'simplereenroll', renewal, { credential: first })
  const second = { key, certificate: certificateIn(renewed) }
  const other = await enrolled(house, pump, 'LINE-2')
  const ended = await api('POST', '/revocations/end', {
    ...{ registrar: added.registrar.id, reason: 'keyCompromise', because: 'its key was stolen' },
  })
  assert.equal(ended.body.revocation?.done, 2, JSON.stringify(ended.body))
  assert.deepEqual(
    [await who(first), await who(second), await who(other)],
    ['certificate-revoked', 'certificate-revoked', 'active'],
  )
})

test('what cannot be chosen is refused by name, with where and why', async () => {
  const because = 'a test'
  for (const [input, code, words] of [
    [{}, 'input-wrong', /say what is meant/],
    [{ lot: 'NONE' }, 'not-found', /no certificate/],
    [{ device: `dev_${'0'.repeat(32)}` }, 'not-found', /there is no device/],
    [{ kind: 'issuing' }, 'not-permitted', /authority revoke/],
  ] as const) {
    const { body } = await api('POST', '/revocations/end', {
      ...input,
      reason: 'unspecified',
      because,
    })
    assert.equal(body.code, code)
    assert.match(body.detail, words)
  }
  const unknown = await api('GET', `/revocations/rvc_${'0'.repeat(32)}`)
  assert.equal(unknown.status, 404)
})

test('an auditor finds all of it in the log, and every record matches its events', async () => {
  const { items } = (await api('GET', '/revocations?limit=100')).body
  assert.ok(items.length >= 5)
  const found = await verifyExport(house.exportLog(), {})
  assert.ok(found.intact, JSON.stringify(found.findings))
})

test('for how many devices one person suffices is shown, and raised by who proves to be another', async () => {
  const words = (line: string) => [...line.split(' '), '--data', house.directory]
  const shown = await runHere(words('revocation show-limit'))
  assert.match(shown.out, /^one person ends or suspends trust in any number of devices alone\n/)
  // In a trial nobody waits; here is one as production keeps it.
  const { ledger } = house.core
  const asked = await changeLimit(3, 'a test', local, house.core)
  assert.deepEqual(asked, { kind: 'changed', owners: 3, change: undefined })
  await addPerson('Mary', house.core, 'administrator')
  const real = { ...house.core, environment: 'production' } as const
  const waits = await changeLimit(40, 'two wards', local, real)
  const { id } = (waits.kind === 'changed' && waits.change) || assert.fail(JSON.stringify(waits))
  const page = await runHere(words('revocation show-limit'))
  assert.match(page.out, new RegExp(`${id} waits: up to 40 devices \\(two wards\\); 2 people`))
  assert.match(page.error, new RegExp(`revocation approve-limit ${id} --name NAME`))
  const approve = (input: object) => api('POST', `/revocations/limit/${id}/approve`, input)
  assert.equal((await approve({})).body.code, 'credential-missing')
  const operating = await approve({ name: 'Grace', passphrase })
  assert.match(operating.body.detail, /Grace is operator; an administrator agrees to this/)
  const first = await approve({ name: 'Ada', passphrase })
  assert.deepEqual([first.body.state, first.body.approvalsMissing], ['waiting', 1])
  const alarm = () => openAlarm('revocation-waiting', id, ledger)
  assert.match((await alarm())?.text ?? '', /^waits for another person: .* 40 devices alone/)
  assert.equal((await approve({ name: 'Ada', passphrase })).body.code, 'approver-counted')
  const no = await runHere([...words(`revocation refuse-limit ${id}`), '--because', 'not yet'])
  assert.match(no.out, /state +refused/)
  assert.equal(await alarm(), undefined, 'it waits no more')
  assert.equal((await approve({ name: 'Ada', passphrase })).body.code, 'decided-already')
  assert.equal(
    (await api('POST', `/revocations/limit/rvl_${'0'.repeat(32)}/approve`, {})).status,
    404,
  )
  const raised = await runHere([...words('revocation limit --alone 9'), '--because', 'a test'])
  assert.match(raised.out, /up to 9 devices alone\n$/)
  assert.match(raised.error, /stands as an exception in the evidence/)
  assert.equal(await ledger.find('revocationLimit', 'open', ['waiting']), undefined)
})
