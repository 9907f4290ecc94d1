// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assignmentRows, manifestRows } from '#edge/admin/ledger-verbs/element-rows.ts'
import { type VendorEntry, vendorBundleFormat } from '#format/admin/vendor-bundle.ts'
import { sha256 } from '#trust/digest.ts'
import { manifestSigner } from '#trust/element/verify-element.ts'
import {
  addPump,
  expectDevice,
  operator,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import {
  type EntryChange,
  type Maker,
  manifestEntry,
  type Provisioner,
  type SoftElement,
  softElement,
  softMaker,
  softProvisioner,
} from '../../../test/support/elements.ts'
import type { ImportNews } from '../importing.ts'
import type { Product } from '../ledger/tables.ts'
import { importBundle } from '../vendors/import-bundle.ts'
import { addElement, uniqueIdOf } from './add-element.ts'
import { assignElements } from './assign-elements.ts'
import { bindElement } from './bind-element.ts'
import { importElements } from './import-elements.ts'

const [provisioner, maker, ...elements] = (await Promise.all([
  softProvisioner(),
  softMaker(),
  ...Array.from({ length: 3 }, () => softElement()),
])) as [Provisioner, Maker, ...SoftElement[]]
const [first, second, third] = elements as [SoftElement, SoftElement, SoftElement]

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text)
}

async function newsOf(news: AsyncIterable<ImportNews>) {
  const told: ImportNews[] = []
  for await (const one of news) told.push(one)
  const refused = told
    .filter((one) => one.kind === 'refused')
    .map(({ row, refused: { reason } }) => [row, reason])
  return { told, refused, last: told.at(-1)! }
}

interface Asked {
  readonly by?: Provisioner
  readonly demandsMaker?: boolean
}

function importing(
  core: TestCore,
  product: Product,
  entries: readonly object[] | string,
  { by = provisioner, demandsMaker = false }: Asked = {},
) {
  const signer = manifestSigner(by.certificate)
  if ('kind' in signer) assert.fail(signer.detail)
  const text = typeof entries === 'string' ? entries : JSON.stringify(entries)
  const rows = manifestRows(bytesOf(text), signer, { bytes: 0 })
  const signerSha256 = sha256(by.certificate.der)
  return newsOf(importElements(rows, { product, signerSha256, demandsMaker }, operator, core))
}

const entryOf = (element: SoftElement, change: EntryChange = {}) =>
  manifestEntry(element, provisioner, change)

async function believe(core: TestCore, { root }: Maker): Promise<void> {
  const entry: VendorEntry = {
    ...{ vendor: 'Chips', kind: 'secure-element', intermediates: [], source: 'a test' },
    ...{ roots: [{ certificate: root, oddities: [] }], leniency: 'none' },
    ...{ afterExpiry: 'refused', because: null },
  }
  const issued = core.clock.now()
  const bundle = { name: vendorBundleFormat, version: 1, issued, entries: [entry] }
  const imported = await importBundle(bundle, new Uint8Array(32), operator, core)
  assert.equal(imported.kind, 'imported')
}

function assigning(core: TestCore, product: Product, csv: string) {
  return newsOf(assignElements(assignmentRows(bytesOf(csv), { bytes: 0 }), product, operator, core))
}

describe('a signed manifest', () => {
  test('makes its elements known, each with its keys and the proof that they live in it', () =>
    withCore(async (core) => {
      const product = await addPump(core)
      const { last, refused } = await importing(core, product, [entryOf(first), entryOf(second)])
      assert.deepEqual(refused, [])
      assert.ok(last.kind === 'done' && last.count.added === 2)
      const element = await core.ledger.find('element', 'uniqueId', [first.uniqueId])
      assert.deepEqual(
        [element?.state, element?.device, element?.source],
        ['known', null, 'manifest'],
      )
      for (const { publicKey } of first.keys) {
        const query = { by: 'key', equal: [publicKey.fingerprint], limit: 10 } as const
        const [attestation] = (await core.ledger.list('attestation', query)).items
        assert.deepEqual(
          [attestation?.form, attestation?.module, attestation?.device, attestation?.until],
          ['secure-element', first.uniqueId, null, null],
        )
        const kept = String(attestation?.facts.evidence)
        const evidence = await core.ledger.read('evidence', kept)
        assert.deepEqual(evidence && sha256(evidence.bytes), attestation?.evidenceSha256)
      }
      const event = core.events.findLast(({ type }) => type === 'elements-imported')
      assert.deepEqual([event?.subjects.length, event?.facts.count], [2, 2])
    }))

  test('may be sent again, and goes on with what is new', () =>
    withCore(async (core) => {
      const product = await addPump(core)
      await importing(core, product, [entryOf(first)])
      const { last } = await importing(core, product, [
        entryOf(first),
        entryOf(second),
        entryOf(second),
      ])
      assert.ok(last.kind === 'done')
      assert.deepEqual(last.count, { rows: 3, added: 1, unchanged: 2, refused: 0 })
    }))

  test('has each entry refused by its number that its signer did not sign so', () =>
    withCore(async (core) => {
      const product = await addPump(core)
      const stranger = await softProvisioner()
      const forged = manifestEntry(second, stranger)
      const claimed = manifestEntry(second, {
        entity: stranger.entity,
        certificate: provisioner.certificate,
      })
      const strangers = await maker.certify(third)
      const { refused, last } = await importing(core, product, [
        entryOf(first),
        forged,
        claimed,
        entryOf(second, { alterSignature: true }),
        entryOf(second, { uniqueId: third.uniqueId }),
        entryOf(second, { chain: [strangers] }),
        entryOf(second, { header: { alg: 'none' } }),
        { ...entryOf(second), payload: 'e30' },
      ])
      assert.deepEqual(refused, [
        [2, 'element-not-genuine'],
        [3, 'element-not-genuine'],
        [4, 'element-not-genuine'],
        [5, 'element-not-genuine'],
        [6, 'element-not-genuine'],
        [7, 'element-malformed'],
        [8, 'element-not-genuine'],
      ])
      assert.ok(last.kind === 'done' && last.count.added === 1)
    }))

  test('stops where it is no list any more, and keeps what came before', () =>
    withCore(async (core) => {
      const product = await addPump(core)
      const text = JSON.stringify([entryOf(first), entryOf(second)]).slice(0, -40)
      const { last } = await importing(core, product, text)
      assert.ok(last.kind === 'stopped')
      assert.deepEqual(
        [last.row, last.refused.reason, last.count.added],
        [2, 'element-malformed', 1],
      )
    }))

  test('never changes an element, and never gives the key of one to another', () =>
    withCore(async (core) => {
      const product = await addPump(core)
      const other = await addPump(core, 'other pump')
      await importing(core, product, [entryOf(first)])
      const fewer = { ...first, keys: first.keys.slice(0, 1) }
      const thief = { uniqueId: second.uniqueId, keys: [second.keys[0]!, first.keys[0]!] }
      const twins = [entryOf(third), entryOf({ ...third, uniqueId: '0123456789abcdef01' })]
      assert.deepEqual(
        (await importing(core, product, [entryOf(fewer), entryOf(thief), ...twins])).refused,
        [
          [1, 'element-differs'],
          [2, 'key-has-another-owner'],
          [4, 'key-has-another-owner'],
        ],
      )
      const elsewhere = await importing(core, other, [entryOf(first)])
      assert.deepEqual(elsewhere.refused, [[1, 'element-differs']])
    }))

  test("tells whether a maker's root vouches, and may be asked to take no others", () =>
    withCore(async (core) => {
      const product = await addPump(core)
      const chain = [await maker.certify(first)]
      const asked = { demandsMaker: true }
      const entries = [entryOf(first, { chain }), entryOf(second)]
      const before = await importing(core, product, entries, asked)
      assert.deepEqual(before.refused, [
        [1, 'element-not-genuine'],
        [2, 'element-not-genuine'],
      ])
      await believe(core, maker)
      const after = await importing(core, product, entries, asked)
      assert.deepEqual(after.refused, [[2, 'element-not-genuine']])
      const element = await core.ledger.find('element', 'uniqueId', [first.uniqueId])
      assert.match(element?.vendorRoot ?? '', /^vnr_/)
    }))

  test('is signed with P-256 by who may sign', async () => {
    const strong = await softProvisioner('p-384')
    const signer = manifestSigner(strong.certificate)
    assert.ok('kind' in signer && signer.reason === 'manifest-signer-wrong')
    const authority = manifestSigner(maker.root)
    assert.ok('kind' in authority && authority.reason === 'manifest-signer-wrong')
  })
})

describe('where an element is', () => {
  test('is told by a list of the line, which may be sent again', () =>
    withCore(async (core) => {
      const product = await addPump(core)
      await importing(core, product, [entryOf(first), entryOf(second)])
      await expectDevice(core, product, 'PUMP-1')
      await expectDevice(core, product, 'PUMP-2')
      const csv = `uniqueId,serial\n${first.uniqueId.toUpperCase()},PUMP-1\n0123456789,PUMP-2\n${second.uniqueId},PUMP-9\n`
      const { refused, last } = await assigning(core, product, csv)
      assert.deepEqual(refused, [
        [3, 'not-found'],
        [4, 'device-unknown'],
      ])
      assert.ok(last.kind === 'done' && last.count.added === 1)
      const again = await assigning(core, product, csv)
      assert.ok(again.last.kind === 'done' && again.last.count.unchanged === 1)
      const moved = await assigning(core, product, `serial,uniqueid\nPUMP-2,${first.uniqueId}\n`)
      assert.deepEqual(moved.refused, [[2, 'element-of-another-device']])
      await assert.rejects(
        assigning(core, product, 'id,serial\n'),
        /columns are uniqueId and serial/,
      )
    }))

  test('changes when its device gets another one, and the old one is never used again', () =>
    withCore(async (core) => {
      const product = await addPump(core)
      await importing(core, product, [entryOf(first), entryOf(second)])
      await expectDevice(core, product, 'PUMP-1')
      await assigning(core, product, `uniqueId,serial\n${first.uniqueId},PUMP-1\n`)
      const { last } = await assigning(
        core,
        product,
        `uniqueId,serial\n${second.uniqueId},PUMP-1\n`,
      )
      assert.ok(last.kind === 'done' && last.count.added === 1)
      const old = await core.ledger.find('element', 'uniqueId', [first.uniqueId])
      assert.equal(old?.state, 'replaced')
      const back = await assigning(core, product, `uniqueId,serial\n${first.uniqueId},PUMP-1\n`)
      assert.deepEqual(back.refused, [[2, 'element-of-another-device']])
      const told = core.events.filter(({ type }) => type === 'element-bound')
      assert.equal(told.at(-1)?.facts.replaces, first.uniqueId)
    }))
})

test('of two elements that are bound to one device at once, one is', () =>
  withCore(async (core) => {
    const product = await addPump(core)
    await importing(core, product, [entryOf(first), entryOf(second)])
    const { device } = await expectDevice(core, product, 'PUMP-1')
    const bind = async ({ uniqueId }: SoftElement) => {
      const element = await core.ledger.find('element', 'uniqueId', [uniqueId])
      return bindElement(element!, device, operator, core)
    }
    const both = await Promise.all([bind(first), bind(second)])
    const outcomes = both.map((one) => (one.kind === 'refused' ? one.reason : one.kind))
    assert.deepEqual(outcomes.sort(), ['bound', 'conflict'])
    const query = { by: 'device', equal: [device.id, 'bound'], limit: 9 } as const
    assert.equal((await core.ledger.list('element', query)).items.length, 1)
  }))

describe("an element's own certificate", () => {
  test('makes it known if its maker is believed here, at once in its device', () =>
    withCore(async (core) => {
      const product = await addPump(core)
      const { device } = await expectDevice(core, product, 'PUMP-1')
      const certificate = await maker.certify(first)
      const before = await addElement([certificate], product, undefined, operator, core)
      assert.ok(before.kind === 'refused' && before.reason === 'element-not-genuine')
      await believe(core, maker)
      const added = await addElement([certificate], product, device, operator, core)
      assert.ok(added.kind === 'added')
      assert.deepEqual(
        [added.element.uniqueId, added.element.state, added.element.device],
        [first.uniqueId, 'bound', device.id],
      )
      const again = await addElement([certificate], product, undefined, operator, core)
      assert.equal(again.kind === 'refused' && again.reason, 'exists-already')
      const types = core.events.map(({ type }) => type)
      assert.ok(types.includes('element-added') && types.includes('element-bound'))
    }))

  test('names it by serialNumber, or as its maker writes the common name', async () => {
    const named = async (commonName: string) => uniqueIdOf(await maker.certify(first, commonName))
    assert.equal(await named('sn0123F1822C38DD7A01'), '0123f1822c38dd7a01')
    assert.equal(await named('0123F1822C38DD7A01 ATECC'), '0123f1822c38dd7a01')
    assert.equal(await named('Node 7'), 'node-7')
    assert.equal(await named('Chip,serialNumber=AB-12-cd'), 'ab-12-cd')
    const nameless = await named('x')
    assert.ok(typeof nameless !== 'string' && nameless.reason === 'element-malformed')
  })
})
