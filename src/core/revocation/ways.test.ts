// SPDX-License-Identifier: Apache-2.0
/** Every way by which trust ends: whatever it was, nobody believes it from then on, and the proof says so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCrl } from '#format/x509/crl.ts'
import { ownIssuer } from '#house/core.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  addPump,
  ask,
  certificateOf,
  deviceOf,
  type Enrolled,
  enrolDevice,
  Interrupted,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { enforcementsAt, newIntegration } from '../../../test/support/enforcement.ts'
import { renewalBy, requestBy } from '../../../test/support/house.ts'
import { addApplication } from '../applications/add.ts'
import { removeApplication } from '../applications/remove.ts'
import { rebind, retire } from '../devices/life.ts'
import { applicationLabel, enrolApplication } from '../enrolment/applications/enrol-application.ts'
import { whoamiApplication } from '../enrolment/applications/whoami-application.ts'
import type { Credential } from '../enrolment/request.ts'
import { whoami } from '../enrolment/whoami.ts'
import type { Authority } from '../ledger/tables.ts'
import { judge } from '../ocsp/judge.ts'
import { verify } from '../verification/verify.ts'
import { askAct, type Wish } from './acts/ask.ts'
import { carryOut } from './acts/carry-out.ts'
import type { Chosen } from './acts/chosen.ts'
import { fullCrl } from './publish.ts'
import { quarantine } from './quarantine.ts'
import { revoke } from './revoke.ts'

type Way = (core: TestCore, pump: Enrolled) => Promise<unknown>

async function act(core: TestCore, how: Wish['act'], chosen: Chosen, reason: Wish['reason']) {
  const asked = await askAct({ act: how, chosen, reason, because: 'a test' }, operator, core)
  if (asked.kind !== 'asked') assert.fail(JSON.stringify(asked))
  return carryOut(asked.record.id, core)
}

const revokeFor =
  (reason: 'superseded' | 'keyCompromise'): Way =>
  (core, { id }) =>
    revoke({ id, reason, because: 'a test' }, operator, core)

const actOn =
  (how: 'end' | 'hold', choose: (pump: Enrolled, key: string) => Chosen): Way =>
  async (core, pump) => {
    const { key } = await certificateOf(core, pump.id)
    return act(core, how, choose(pump, key), how === 'end' ? 'keyCompromise' : 'certificateHold')
  }

const withDevice =
  (
    change: (device: Awaited<ReturnType<typeof deviceOf>>, core: TestCore) => Promise<unknown>,
  ): Way =>
  async (core, pump) =>
    change(await deviceOf(core, pump), core)

const ways: Readonly<Record<string, Way>> = {
  'a certificate is revoked': revokeFor('superseded'),
  'a key was stolen': revokeFor('keyCompromise'),
  'an act ends a certificate': actOn('end', ({ id }) => ({ certificate: id })),
  'an act ends a key': actOn('end', (_, key) => ({ key })),
  'an act ends a device': actOn('end', ({ device }) => ({ device: device.id })),
  'an act holds a device': actOn('hold', ({ device }) => ({ device: device.id })),
  'a device is held back': withDevice((one, core) => quarantine(one, 'a test', operator, core)),
  'a device is retired': withDevice((one, core) => retire(one, 'a test', operator, core)),
  'a device gets a new board': withDevice((one, core) => rebind(one, 'a test', operator, core)),
}

for (const [name, end] of Object.entries(ways)) {
  test(`${name}: doors, lists, OCSP and verifier agree at once, and integrations are told`, () =>
    withCore(async (core) => {
      const pump = await enrolDevice(core, await addPump(core), 'A')
      const { authority } = await certificateOf(core, pump.id)
      const issuer = (await core.ledger.read('authority', authority)) ?? assert.fail()
      assert.equal(reasonOf(await whoami([pump.certificate], core)), 'known')
      const renewal = await renewalBy(await generateKey('p-256'), pump.certificate)
      const integration = await newIntegration(core)
      await end(core, pump)
      await assertEnded(core, pump, issuer)
      const refused = [
        await whoami([pump.certificate], core),
        await ask(core, pump.shown, renewal, { operation: 'reenrol' }),
        await verify({ chain: [pump.certificate], purpose: 'device' }, core),
      ]
      for (const one of refused) assert.equal(one.kind, 'refused')
      const { revocation } = await certificateOf(core, pump.id)
      const booked = await enforcementsAt(core, integration)
      assert.deepEqual(
        booked.slice(1).map((one) => [one.revocation, one.act, one.state]),
        [[revocation, 'end', 'waiting']],
      )
    }))
}

test('an application is removed: doors, lists, OCSP agree at once, and integrations are told', () =>
  withCore(async (core) => {
    const { application, shown, id, certificate } = await newApplication(core)
    const { authority } = await certificateOf(core, id)
    const issuer = (await core.ledger.read('authority', authority)) ?? assert.fail()
    const integration = await newIntegration(core)
    const now = (await core.ledger.read('application', application.id)) ?? assert.fail()
    await removeApplication(now, 'a test', operator, core)
    await assertEnded(core, { id }, issuer)
    assert.equal(reasonOf(await whoamiApplication(shown.chain, core)), 'certificate-revoked')
    const verified = await verify({ chain: [certificate], purpose: 'client' }, core)
    assert.equal(verified.kind, 'refused')
    assert.equal((await enforcementsAt(core, integration)).length, 2)
  }))

test('an application that renews while its certificate is ended gets nothing', async () => {
  for (const how of ['revoke', 'end', 'hold'] as const) {
    const interrupted = new Interrupted()
    await withCore(async (core) => {
      const { id, certificate, shown } = await newApplication(core)
      await whoamiApplication(shown.chain, core)
      const request = await renewalBy(await generateKey('p-256'), certificate)
      const ended = async () =>
        how === 'revoke'
          ? revoke({ id, reason: 'superseded', because: 'a test' }, operator, core)
          : act(core, how, { certificate: id }, how === 'end' ? 'superseded' : 'certificateHold')
      // Decided while the old one was good, and booked after it had ended.
      interrupted.beforeNext('certificate', ended)
      const outcome = await enrolAs(core, shown, request, 'reenrol')
      assert.equal(reasonOf(outcome), 'busy', how)
    }, interrupted.replace)
  }
})

async function enrolAs(
  core: TestCore,
  credential: Credential,
  request: Uint8Array,
  operation: 'enrol' | 'reenrol',
) {
  const asked = { protocol: 'est', operation, label: applicationLabel } as const
  return enrolApplication(
    { ...asked, sourceAddress: '192.0.2.7', credential, request },
    { maker: 'Acme', issuer: await ownIssuer(core) },
    core,
  )
}

async function newApplication(core: TestCore) {
  const wish = { name: 'reader', profile: 'client', names: [], products: [], codeHours: 24 }
  const added = await addApplication(wish, 'Acme', operator, core)
  if (added.kind !== 'added') assert.fail(added.detail)
  const credential = { kind: 'code', user: 'reader', code: added.code } as const
  const request = await requestBy(await generateKey('p-256'))
  const issued = issuedOf(await enrolAs(core, credential, request, 'enrol'))
  const shown = { kind: 'certificate', chain: [issued.certificate] } as const
  return { ...issued, application: added.application, shown }
}

/** What holds of a certificate that ended, in whatever way. */
async function assertEnded(
  core: TestCore,
  { id }: Pick<Enrolled, 'id'>,
  issuer: Authority,
): Promise<void> {
  const record = await certificateOf(core, id)
  assert.ok(record.revokedAt !== null && ['held', 'revoked'].includes(record.state), record.state)
  const proof = (await core.ledger.read('revocation', record.revocation ?? '')) ?? assert.fail()
  assert.deepEqual([proof.state, proof.effectiveAt !== null], ['effective', true])
  for (const type of ['revocation-effective', `certificate-${record.state}`]) {
    const about = type.startsWith('certificate') ? id : proof.id
    assert.ok(
      core.events.some((one) => one.type === type && one.subjects.includes(about)),
      type,
    )
  }
  const { status } = await judge(issuer, record.serialNumber, core.ledger)
  assert.equal(status.kind, 'revoked')
  for (const shard of [fullCrl, record.shard]) {
    const list = (await core.shelf.read(issuer.name, shard)) ?? assert.fail('no list')
    const serials = [...parseCrl(list.der).revoked].map((one) => one.serialNumber.toHex())
    assert.ok(serials.includes(record.serialNumber.toHex()), `list ${shard}`)
  }
}
