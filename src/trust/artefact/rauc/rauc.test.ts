// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import { memorySource } from '#format/archive/byte-source.ts'
import { parseKeyFile } from '#format/firmware/bundle/key-file.ts'
import { madeNow } from '../../../../test/made-certificates.ts'
import {
  fileToPack,
  judgedBy,
  octetsOf,
  signedBy,
} from '../../../../test/support/artefact-files.ts'
import { signingHouse } from '../../../../test/support/signers.ts'
import { buildRauc, type RaucWish } from './build.ts'
import { hashTree, treeFault, treeSize } from './hash-tree.ts'
import { raucForm } from './rauc.ts'

const form = raucForm(archiveTools())
const house = await signingHouse()
const signer = await house.signer()
const image = Uint8Array.from({ length: 20_000 }, (_, index) => index >> 3)
const written = `[update]
compatible=Test Board
version=1.0
[image.rootfs]
filename=rootfs.ext4
[meta.vitalsign]
security-version=4
`
const wish: RaucWish = {
  groups: parseKeyFile(written),
  entries: [fileToPack('rootfs.ext4', image)],
  modifiedAt: 0,
}

async function built(more: Partial<RaucWish> = {}): Promise<Uint8Array | string> {
  const made = await buildRauc({ ...wish, ...more })
  return made.kind === 'container' ? octetsOf(made.octets) : `${made.reason}: ${made.detail}`
}

async function container(more: Partial<RaucWish> = {}): Promise<Uint8Array> {
  const made = await built(more)
  assert.ok(made instanceof Uint8Array, String(made))
  return made
}

test('a bundle is built, recognised, signed, believed and shown', async () => {
  const unsigned = await container()
  assert.ok(await form.recognise(memorySource(unsigned)))
  assert.match((await form.inspect(memorySource(unsigned))).title, /not signed/)
  assert.match(await judgedBy(form, unsigned, house.trust()), /^artefact-not-signed/)
  const bundle = await signedBy(form, unsigned, { signedAt: String(madeNow) }, [signer])
  assert.ok(await form.recognise(memorySource(bundle)))
  const verdict = await form.verify(memorySource(bundle), house.trust())
  assert.ok(verdict.kind === 'genuine')
  assert.deepEqual([verdict.version, verdict.securityVersion], ['1.0', 4])
  assert.deepEqual(
    verdict.covers.map(({ name }) => name),
    ['rootfs.ext4'],
  )
  const { title, parts } = await form.inspect(memorySource(bundle))
  assert.equal(title, 'RAUC bundle of format verity for Test Board, version 1.0')
  assert.equal(
    parts.reduce((sum, { offset, octets }) => sum + (offset === undefined ? 0 : octets), 0),
    bundle.length,
    'every octet is in one part',
  )
})

test('a device takes no lower security version than its counter', async () => {
  const bundle = await signedBy(form, await container(), {}, [signer])
  assert.equal(await judgedBy(form, bundle, house.trust({ counter: 4 })), 'genuine')
  assert.match(await judgedBy(form, bundle, house.trust({ counter: 5 })), /^artefact-version-lower/)
})

test('a device takes what was made for its hardware, if it says what it is', async () => {
  const bundle = await signedBy(form, await container(), {}, [signer])
  const judged = (hardware: string) => judgedBy(form, bundle, house.trust({ hardware }))
  assert.equal(await judged('Test Board'), 'genuine')
  assert.match(await judged('Test'), /^artefact-hardware-wrong: made for Test Board/)
})

test('the same files are the same bundle, unless another salt is chosen', async () => {
  const of = async (choices: object) => signedBy(form, await container(), choices, [signer])
  const manifestOf = async (bundle: Uint8Array) =>
    (await form.inspect(memorySource(bundle))).parts.find(({ name }) => name === 'hash tree')
  const first = await manifestOf(await of({}))
  assert.deepEqual(await manifestOf(await of({})), first)
  assert.notDeepEqual(await manifestOf(await of({ salt: '00'.repeat(32) })), first)
})

test('choices that cannot be are refused before anything is signed', async () => {
  const source = memorySource(await container())
  for (const [choices, detail] of [
    [{ salt: '00' }, /32 octets/],
    [{ signedAt: 'yesterday' }, /no time/],
    [{ signedAt: '2027-99-01T00:00:00Z' }, /no time/],
    [{ largestSignature: 4_096 }, /max-bundle-signature-size/],
  ] as const) {
    const plan = await form.plan(source, choices, [signer])
    assert.ok(plan.kind === 'refused' && plan.reason === 'artefact-choice-wrong')
    assert.match(plan.detail, detail)
  }
})

test('what is no bundle in the making is not signed', async () => {
  const unsigned = await container()
  const padded = (octets: number) => {
    const longer = new Uint8Array(unsigned.length + octets)
    longer.set(unsigned)
    return longer
  }
  for (const [bytes, reason] of [
    [new Uint8Array(8_192), 'artefact-of-another-form'],
    [unsigned.subarray(0, -4_096), 'artefact-truncated'],
    [padded(1), 'artefact-truncated'],
    [padded(4_096), 'artefact-trailing-octets'],
  ] as const) {
    const plan = await form.plan(memorySource(bytes), {}, [signer])
    assert.equal(plan.kind === 'refused' && plan.reason, reason)
  }
})

test('a manifest that lies of its images is not signed', async () => {
  const bytes = await container()
  const at = Buffer.from(bytes).indexOf('sha256=') + 7
  for (const [offset, reason] of [
    [at, 'artefact-digest-wrong'],
    [Buffer.from(bytes).indexOf('size=') + 5, 'artefact-malformed'],
    [Buffer.from(bytes).indexOf('filename=') + 9, 'artefact-malformed'],
  ] as const) {
    const bent = bytes.slice()
    bent[offset] = bent[offset] === 0x31 ? 0x32 : 0x31
    const plan = await form.plan(memorySource(bent), {}, [signer])
    assert.equal(plan.kind === 'refused' && plan.reason, reason)
  }
})

test('a bundle that cannot be installed is not built', async () => {
  const of = (text: string) => built({ groups: parseKeyFile(text) })
  assert.match(String(await of('[update]\ncompatible=x\n')), /no image/)
  assert.match(String(await of(`${written}[bundle]\nformat=plain\n`)), /format plain/)
  assert.match(String(await built({ entries: [] })), /names rootfs.ext4/)
  const manifest = fileToPack('manifest.raucm', image)
  assert.match(String(await built({ entries: [...wish.entries, manifest] })), /is made/)
  assert.match(String(await of('[update]\nversion=1\n')), /artefact-malformed/)
})

test('a tree of several levels has the top one first, and is as large as is said', async () => {
  const blocks = 128 * 128 + 1
  const zeros = {
    size: blocks * 4_096,
    read: async (_: number, length: number) => new Uint8Array(length),
  }
  const tree = await hashTree(zeros, blocks * 4_096, new Uint8Array(32))
  assert.equal(tree.bytes.length, treeSize(blocks * 4_096))
  assert.equal(tree.bytes.length / 4_096, 1 + 2 + 129)
  // Two digests in the top block, zeros behind them.
  assert.notEqual(tree.bytes[63], undefined)
  assert.ok(tree.bytes.subarray(64, 4_096).every((octet) => octet === 0))
  assert.throws(() => treeSize(4_096), { code: 'value-not-allowed' })
  assert.throws(() => treeSize(8_193), { code: 'value-not-allowed' })
  assert.throws(() => treeSize(2 ** 40), { code: 'too-large' })
})

test('a tree is held against its root level by level, and tells changed data from a changed tree', async () => {
  // Two blocks of digests, the second almost empty, and one on top.
  const data = Uint8Array.from({ length: 130 * 4_096 }, (_, index) => (index >> 12) & 0xff)
  const salt = new Uint8Array(32).fill(7)
  const { root, bytes } = await hashTree(memorySource(data), data.length, salt)
  const whole = new Uint8Array(data.length + bytes.length)
  whole.set(data)
  whole.set(bytes, data.length)
  const fault = (by: Uint8Array = root) => treeFault(memorySource(whole), data.length, by, salt)
  assert.equal(await fault(), undefined)
  assert.equal(await fault(new Uint8Array(32)), 'tree')
  for (const [at, wanted] of [
    [0, 'data'],
    [data.length - 1, 'data'],
    // The top and the zeros behind its digests, the level below it and the zeros there.
    [data.length, 'tree'],
    [data.length + 4_095, 'tree'],
    [data.length + 4_096, 'tree'],
    [whole.length - 1, 'tree'],
  ] as const) {
    whole[at]! ^= 1
    assert.equal(await fault(), wanted, `octet ${at}`)
    whole[at]! ^= 1
  }
})
