// SPDX-License-Identifier: Apache-2.0
/** Devices whose keys live in secure elements, on every way to a certificate. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manifestRows } from '#edge/admin/ledger-verbs/element-rows.ts'
import { sha256 } from '#trust/digest.ts'
import { manifestSigner } from '#trust/element/verify-element.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import {
  ask,
  certificateOf,
  deviceOf,
  type Expected,
  expectDevice,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import {
  type Maker,
  manifestEntry,
  type Provisioner,
  type SoftElement,
  softElement,
  softMaker,
  softProvisioner,
} from '../../../test/support/elements.ts'
import { renewalBy, requestBy } from '../../../test/support/house.ts'
import { allowReEnrolment, rebind } from '../devices/life.ts'
import { addProduct } from '../devices/product.ts'
import { bindElement } from '../elements/bind-element.ts'
import { importElements } from '../elements/import-elements.ts'
import type { Product } from '../ledger/tables.ts'
import { revoke } from '../revocation/revoke.ts'

const [provisioner, maker, mine, other] = (await Promise.all([
  softProvisioner(),
  softMaker(),
  softElement(),
  softElement(),
])) as [Provisioner, Maker, SoftElement, SoftElement]
const none = { kind: 'none' } as const

/** A product whose working identities stand on keys of elements. */
async function elementPump(core: TestCore, name = 'pump'): Promise<Product> {
  const added = await addProduct(
    { name, exposure: 'therapy', maker: 'Acme', profile: 'element-working' },
    operator,
    core,
  )
  return added.kind === 'added' ? added.product : assert.fail(added.detail)
}

async function register(core: TestCore, product: Product, ...elements: SoftElement[]) {
  const signer = manifestSigner(provisioner.certificate)
  if ('kind' in signer) assert.fail(signer.detail)
  const text = JSON.stringify(elements.map((element) => manifestEntry(element, provisioner)))
  const body = (async function* () {
    yield new TextEncoder().encode(text)
  })()
  const importing = {
    ...{ product, signerSha256: sha256(provisioner.certificate.der), demandsMaker: false },
  }
  for await (const news of importElements(
    manifestRows(body, signer, { bytes: 0 }),
    importing,
    operator,
    core,
  ))
    assert.notEqual(news.kind, 'refused', JSON.stringify(news))
}

async function bind(core: TestCore, { uniqueId }: SoftElement, { device }: Expected) {
  const element = await core.ledger.find('element', 'uniqueId', [uniqueId])
  const bound = await bindElement(element!, device, operator, core)
  assert.notEqual(bound.kind, 'refused', JSON.stringify(bound))
}

async function stateOf(core: TestCore, { uniqueId }: SoftElement) {
  return core.ledger.find('element', 'uniqueId', [uniqueId])
}

interface Scene {
  readonly core: TestCore
  readonly product: Product
  readonly expected: Expected
  readonly key: KeyPair
}

function scene(work: (scene: Scene) => Promise<void>): Promise<void> {
  return withCore(async (core) => {
    const product = await elementPump(core)
    await register(core, product, mine, other)
    const expected = await expectDevice(core, product, 'PUMP-1')
    await work({ core, product, expected, key: mine.keys[0]! })
  })
}

test('a key of the element that is in a device admits it without a code, and is booked as what it is', () =>
  scene(async ({ core, expected, key }) => {
    await bind(core, mine, expected)
    const { id } = issuedOf(await ask(core, none, key))
    const certificate = await certificateOf(core, id)
    assert.equal(certificate.owner, expected.device.id)
    const record = await core.ledger.read('key', certificate.key)
    assert.deepEqual(
      [record?.attested, record?.protection, record?.exportable],
      [true, 'secure-element', false],
    )
    const enrolment = await core.ledger.read('enrolment', certificate.enrolment!)
    assert.equal(enrolment?.proof, 'secure-element')
    assert.match(enrolment?.credential ?? '', /^elk_/)
  }))

test('an element of which nobody said where it is admits nobody', () =>
  scene(async ({ core, key }) => {
    assert.equal(reasonOf(await ask(core, none, key)), 'element-unassigned')
    assert.equal(reasonOf(await ask(core, none, await generateKey('p-256'))), 'credential-missing')
  }))

test('a code at first contact says in which device an element is, and the element admits it from then on', () =>
  scene(async ({ core, expected, key }) => {
    issuedOf(await ask(core, expected.credential, key))
    const bound = await stateOf(core, mine)
    assert.deepEqual([bound?.state, bound?.device], ['bound', expected.device.id])
    assert.equal(bound?.boundBy, expected.device.id)
    const told = core.events.findLast(({ type }) => type === 'element-bound')
    assert.deepEqual(told?.actor, { kind: 'device', id: expected.device.id })
    await allowReEnrolment(await deviceOf(core, expected), 'a test', operator, core)
    issuedOf(await ask(core, none, key))
  }))

test('a permission is spent by an element as by a code, so that an old request is worth nothing', () =>
  scene(async ({ core, expected, key }) => {
    await bind(core, mine, expected)
    issuedOf(await ask(core, none, key))
    core.clock.pass({ hours: 1 })
    assert.equal(reasonOf(await ask(core, none, key)), 'device-already-enrolled')
  }))

test('a key of another element than the expected one is refused, genuine as it is', () =>
  scene(async ({ core, expected }) => {
    await bind(core, mine, expected)
    const asked = await ask(core, expected.credential, other.keys[0]!)
    assert.equal(reasonOf(asked), 'element-not-expected')
    const soft = await ask(core, expected.credential, await generateKey('p-256'))
    assert.equal(reasonOf(soft), 'element-not-expected')
    assert.equal((await stateOf(core, other))?.device, null)
  }))

test("a key of another device's element is refused", () =>
  scene(async ({ core, product, expected, key }) => {
    const stranger = await expectDevice(core, product, 'PUMP-2')
    await bind(core, mine, expected)
    const asked = await ask(core, stranger.credential, key)
    assert.equal(reasonOf(asked), 'element-of-another-device')
  }))

test('an element of another product is refused', () =>
  withCore(async (core) => {
    await register(core, await elementPump(core, 'other'), mine)
    const expected = await expectDevice(core, await elementPump(core), 'PUMP-1')
    const asked = await ask(core, expected.credential, mine.keys[0]!)
    assert.equal(reasonOf(asked), 'element-of-another-device')
  }))

test('a key that no element holds is not certified, whoever has the code', () =>
  scene(async ({ core, expected }) => {
    const asked = await ask(core, expected.credential, await generateKey('p-256'))
    assert.equal(reasonOf(asked), 'attestation-missing')
  }))

test('a request that the key of the element did not sign is a stranger’s, and hears no more', () =>
  scene(async ({ core, expected, key }) => {
    await bind(core, mine, expected)
    const forged = await requestBy({ ...key, privateKey: other.keys[0]!.privateKey })
    assert.equal(reasonOf(await ask(core, none, forged)), 'credential-missing')
    const unassigned = { ...other.keys[0]!, privateKey: key.privateKey }
    assert.equal(reasonOf(await ask(core, none, await requestBy(unassigned))), 'credential-missing')
  }))

test("the certificate of its maker on the connection is the element's word, too", () =>
  scene(async ({ core, expected, key }) => {
    await bind(core, mine, expected)
    const chain = [(await maker.certify(mine)).der]
    const shown = { kind: 'certificate', chain } as const
    issuedOf(await ask(core, shown, key))
    const another = await maker.certify(other)
    const unassigned = { kind: 'certificate', chain: [another.der] } as const
    assert.equal(reasonOf(await ask(core, unassigned, other.keys[0]!)), 'element-unassigned')
  }))

test('a key of an element that was stolen is no proof of its device any more, for whatever key', () =>
  scene(async ({ core, expected, key }) => {
    await bind(core, mine, expected)
    const { id } = issuedOf(await ask(core, none, key))
    const stolen = { id, reason: 'keyCompromise', because: 'a test' } as const
    await revoke(stolen, operator, core)
    await allowReEnrolment(await deviceOf(core, expected), 'a test', operator, core)
    const chain = [(await maker.certify(mine)).der]
    const asked = await ask(core, { kind: 'certificate', chain }, mine.keys[1]!)
    assert.equal(reasonOf(asked), 'key-known-weak')
    assert.equal(reasonOf(await ask(core, none, key)), 'key-known-weak')
  }))

test('a renewal needs a key of the same element', () =>
  scene(async ({ core, expected, key }) => {
    await bind(core, mine, expected)
    const { certificate } = issuedOf(await ask(core, none, key))
    core.clock.pass({ hours: 24 * 70 })
    const shown = { kind: 'certificate', chain: [certificate] } as const
    const renew = async (by: KeyPair) =>
      reasonOf(await ask(core, shown, await renewalBy(by, certificate), { operation: 'reenrol' }))
    assert.equal(await renew(await generateKey('p-256')), 'element-not-expected')
    assert.equal(await renew(other.keys[1]!), 'element-not-expected')
    assert.equal(await renew(mine.keys[1]!), 'issued')
  }))

test('a new board has its own element, and the old one is out of use', () =>
  scene(async ({ core, product, expected, key }) => {
    await bind(core, mine, expected)
    issuedOf(await ask(core, none, key))
    await rebind(await deviceOf(core, expected), 'board exchanged', operator, core)
    await bind(core, other, { ...expected, device: await deviceOf(core, expected) })
    assert.equal(reasonOf(await ask(core, none, key)), 'element-not-expected')
    issuedOf(await ask(core, none, other.keys[0]!))
    const { credential } = await expectDevice(core, product, 'PUMP-3')
    assert.equal(reasonOf(await ask(core, credential, key)), 'element-of-another-device')
  }))
