// SPDX-License-Identifier: Apache-2.0
/** Registrars, who enrol on behalf of devices: RFC 7030 section 3.7. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { attributeTypes, keyPurposes } from '#format/oids.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { encodeName } from '#format/x509/name.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import { certify, makeEntity } from '../../../../test/made-certificates.ts'
import {
  addPump,
  ask,
  certificateOf,
  enrolDevice,
  expectDevice,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../../test/support/core.ts'
import { renewalBy, requestBy } from '../../../../test/support/house.ts'
import { changeProfile, manual } from '../../../../test/support/profiles.ts'
import { RegistrarPace } from './pace.ts'
import { addRegistrar, removeRegistrar } from './register.ts'

const ca = await makeEntity('CN=Registrars CA')
const entity = await makeEntity('CN=line 3')
const usage = encodeExtension('extKeyUsage', [keyPurposes.clientAuth, keyPurposes.cmcRA])
const life = {
  notBefore: Temporal.Instant.from('2026-01-01T00:00:00Z'),
  notAfter: Temporal.Instant.from('2027-01-01T00:00:00Z'),
}
const registrarCertificate = await certify(entity, ca, { ...life, extensions: [usage] })
const plain = await certify(entity, ca, life)
const shown = { kind: 'certificate', chain: [registrarCertificate.der] } as const

const admitting = {
  admission: {
    proofs: [...readyProfiles.ldevid.admission.proofs, 'registrar'],
    because: 'RFC 7030 section 3.7',
  },
} as const

async function registered(core: TestCore, pump: Product, expiresAt?: Temporal.Instant) {
  const asked = {
    name: 'line-3',
    certificate: registrarCertificate,
    products: [pump.id],
    expiresAt,
  }
  const added = await addRegistrar(asked, operator, core)
  return added.kind === 'added' ? added.registrar : assert.fail(added.detail)
}

/** A request that names the device as a registrar must. */
async function requestFor(serial: string, key?: KeyPair): Promise<Uint8Array> {
  const subject = encodeName([[{ type: attributeTypes.serialNumber, value: serial }]])
  return requestBy(key ?? (await generateKey('p-256')), { subject })
}

test('a registrar enrols an expected device of its product, and the record names it', async () => {
  await withCore(async (core) => {
    await changeProfile(core, admitting)
    const pump = await addPump(core)
    const { device } = await expectDevice(core, pump, 'PUMP-1')
    const registrar = await registered(core, pump)
    const request = await requestFor('PUMP-1')
    const outcome = issuedOf(await ask(core, shown, request))
    const { enrolment, owner } = await certificateOf(core, outcome.id)
    assert.equal(owner, device.id)
    const record = await core.ledger.read('enrolment', enrolment ?? '')
    assert.equal(record?.proof, 'registrar')
    assert.equal(record?.registrar, registrar.id)
    assert.equal(record?.possession, 'signature')
    assert.deepEqual(issuedOf(await ask(core, shown, request)), outcome, 'a repetition')
  })
})

test('what a registrar may not is refused by name', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    await addPump(core, 'other')
    await expectDevice(core, pump, 'PUMP-1')
    const request = await requestFor('PUMP-1')
    const reason = async (bytes = request, more = {}) =>
      reasonOf(await ask(core, shown, bytes, more))
    assert.equal(await reason(), 'registrar-unknown')
    const registrar = await registered(core, pump)
    assert.equal(await reason(), 'proof-not-admitted', 'the profile admits none')
    await changeProfile(core, admitting)
    assert.equal(await reason(request, { label: 'other' }), 'registrar-not-entitled')
    assert.equal(await reason(await requestFor('NOBODY')), 'device-unknown')
    assert.equal(await reason(await requestBy(await generateKey('p-256'))), 'device-unknown')
    assert.notEqual(await reason(request, { operation: 'reenrol' }), 'issued')
    const unsigned = Uint8Array.from(request)
    unsigned[unsigned.length - 1] = (unsigned[unsigned.length - 1] ?? 0) ^ 1
    assert.equal(await reason(unsigned), 'possession-not-proved')
    issuedOf(await ask(core, shown, request))
    const again = await requestFor('PUMP-1')
    assert.equal(await reason(again), 'device-already-enrolled')
    await removeRegistrar(registrar, operator, core)
    assert.equal(await reason(again), 'registrar-unknown')
  })
})

test('a registrar that was removed comes back under its name, and nobody takes the name of another', async () => {
  await withCore(async (core) => {
    await changeProfile(core, admitting)
    const pump = await addPump(core)
    await expectDevice(core, pump, 'PUMP-1')
    const first = await registered(core, pump)
    const other = await makeEntity('CN=line 3 renewed')
    const renewed = await certify(other, ca, { ...life, extensions: [usage] })
    const asked = {
      name: 'line-3',
      certificate: renewed,
      products: [pump.id],
      expiresAt: undefined,
    }
    assert.equal(reasonOf(await addRegistrar(asked, operator, core)), 'exists-already')
    await removeRegistrar(first, operator, core)
    const added = await addRegistrar(asked, operator, core)
    if (added.kind === 'refused') assert.fail(added.detail)
    assert.deepEqual([added.registrar.id, added.registrar.version], [first.id, 3])
    const request = await requestFor('PUMP-1')
    assert.equal(reasonOf(await ask(core, shown, request)), 'registrar-unknown')
    issuedOf(await ask(core, { kind: 'certificate', chain: [renewed.der] }, request))
  })
})

test('a registrar with a certificate from here renews that itself, and is registered again with the next', async () => {
  await withCore(async (core) => {
    const purposes = ['clientAuth', 'cmcRA'] as const
    const extendedKeyUsage = { purposes, because: 'RFC 7030 section 3.7' }
    await changeProfile(core, { ...admitting, extendedKeyUsage })
    const station = await enrolDevice(core, await addPump(core, 'station'), 'LINE-3')
    const pump = await addPump(core)
    await expectDevice(core, pump, 'PUMP-1')
    const asked = { name: 'line-3', products: [pump.id], expiresAt: undefined }
    const certificate = parseCertificate(station.certificate)
    const added = await addRegistrar({ ...asked, certificate }, operator, core)
    if (added.kind === 'refused') assert.fail(added.detail)
    issuedOf(await ask(core, station.shown, await requestFor('PUMP-1')))

    core.clock.pass({ hours: 24 * 60 })
    const next = await renewalBy(station.key, station.certificate)
    const renewed = issuedOf(await ask(core, station.shown, next, { operation: 'reenrol' }))
    const shownNext = { kind: 'certificate', chain: [renewed.certificate] } as const
    await expectDevice(core, pump, 'PUMP-2')
    const request = await requestFor('PUMP-2')
    assert.equal(reasonOf(await ask(core, shownNext, request)), 'registrar-unknown')
    await removeRegistrar(added.registrar, operator, core)
    const again = { ...asked, certificate: parseCertificate(renewed.certificate) }
    assert.equal((await addRegistrar(again, operator, core)).kind, 'added')
    issuedOf(await ask(core, shownNext, request))
  })
})

test('without the purpose cmcRA a key gives no right, whoever has it', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    await registered(core, pump)
    const credential = { kind: 'certificate', chain: [plain.der] } as const
    const outcome = await ask(core, credential, await requestFor('PUMP-1'))
    assert.equal(reasonOf(outcome), 'certificate-unknown')
    const asked = { name: 'x', certificate: plain, products: [pump.id] }
    const added = await addRegistrar({ ...asked, expiresAt: undefined }, operator, core)
    assert.equal(reasonOf(added), 'certificate-wrong-purpose')
  })
})

test('a registrar speaks until its day, and asks a person where the profile does', async () => {
  await withCore(async (core) => {
    await changeProfile(core, { ...admitting, ...manual })
    const pump = await addPump(core)
    await expectDevice(core, pump, 'PUMP-1')
    await registered(core, pump, core.clock.now().add({ hours: 24 }))
    const request = await requestFor('PUMP-1')
    assert.equal((await ask(core, shown, request)).kind, 'pending')
    core.clock.pass({ hours: 24 })
    assert.equal(reasonOf(await ask(core, shown, request)), 'registrar-not-entitled')
  })
})

test('a registrar is held to a pace, each by itself', () => {
  const pace = new RegistrarPace()
  const now = Temporal.Instant.from('2026-05-01T12:00:00Z')
  for (let times = 0; times < 600; times++) assert.equal(pace.take('one', now), undefined)
  assert.equal(pace.take('one', now)?.reason, 'rate-limited')
  assert.equal(pace.take('two', now), undefined)
  assert.equal(pace.take('one', now.add({ minutes: 1 })), undefined)
})

test('a registrar over its pace is told to wait, before anything is looked up', async () => {
  await withCore(async (core) => {
    await changeProfile(core, admitting)
    const pump = await addPump(core)
    await expectDevice(core, pump, 'PUMP-1')
    const registrar = await registered(core, pump)
    const now = core.clock.now()
    while (core.registrarPace.take(registrar.id, now) === undefined);
    const request = await requestFor('PUMP-1')
    assert.equal(reasonOf(await ask(core, shown, request)), 'rate-limited')
    assert.equal(reasonOf(await ask(core, shown, await requestFor('NOBODY'))), 'rate-limited')
    core.clock.pass({ minutes: 1 })
    issuedOf(await ask(core, shown, request))
  })
})
