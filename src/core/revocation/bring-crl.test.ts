// SPDX-License-Identifier: Apache-2.0
/** What the lists of an authority that signs elsewhere change here. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Revocation } from '#format/x509/crl.ts'
import { certifyAuthority, makeEntity } from '../../../test/made-certificates.ts'
import { listBy } from '../../../test/made-lists.ts'
import {
  addPump,
  ask,
  certificateOf,
  deviceOf,
  type Enrolled,
  enrolDevice,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { enforcementsAt, newIntegration } from '../../../test/support/enforcement.ts'
import { renewalBy } from '../../../test/support/house.ts'
import { trustForeign } from '../authority/trust-foreign.ts'
import type { Authority } from '../ledger/tables.ts'
import { askAct } from './acts/ask.ts'
import { bringCrl } from './bring-crl.ts'
import { quarantine, release } from './quarantine.ts'

const elsewhere = await makeEntity('CN=Elsewhere')
const span = {
  notBefore: Temporal.Instant.from('2026-01-01T00:00:00Z'),
  notAfter: Temporal.Instant.from('2026-12-31T23:59:59Z'),
}
const elsewhereCertificate = await certifyAuthority(elsewhere, elsewhere, [], undefined, span)

interface Scene {
  readonly core: TestCore
  readonly pump: Enrolled
  /** The certificate that it renewed to, over the same key. */
  readonly renewed: string
  /** Brings the next list, which names these certificates and why. */
  bring(...named: readonly (readonly [id: string, reason: number])[]): Promise<number>
  states(): Promise<readonly string[]>
}

/** A pump whose two certificates somebody else signed. */
function scene(work: (scene: Scene) => Promise<void>): Promise<void> {
  return withCore(async (core) => {
    const pump = await enrolDevice(core, await addPump(core), 'A')
    const request = await renewalBy(pump.key, pump.certificate)
    const { id } = issuedOf(await ask(core, pump.shown, request, { operation: 'reenrol' }))
    const asked = { name: 'elsewhere', certificate: elsewhereCertificate, products: [] }
    const trusted = await trustForeign({ ...asked, environment: 'trial' }, operator, core)
    if (trusted.kind !== 'trusted') assert.fail(trusted.detail)
    for (const one of [pump.id, id]) await signedBy(trusted.authority, one, core)
    let number = 0
    await work({
      ...{ core, pump, renewed: id },
      bring: async (...named) => {
        const entries = await Promise.all(named.map((one) => entryOf(one, core)))
        const list = await listBy(elsewhere, ++number, entries)
        const brought = await bringCrl(list, trusted.authority, operator, core)
        return brought.kind === 'refused' ? assert.fail(brought.detail) : brought.revoked
      },
      states: () =>
        Promise.all([pump.id, id].map(async (one) => (await certificateOf(core, one)).state)),
    })
  })
}

async function signedBy({ id }: Authority, certificate: string, core: TestCore): Promise<void> {
  const record = await certificateOf(core, certificate)
  const put = { ...record, version: record.version + 1, authority: id }
  await core.ledger.commit({ puts: [{ kind: 'certificate', record: put }], events: [] })
}

async function entryOf(
  [id, reason]: readonly [string, number],
  core: TestCore,
): Promise<Revocation> {
  const { serialNumber } = await certificateOf(core, id)
  return { serialNumber, revokedAt: span.notBefore, reason }
}

test('a list that names two certificates of one device ends both, and integrations are told', () =>
  scene(async ({ core, pump, renewed, bring, states }) => {
    const integration = await newIntegration(core)
    assert.equal(await bring([pump.id, 4], [renewed, 4]), 2)
    assert.deepEqual(await states(), ['revoked', 'revoked'])
    const booked = (await enforcementsAt(core, integration)).slice(1)
    const { revocation } = await certificateOf(core, renewed)
    assert.deepEqual(
      booked.map((one) => [one.revocation, one.act]),
      [[revocation, 'end']],
    )
    assert.equal(await bring([pump.id, 4], [renewed, 4]), 0)
  }))

test('what a list puts on hold is held, and released by the next one that does not name it, by nobody else', () =>
  scene(async ({ core, pump, renewed, bring, states }) => {
    const integration = await newIntegration(core)
    await bring([pump.id, 6], [renewed, 4])
    assert.deepEqual(await states(), ['held', 'revoked'])
    const { revocation } = await certificateOf(core, pump.id)
    const chosen = { certificate: pump.id }
    const wish = { act: 'release', chosen, reason: 'certificateHold', because: 'a test' } as const
    assert.equal(reasonOf(await askAct(wish, operator, core)), 'not-found')
    assert.equal(await bring([pump.id, 6]), 0)
    await bring()
    // What ended has ended for good, whatever a list forgets.
    assert.deepEqual(await states(), ['issued', 'revoked'])
    assert.equal((await core.ledger.read('revocation', revocation ?? ''))?.state, 'released')
    const booked = (await enforcementsAt(core, integration)).slice(1)
    assert.deepEqual(booked.map(({ act }) => act).toSorted(), ['end', 'end', 'restore'])
  }))

test('what is on hold here ends for good when a list says so', () =>
  scene(async ({ core, pump, bring, states }) => {
    await quarantine(await deviceOf(core, pump), 'a test', operator, core)
    assert.deepEqual(await states(), ['held', 'held'])
    await bring([pump.id, 4])
    await release(await deviceOf(core, pump), 'a test', operator, core)
    assert.deepEqual(await states(), ['revoked', 'issued'])
  }))

test('what a list gives back stays held as long as its device is in quarantine', () =>
  scene(async ({ core, pump, bring, states }) => {
    await bring([pump.id, 6])
    await quarantine(await deviceOf(core, pump), 'a test', operator, core)
    await bring()
    assert.deepEqual(await states(), ['held', 'held'])
    await release(await deviceOf(core, pump), 'a test', operator, core)
    assert.deepEqual(await states(), ['issued', 'issued'])
  }))

test('a key that a list says is stolen takes its other certificates with it, and is certified no more', () =>
  scene(async ({ core, pump, renewed, bring, states }) => {
    await bring([pump.id, 1])
    assert.deepEqual(await states(), ['revoked', 'revoked'])
    const { key, revocationReason } = await certificateOf(core, renewed)
    assert.equal(revocationReason, 1)
    assert.equal((await core.ledger.read('key', key))?.state, 'compromised')
  }))
