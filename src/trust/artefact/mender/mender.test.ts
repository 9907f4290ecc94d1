// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packGzip } from '#edge/images/pack-gzip.ts'
import { archiveTools } from '#edge/images/tools.ts'
import { memorySource } from '#format/archive/byte-source.ts'
import { judgedBy, octetsOf, signedBy } from '../../../../test/support/artefact-files.ts'
import { signingHouse } from '../../../../test/support/signers.ts'
import { buildMender, type MenderWish } from './build.ts'
import { menderForm } from './mender.ts'

const form = menderForm(archiveTools())
const house = await signingHouse()
const signer = { ...(await house.signer()), chain: [] }
const trust = house.trust({ roots: [], keys: [signer.publicKey] })
const image = Uint8Array.from({ length: 30_000 }, (_, index) => index >> 4)
const file = { name: 'rootfs.ext4', content: memorySource(image) }
const wish: MenderWish = {
  ...{ artifactName: 'release-1', deviceTypes: ['board'], payloadType: 'rootfs-image' },
  ...{ files: [file], securityVersion: 5, gzip: packGzip },
}

async function built(more: Partial<MenderWish> = {}): Promise<Uint8Array | string> {
  const made = await buildMender({ ...wish, ...more })
  return made.kind === 'container' ? octetsOf(made.octets) : `${made.reason}: ${made.detail}`
}

async function container(more: Partial<MenderWish> = {}): Promise<Uint8Array> {
  const made = await built(more)
  assert.ok(made instanceof Uint8Array, String(made))
  return made
}

test('an artifact is built, recognised, signed, believed and shown', async () => {
  const unsigned = await container()
  assert.deepEqual(await container(), unsigned)
  assert.ok(await form.recognise(memorySource(unsigned)))
  assert.ok(!(await form.recognise(memorySource(image))))
  const title = 'Mender artifact release-1 for board'
  assert.equal((await form.inspect(memorySource(unsigned))).title, `${title}, not signed`)
  const artifact = await signedBy(form, unsigned, {}, [signer])
  const verdict = await form.verify(memorySource(artifact), { ...trust, counter: 5 })
  assert.ok(verdict.kind === 'genuine', JSON.stringify(verdict))
  assert.deepEqual([verdict.version, verdict.securityVersion], ['release-1', 5])
  assert.deepEqual(verdict.covers.map(({ name }) => name).toSorted(), [
    'data/0000/rootfs.ext4',
    'header.tar.gz',
    'version',
  ])
  assert.match(await judgedBy(form, artifact, { ...trust, counter: 6 }), /^artefact-version-lower/)
  const anatomy = await form.inspect(memorySource(artifact))
  assert.equal(anatomy.title, title)
  assert.equal(
    anatomy.parts.reduce((sum, { octets }) => sum + octets, 0),
    artifact.length,
  )
})

test('a device takes what was made for its type, if it says what it is', async () => {
  const artifact = await signedBy(form, await container({ deviceTypes: ['a', 'b'] }), {}, [signer])
  assert.equal(await judgedBy(form, artifact, { ...trust, hardware: 'b' }), 'genuine')
  assert.match(
    await judgedBy(form, artifact, { ...trust, hardware: 'c' }),
    /^artefact-hardware-wrong: made for a, b, the device is c/,
  )
})

test('what cannot be installed is not built', async () => {
  for (const [more, reason] of [
    [{ files: [] }, /no file/],
    [{ files: [file, { ...file, name: 'b' }] }, /rootfs-image is one file/],
    [{ payloadType: 'm', files: [file, file] }, /two files/],
    [{ files: [{ ...file, name: 'a/b' }] }, /no name/],
    [{ deviceTypes: [] }, /type of device/],
    [{ artifactName: 'a\n' }, /name of the artifact/],
    [{ files: [{ ...file, name: 'x'.repeat(101) }] }, /no name in a tar/],
    [
      { files: [{ ...file, content: { size: 2, read: async () => new Uint8Array() } }] },
      /artefact-truncated/,
    ],
  ] as const)
    assert.match(String(await built(more)), reason)
})

test('a signer that no Mender client checks is refused before anything is signed', async () => {
  const source = memorySource(await container())
  const pss = await house.signer({ algorithm: 'rsa-2048', signsWith: 'rsa-pss-sha256' })
  for (const [signers, reason] of [
    [[], 'artefact-choice-wrong'],
    [[signer, signer], 'artefact-choice-wrong'],
    [[pss], 'artefact-signer-unfit'],
    [[await house.signer({ algorithm: 'p-384' })], 'artefact-signer-unfit'],
    [[await house.signer({ algorithm: 'ml-dsa-65' })], 'artefact-signer-unfit'],
  ] as const) {
    const plan = await form.plan(source, {}, signers)
    assert.equal(plan.kind === 'refused' && plan.reason, reason)
  }
})

test('nothing is signed whose manifest does not hold, and what is damaged is shown as far as it goes', async () => {
  const bent = await container()
  bent[Buffer.from(bent).indexOf('header.tar.gz') + 3] = 0x7a
  const plan = await form.plan(memorySource(bent), {}, [signer])
  assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-not-covered')
  assert.match(
    (await form.inspect(memorySource(bent))).title,
    /is wrong: the manifest has no digest/,
  )
  const cut = (await container()).subarray(0, 3_000)
  const { parts, title } = await form.inspect(memorySource(cut))
  assert.match(title, /is wrong/)
  assert.deepEqual(
    parts.map(({ name }) => name),
    ['version', 'manifest', 'end'],
  )
})
