// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { parseVendorBundle, vendorBundleFormat } from '#format/admin/vendor-bundle.ts'
import { encodePem } from '#format/pem.ts'
import { sha256 } from '#trust/digest.ts'
import { certify, certifyAuthority, makeEntity } from '../../../test/made-certificates.ts'
import { openTestCore, operator } from '../../../test/support/core.ts'
import { formatVectors } from '../../../test/vectors/vector.ts'
import type { VendorRoot } from '../ledger/tables.ts'
import { watchVendorRoots } from '../watch/vendor-endings.ts'
import { endorse } from './endorse.ts'
import { importBundle } from './import-bundle.ts'
import { withdrawRoot } from './withdraw-root.ts'

const core = await openTestCore()
after(() => core.close())
// The software TPM's authority began on a day of November 2026, and ends ten years later.
core.clock.pass({ hours: 24 * 300 })

function vector(name: string): Uint8Array {
  return formatVectors.find((one) => one.name === name)!.bytes
}

const swtpmRoot = encodePem('CERTIFICATE', vector('swtpm-root-certificate'))
const swtpmIssuer = encodePem('CERTIFICATE', vector('swtpm-issuer-certificate'))
const rsaEk = vector('swtpm-endorsement-rsa-2048')
const eccEk = vector('swtpm-endorsement-p-384')

interface Said {
  readonly name?: string
  readonly version?: number
  readonly entries?: readonly object[]
}

const swtpm = {
  vendor: 'swtpm',
  kind: 'tpm',
  roots: [swtpmRoot],
  intermediates: [swtpmIssuer],
  source: 'made by swtpm_localca',
}

function fileOf({ name = 'test', version = 1, entries = [swtpm] }: Said): Uint8Array {
  const document = { format: vendorBundleFormat, name, version, issued: '2026-11-29T00:00:00Z' }
  return new TextEncoder().encode(JSON.stringify({ ...document, entries }))
}

async function importing(said: Said) {
  const bytes = fileOf(said)
  return importBundle(parseVendorBundle(bytes), sha256(bytes), operator, core)
}

async function imported(said: Said) {
  const result = await importing(said)
  assert.ok(result.kind === 'imported', JSON.stringify(result))
  return result
}

async function wordFor(der: Uint8Array, chain: readonly Uint8Array[] = []): Promise<string> {
  const result = await endorse(der, chain, core)
  return result.kind === 'refused' ? result.reason : result.kind
}

async function activeIn(bundle: string): Promise<readonly VendorRoot[]> {
  const query = { by: 'bundle', equal: [bundle, 'active'], limit: 100 } as const
  return (await core.ledger.list('vendorRoot', query)).items
}

describe("makers' authorities", () => {
  test('vouch for nobody before a bundle is imported', async () => {
    assert.equal(await wordFor(rsaEk), 'endorsement-not-trusted')
  })

  test('vouch for the TPMs under them once their bundle is imported', async () => {
    const { changes, bundle } = await imported({})
    assert.deepEqual(
      changes.map(({ what, root }) => [what, root.role]),
      [
        ['added', 'root'],
        ['added', 'intermediate'],
      ],
    )
    assert.equal(bundle.certificates, 2)
    const endorsed = await endorse(rsaEk, [], core)
    assert.ok(endorsed.kind === 'endorsed')
    assert.equal(endorsed.publicKey.algorithm, 'rsa-2048')
    assert.equal(endorsed.root.vendor, 'swtpm')
    assert.equal(endorsed.certificate.tpm?.model, 'swtpm')
    assert.equal(await wordFor(eccEk), 'endorsed')
    const types = core.events.map(({ type }) => type)
    assert.ok(types.includes('vendor-bundle-imported') && types.includes('vendor-roots-added'))
  })

  test('are told of no change when the same file comes again', async () => {
    const before = core.events.length
    const { changes, unchanged } = await imported({})
    assert.deepEqual([changes.length, unchanged], [0, 2])
    assert.equal(core.events.length, before)
  })

  test('never fall back to an older version, or to another of the same number', async () => {
    await imported({ version: 5 })
    for (const said of [{ version: 4 }, { version: 5, entries: [] }]) {
      const refused = await importing(said)
      assert.ok(refused.kind === 'refused' && refused.reason === 'bundle-version-falls')
    }
  })

  test('that a new version leaves out are dropped, and come back with a later one', async () => {
    const gone = await imported({ version: 6, entries: [] })
    assert.deepEqual(
      gone.changes.map(({ what }) => what),
      ['dropped', 'dropped'],
    )
    assert.equal(await wordFor(rsaEk), 'endorsement-not-trusted')
    const back = await imported({ version: 7 })
    assert.deepEqual(
      back.changes.map(({ what }) => what),
      ['added', 'added'],
    )
    assert.equal(await wordFor(rsaEk), 'endorsed')
  })

  test('of one bundle are not touched by another', async () => {
    await imported({ name: 'other', entries: [] })
    assert.equal((await activeIn('test')).length, 2)
  })

  test('that are no authorities refuse their bundle whole', async () => {
    const entity = await makeEntity('CN=No Authority')
    const none = encodePem('CERTIFICATE', (await certify(entity, entity)).der)
    const refused = await importing({ name: 'odd', entries: [{ ...swtpm, roots: [none] }] })
    assert.ok(refused.kind === 'refused' && refused.reason === 'bundle-wrong')
    assert.match(refused.detail, /swtpm: CN=No Authority/)
    const twice = await importing({
      name: 'odd',
      entries: [{ ...swtpm, roots: [swtpmRoot + swtpmRoot] }],
    })
    assert.ok(twice.kind === 'refused' && /stands in it twice/.test(twice.detail))
    assert.equal((await activeIn('odd')).length, 0)
  })

  test('let an odd certificate pass only where their bundle says so', async () => {
    await imported({ name: 'strict' })
    const padded = new Uint8Array([...rsaEk, ...new Uint8Array(30)])
    const refused = await endorse(padded, [], core)
    assert.ok(refused.kind === 'refused' && refused.reason === 'endorsement-not-trusted')
    assert.match(refused.detail, /trailing-padding/)
    const lenient = { leniency: 'odd-endorsement-certificate', because: 'they pad their memory' }
    await imported({ name: 'lenient', entries: [{ ...swtpm, ...lenient }] })
    const endorsed = await endorse(padded, [], core)
    assert.ok(endorsed.kind === 'endorsed')
    assert.deepEqual(endorsed.certificate.oddities, ['trailing-padding'])
    assert.equal(endorsed.root.because, 'they pad their memory')
  })

  test('find a way through certificates that the device brings', async () => {
    const only = [{ ...swtpm, intermediates: [] }]
    for (const name of ['strict', 'lenient']) await imported({ name, version: 2, entries: only })
    await imported({ version: 8, entries: only })
    assert.equal(await wordFor(rsaEk), 'endorsement-not-trusted')
    assert.equal(await wordFor(rsaEk, [vector('swtpm-issuer-certificate')]), 'endorsed')
    const many = Array.from({ length: 17 }, () => vector('swtpm-issuer-certificate'))
    assert.equal(await wordFor(rsaEk, many), 'endorsement-not-trusted')
    assert.equal(await wordFor(Uint8Array.of(0x30, 0)), 'endorsement-not-trusted')
  })

  test('raise an alarm before their end, which goes when they are replaced', async () => {
    const root = await makeEntity('CN=Short Root')
    const now = core.clock.now()
    const certificate = await certifyAuthority(root, root, [], undefined, {
      notBefore: now.round('second'),
      notAfter: now.add({ hours: 24 * 100 }).round('second'),
    })
    const roots = [encodePem('CERTIFICATE', certificate.der)]
    const short = { ...swtpm, vendor: 'short', roots, intermediates: [] }
    await imported({ name: 'short', entries: [short] })
    const open = async () => {
      await watchVendorRoots(core.clock.now(), core)
      const query = { by: 'kind', equal: ['vendor-root-ending', 'open'], limit: 10 } as const
      return (await core.ledger.list('alarm', query)).items.map(({ severity }) => severity)
    }
    assert.deepEqual(await open(), ['notice'])
    core.clock.pass({ hours: 24 * 80 })
    assert.deepEqual(await open(), ['warning'])
    const lasting = { ...short, afterExpiry: 'accepted', because: 'its chips live on' }
    await imported({ name: 'short', version: 2, entries: [lasting] })
    assert.deepEqual(await open(), [])
  })

  test('that a person removed stay removed, in every bundle and whatever comes later', async () => {
    await imported({ name: 'again' })
    const root = (await activeIn('test')).find(({ role }) => role === 'root')!
    const withdrawn = await withdrawRoot(root, 'its key was stolen', operator, core)
    assert.ok(withdrawn.kind === 'withdrawn')
    assert.equal(await wordFor(rsaEk), 'endorsement-not-trusted')
    for (const said of [{ version: 9 }, { name: 'again', version: 2 }, { name: 'third' }]) {
      const { changes } = await imported(said)
      assert.equal(changes.filter(({ what }) => what === 'withheld').length, 1)
      assert.equal(await wordFor(rsaEk), 'endorsement-not-trusted')
    }
    const told = core.events.filter(({ type }) => type === 'vendor-root-withdrawn')
    assert.equal(told.length, 1)
    assert.equal(told[0]!.subjects.length, 4)
  })
})
