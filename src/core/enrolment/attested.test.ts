// SPDX-License-Identifier: Apache-2.0
/** Only attested keys: the rule of a profile, on every way to a certificate. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attestation } from '#core/ledger/tables.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import { attested, ticketFor, tpmPump } from '../../../test/support/attested.ts'
import {
  ask,
  certificateOf,
  codeFor,
  deviceOf,
  type Expected,
  expectDevice,
  issuedOf,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { renewalBy } from '../../../test/support/house.ts'

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
    const { requestBy } = await import('../../../test/support/house.ts')
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
