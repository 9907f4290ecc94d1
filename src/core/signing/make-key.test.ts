// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyPorts } from '#house/verbs/signing-keys.ts'
import { bootloaderRule } from '#trust/artefact/bootloader-rules.ts'
import { checkSignerPurpose, signerPurposes } from '#trust/artefact/signer-purpose.ts'
import {
  addPump,
  enrolDevice,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import type { Product } from '../ledger/tables.ts'
import { chainOf, endOf } from './artefact-key.ts'
import { moveKey } from './end-key.ts'
import { type KeyWish, makeArtefactKey } from './make-key.ts'

const wish = (product: Product, changed: Partial<KeyWish> = {}): KeyWish => ({
  ...{ product, name: 'firmware', forms: ['mcuboot'], algorithm: undefined, custody: 'file' },
  ...{ isNext: false, supportUntil: undefined, authority: undefined, because: undefined },
  ...changed,
})

async function make(core: TestCore, product: Product, changed: Partial<KeyWish> = {}) {
  return makeArtefactKey(wish(product, changed), operator, keyPorts(core))
}

async function made(core: TestCore, product: Product, changed: Partial<KeyWish> = {}) {
  const done = await make(core, product, changed)
  return done.kind === 'made' ? done.key : assert.fail(done.detail)
}

test('a key for verifiers that hold keys is bare, and is booked with its event', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const key = await made(core, pump, { forms: ['mcuboot', 'esp-secure-boot-v2'] })
    assert.deepEqual([key.chain, key.certificate, key.state], [[], null, 'current'])
    const record = await core.ledger.read('key', key.key)
    assert.deepEqual(
      [record?.purpose, record?.owner, record?.environment, record?.algorithm],
      ['signer', key.id, 'trial', 'p-256'],
    )
    const told = core.events.filter(({ type }) => type === 'artefact-key-made')
    assert.deepEqual(
      told.map(({ subjects }) => subjects),
      [[key.id, pump.id, key.key]],
    )
  }))

test('a signer for RAUC and SWUpdate passes in their default and in their strict settings', () =>
  withCore(async (core) => {
    const key = await made(core, await addPump(core), { forms: ['rauc', 'swupdate'] })
    const chain = chainOf(key)
    for (const purpose of signerPurposes)
      assert.equal(checkSignerPurpose(chain, purpose), undefined, purpose)
    const certificate = await core.ledger.read('certificate', key.certificate ?? '')
    assert.deepEqual(
      [certificate?.profile, certificate?.owner, certificate?.state],
      ['artefact-signer-lasting', key.id, 'issued'],
    )
    // A trial ends with its root.
    assert.equal(endOf(key)?.toString(), chain.at(-1)?.notAfter.toString())
  }))

test('where devices believe time-stamps the certificate is short', () =>
  withCore(async (core) => {
    const key = await made(core, await addPump(core), { forms: ['cms', 'outer-manifest'] })
    const certificate = await core.ledger.read('certificate', key.certificate ?? '')
    assert.equal(certificate?.profile, 'artefact-signer')
  }))

test('a key that signs bare octets signs in no other form', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    for (const forms of [
      ['raw', 'cms'],
      ['mcuboot', 'raw'],
    ] as const)
      assert.equal(reasonOf(await make(core, pump, { forms })), 'input-wrong')
    assert.equal((await made(core, pump, { forms: ['raw'] })).state, 'current')
  }))

test('signers stand under a root of their own, which no device is told of', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const before = await core.anchors.certificatesAt(undefined)
    const first = await made(core, pump, { forms: ['rauc'] })
    const second = await made(core, pump, { name: 'second', forms: ['cms'] })
    assert.deepEqual(first.chain.slice(1), second.chain.slice(1))
    const own = core.doors.own.map(({ name, origin }) => [name, origin])
    assert.deepEqual(own, [
      ['issuing-1', null],
      ['signers-1', 'signers'],
      ['root', null],
      ['signers-root', 'signers'],
    ])
    assert.deepEqual(await core.anchors.certificatesAt(undefined), before)
    const lamp = await addPump(core, 'lamp')
    const door = core.doors.for(lamp.id, undefined)
    assert.equal('kind' in door ? door.reason : door.issuer.authority.name, 'issuing-1')
  }))

test('a chain under which devices were born certifies no signer without a reason that is kept', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const authority = await core.ledger.find('authority', 'name', ['issuing-1'])
    const asked = { forms: ['rauc'], authority } as const
    // Nobody was born yet.
    await made(core, pump, { ...asked, name: 'early' })
    await enrolDevice(core, pump, 'PUMP-1')
    const walk = { by: 'under', equal: [authority?.id, 'working'], limit: 1 } as const
    const [working] = (await core.ledger.list('certificate', walk)).items
    assert.ok(working)
    const birth = { ...working, version: working.version + 1, kind: 'birth' } as const
    await core.ledger.commit({ puts: [{ kind: 'certificate', record: birth }], events: [] })
    const refused = await make(core, pump, asked)
    assert.equal(refused.kind === 'refused' && refused.reason, 'signer-chain-shared')
    const key = await made(core, pump, { ...asked, because: 'devices check for code signing' })
    const exceptions = { by: 'subject', equal: [key.id], limit: 9 } as const
    const { items } = await core.ledger.list('exception', exceptions)
    assert.deepEqual(
      items.map(({ rule }) => rule),
      ['signer-chain-shared'],
    )
  }))

test('a key that not all verifiers know, or that is weak, is refused by name', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const reason = async (changed: Partial<KeyWish>) => {
      const done = await make(core, pump, changed)
      return done.kind === 'refused' ? done.reason : done.kind
    }
    assert.equal(await reason({ algorithm: 'ml-dsa-65' }), 'key-algorithm-not-admitted')
    assert.equal(await reason({ algorithm: 'rsa-2048' }), 'key-too-weak')
    assert.equal(await reason({}), 'made')
    assert.equal(await reason({}), 'exists-already')
    const because = 'the boot ROM of the 2019 boards knows no other'
    assert.equal(await reason({ name: 'old', algorithm: 'rsa-2048', because }), 'made')
    const kept = await core.ledger.list('exception', {
      by: 'rule',
      equal: ['key-too-weak'],
      limit: 9,
    })
    assert.deepEqual(
      kept.items.map((one) => one.reason),
      [because],
    )
    for (const form of ['mcuboot', 'rauc'] as const) assert.ok(bootloaderRule(form).keys.length > 1)
  }))

test('a key goes one way: learnt, signing, retiring, out of use; a stolen one is on the list', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    let key = await made(core, pump, { forms: ['rauc'], isNext: true })
    const move = async (step: Parameters<typeof moveKey>[1]) => {
      const moved = await moveKey(key, step, 'a test', operator, core)
      if (moved.kind === 'moved') key = moved.key
      return moved.kind === 'moved' ? moved.key.state : moved.reason
    }
    assert.equal(await move('retiring'), 'key-retired')
    assert.equal(await move('promote'), 'current')
    assert.equal(await move('promote'), 'current')
    assert.equal(await move('retiring'), 'retiring')
    assert.equal(await move('promote'), 'key-retired')
    assert.equal(await move('retire'), 'retired')
    assert.equal(await move('revoke'), 'revoked')
    assert.equal(await move('retire'), 'key-retired')
    const certificate = await core.ledger.read('certificate', key.certificate ?? '')
    assert.deepEqual([certificate?.state, certificate?.revocationReason], ['revoked', 1])
    assert.equal((await core.ledger.read('key', key.key))?.state, 'compromised')
  }))
