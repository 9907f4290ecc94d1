// SPDX-License-Identifier: Apache-2.0
/** Only attested keys: the rule of a profile, on every way to a certificate. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attestation } from '#core/ledger/tables.ts'
import { attributeTypes, keyPurposes } from '#format/oids.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { encodeName } from '#format/x509/name.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import { certify, makeEntity } from '../../../test/made-certificates.ts'
import { attested, ticketFor, tpmPump } from '../../../test/support/attested.ts'
import {
  ask,
  certificateOf,
  codeFor,
  deviceOf,
  type Expected,
  expectDevice,
  Held,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { renewalBy, requestBy } from '../../../test/support/house.ts'
import { recoverReserved } from '../authority/abandon.ts'
import { approveRequest } from './approval/decide-request.ts'
import { addRegistrar } from './speakers/register.ts'

interface Scene {
  readonly core: TestCore
  readonly expected: Expected
  readonly key: KeyPair
}

/** A pump whose profile wants a TPM, admitting codes, too. */
function scene(
  work: (scene: Scene) => Promise<void>,
  rule: Parameters<typeof tpmPump>[1] = {},
): Promise<void> {
  return withCore(async (core) => {
    const expected = await expectDevice(core, await tpmPump(core, rule), 'PUMP-1')
    await work({ core, expected, key: await generateKey('p-256') })
  })
}

const enrolment = async (
  { core, expected, key }: Scene,
  attestation?: Partial<Attestation>,
): Promise<string> => {
  if (attestation !== undefined) await attested(core, expected.device, key, attestation)
  return reasonOf(await ask(core, expected.credential, key))
}

test('a key of which nothing was proved is not certified', () =>
  scene(async (scene) => assert.equal(await enrolment(scene), 'attestation-missing')))

test('a key that its TPM vouched for is, and is booked as what it is', () =>
  scene(async ({ core, expected, key }) => {
    await attested(core, expected.device, key)
    const { id } = issuedOf(await ask(core, expected.credential, key))
    const record = await core.ledger.read('key', (await certificateOf(core, id)).key)
    assert.deepEqual(
      [record?.attested, record?.protection, record?.exportable],
      [true, 'tpm', false],
    )
    const issued = core.events.findLast(({ type }) => type === 'certificate-issued')
    assert.equal(issued?.facts.keyAttested, 'tpm')
  }))

test('what was proved of the key in another device helps nobody', () =>
  scene(async (scene) => {
    const other = await expectDevice(scene.core, await tpmPump(scene.core, {}, 'other'), 'X')
    await attested(scene.core, other.device, scene.key)
    assert.equal(await enrolment(scene), 'attestation-missing')
  }))

test('an element whose maker names no holder serves whoever holds it', () =>
  scene(
    async (scene) =>
      assert.equal(await enrolment(scene, { form: 'secure-element', device: null }), 'issued'),
    { required: ['tpm', 'secure-element'] },
  ))

test('another kind of hardware than the profile asks for is not enough', () =>
  scene(async (scene) =>
    assert.equal(await enrolment(scene, { form: 'secure-element' }), 'attestation-missing'),
  ))

test('a proof is good for as long as the profile says, and one without end for ever', () =>
  scene(async (scene) => {
    await attested(scene.core, scene.expected.device, scene.key)
    scene.core.clock.pass({ hours: 25 })
    const code = await codeFor(scene.core, scene.expected.device)
    const again = {
      ...scene,
      expected: { ...scene.expected, credential: { ...scene.expected.credential, code } },
    }
    assert.equal(await enrolment(again), 'attestation-too-old')
    assert.equal(
      await enrolment(again, { until: null, at: scene.core.clock.now().subtract({ hours: 9999 }) }),
      'attestation-too-old',
    )
    assert.equal(await enrolment(again, { until: null }), 'issued')
  }))

for (const [quote, reason] of [
  ['none', 'quote-missing'],
  ['differs', 'quote-differs'],
  ['unreferenced', 'quote-differs'],
  ['matched', 'issued'],
] as const)
  test(`where a quote is required, one that is ${quote} means: ${reason}`, () =>
    scene(async (scene) => assert.equal(await enrolment(scene, { quote }), reason), {
      quote: 'required',
    }))

test('where a quote is recorded, no platform is refused', () =>
  scene(async (scene) => assert.equal(await enrolment(scene, { quote: 'differs' }), 'issued'), {
    quote: 'recorded',
  }))

test('a renewal needs a proof as young, and a rekey one of its own', () =>
  scene(async ({ core, expected, key }) => {
    await attested(core, expected.device, key)
    const { certificate } = issuedOf(await ask(core, expected.credential, key))
    const shown = { kind: 'certificate', chain: [certificate] } as const
    const renew = async (by: KeyPair) =>
      reasonOf(await ask(core, shown, await renewalBy(by, certificate), { operation: 'reenrol' }))
    const next = await generateKey('p-256')
    assert.equal(await renew(next), 'attestation-missing')
    assert.equal(await renew(key), 'issued')
    core.clock.pass({ hours: 25 })
    assert.equal(await renew(key), 'attestation-too-old')
    await attested(core, expected.device, next)
    assert.equal(await renew(next), 'issued')
  }))

test('a ticket admits its device once, for its key alone, while it is young', () =>
  scene(async ({ core, expected, key }) => {
    const ticket = await ticketFor(core, expected.device, key)
    const other = await generateKey('p-256')
    await attested(core, expected.device, other)
    assert.equal(reasonOf(await ask(core, ticket, other)), 'ticket-for-another-key')
    const first = await ask(core, ticket, key)
    issuedOf(first)
    assert.equal(reasonOf(await ask(core, ticket, await generateKey('p-256'))), 'code-used')
    const late = await ticketFor(core, expected.device, key)
    core.clock.pass({ minutes: 16 })
    assert.equal(reasonOf(await ask(core, late, key)), 'code-expired')
  }))

test('the same request with the same ticket gets the same answer', () =>
  scene(async ({ core, expected, key }) => {
    const ticket = await ticketFor(core, expected.device, key)
    const request = await requestBy(key)
    assert.deepEqual(await ask(core, ticket, request), await ask(core, ticket, request))
  }))

test('a device without TLS of its own renews by another ticket, which replaces what it has', () =>
  scene(async ({ core, expected, key }) => {
    const { id } = issuedOf(await ask(core, await ticketFor(core, expected.device, key), key))
    const renewed = issuedOf(await ask(core, await ticketFor(core, expected.device, key), key))
    assert.equal((await certificateOf(core, renewed.id)).replaces, id)
    const next = await generateKey('p-256')
    const rekeyed = issuedOf(await ask(core, await ticketFor(core, expected.device, next), next))
    assert.equal((await certificateOf(core, rekeyed.id)).replaces, renewed.id)
    const operations = core.events
      .filter(({ type }) => type === 'certificate-issued')
      .map(({ facts }) => [facts.operation, facts.proof])
    assert.deepEqual(operations.slice(-3), [
      ['enrol', 'tpm'],
      ['renew', 'tpm'],
      ['rekey', 'tpm'],
    ])
    // None of them was ever used, so there is an end.
    const more = await ticketFor(core, expected.device, next)
    assert.equal(reasonOf(await ask(core, more, next)), 'too-many-identities')
    assert.equal((await deviceOf(core, expected)).enrolmentsLeft, 0)
  }))

test('a ticket whose certificate was never signed is good again, and makes no permission', async () => {
  const held = new Held()
  await withCore(async (core) => {
    const expected = await expectDevice(core, await tpmPump(core), 'PUMP-1')
    const key = await generateKey('p-256')
    const ticket = await ticketFor(core, expected.device, key)
    const request = await requestBy(key)
    const { release, began } = held.hold()
    const first = ask(core, ticket, request)
    await began
    await recoverReserved({ ledger: core.means.ledger, clock: core.clock })
    release()
    assert.equal(reasonOf(await first), 'busy')
    assert.equal((await deviceOf(core, expected)).enrolmentsLeft, 0)
    issuedOf(await ask(core, ticket, request))
    assert.equal((await deviceOf(core, expected)).enrolmentsLeft, 0)
  }, held.replace)
})

test('where a person decides, a ticket waits with its request', () =>
  withCore(async (core) => {
    const because = 'RFC 0000: a test'
    const approval = { rule: 'manual', operations: ['enrol'], because } as const
    const product = await tpmPump(core, {}, 'pump', { approval })
    const { device } = await expectDevice(core, product, 'PUMP-1')
    const key = await generateKey('p-256')
    const ticket = await ticketFor(core, device, key)
    const request = await requestBy(key)
    assert.equal((await ask(core, ticket, request)).kind, 'pending')
    core.clock.pass({ hours: 1 })
    const [row] = (await core.ledger.list('request', { limit: 1 })).items
    assert.equal(row?.proof, 'tpm')
    const decided = await approveRequest(row!, undefined, operator, core)
    assert.equal(decided.kind, 'decided', JSON.stringify(decided))
    issuedOf(await ask(core, ticket, request))
    // The next one replaces what it has, which this profile leaves to the device.
    const again = await ticketFor(core, device, key)
    issuedOf(await ask(core, again, await requestBy(key)))
  }))

test('a ticket is good for as long as its request, if a person says yes late', () =>
  withCore(async (core) => {
    const because = 'RFC 0000: a test'
    const approval = { rule: 'manual', operations: ['enrol'], days: 1, because } as const
    const product = await tpmPump(core, { maxAgeHours: 48 }, 'pump', { approval })
    const { device } = await expectDevice(core, product, 'PUMP-1')
    const key = await generateKey('p-256')
    const ticket = await ticketFor(core, device, key)
    const request = await requestBy(key)
    assert.equal((await ask(core, ticket, request)).kind, 'pending')
    core.clock.pass({ hours: 20 })
    const [row] = (await core.ledger.list('request', { limit: 1 })).items
    const decided = await approveRequest(row!, undefined, operator, core)
    assert.equal(decided.kind, 'decided', JSON.stringify(decided))
    core.clock.pass({ hours: 20 })
    issuedOf(await ask(core, ticket, request))
  }))

test('a proof that grew too old while a person thought about it is none', () =>
  withCore(async (core) => {
    const because = 'RFC 0000: a test'
    const approval = { rule: 'manual', operations: ['enrol'], because } as const
    const { device } = await expectDevice(
      core,
      await tpmPump(core, {}, 'pump', { approval }),
      'PUMP-1',
    )
    const key = await generateKey('p-256')
    const ticket = await ticketFor(core, device, key)
    const request = await requestBy(key)
    assert.equal((await ask(core, ticket, request)).kind, 'pending')
    core.clock.pass({ hours: 23 })
    const [row] = (await core.ledger.list('request', { limit: 1 })).items
    assert.equal((await approveRequest(row!, undefined, operator, core)).kind, 'decided')
    core.clock.pass({ hours: 2 })
    assert.equal(reasonOf(await ask(core, ticket, request)), 'attestation-too-old')
  }))

test('a registrar speaks for a device, and not for where its key lives', () =>
  withCore(async (core) => {
    const product = await tpmPump(core)
    const { device } = await expectDevice(core, product, 'PUMP-1')
    const entity = await makeEntity('CN=line 3')
    const usage = encodeExtension('extKeyUsage', [keyPurposes.clientAuth, keyPurposes.cmcRA])
    const { der } = await certify(entity, await makeEntity('CN=Registrars CA'), {
      notBefore: Temporal.Instant.from('2026-01-01T00:00:00Z'),
      extensions: [usage],
    })
    const certificate = parseCertificate(der)
    const asked = { name: 'line-3', certificate, products: [product.id], expiresAt: undefined }
    assert.equal((await addRegistrar(asked, operator, core)).kind, 'added')
    const key = await generateKey('p-256')
    const subject = encodeName([[{ type: attributeTypes.serialNumber, value: 'PUMP-1' }]])
    const shown = { kind: 'certificate', chain: [der] } as const
    const enrol = async () => reasonOf(await ask(core, shown, await requestBy(key, { subject })))
    assert.equal(await enrol(), 'attestation-missing')
    await attested(core, device, key)
    assert.equal(await enrol(), 'issued')
  }))
