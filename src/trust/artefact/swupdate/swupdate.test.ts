// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import {
  encodeCpioEnd,
  encodeCpioHead,
  mostCpioOctets,
  readCpio,
} from '#format/archive/cpio-entries.ts'
import { parseSwDescription } from '#format/firmware/bundle/sw-description.ts'
import { madeNow } from '../../../../test/made-certificates.ts'
import { judgedBy, piecesOf, signedBy } from '../../../../test/support/artefact-files.ts'
import { signingHouse } from '../../../../test/support/signers.ts'
import { buildSwupdate, type SwupdateWish } from './build.ts'
import { swupdateForm as form } from './swupdate.ts'

const house = await signingHouse()
const signer = await house.signer()
const image = Uint8Array.from({ length: 5_001 }, (_, index) => index >> 2)
const wish: SwupdateWish = {
  description:
    'software = { version = "1.0"; /* gone */ images: ( { filename = "a.img"; device = "/dev/x\\"y"; size = 0x100000000L; deep = [ 1, 2 ]; ok = true; } ); }',
  files: [{ name: 'a.img', content: memorySource(image) }],
  securityVersion: 9,
}

async function built(more: Partial<SwupdateWish> = {}): Promise<Uint8Array | string> {
  const made = await buildSwupdate({ ...wish, ...more })
  return made.kind === 'container' ? piecesOf(made.pieces) : `${made.reason}: ${made.detail}`
}

async function container(more: Partial<SwupdateWish> = {}): Promise<Uint8Array> {
  const made = await built(more)
  assert.ok(made instanceof Uint8Array, String(made))
  return made
}

test('an update is built, recognised, signed, believed and shown', async () => {
  const unsigned = await container()
  assert.deepEqual(await container(), unsigned)
  assert.ok(await form.recognise(memorySource(unsigned)))
  assert.ok(!(await form.recognise(memorySource(image))))
  assert.match((await form.inspect(memorySource(unsigned))).title, /version 1\.0, not signed/)
  const update = await signedBy(form, unsigned, { signedAt: String(madeNow) }, [signer])
  const verdict = await form.verify(memorySource(update), house.trust({ counter: 9 }))
  assert.ok(verdict.kind === 'genuine', JSON.stringify(verdict))
  assert.deepEqual([verdict.version, verdict.securityVersion], ['1.0', 9])
  assert.deepEqual(
    verdict.covers.map(({ name }) => name),
    ['a.img'],
  )
  assert.match(
    await judgedBy(form, update, house.trust({ counter: 10 })),
    /^artefact-version-lower/,
  )
  const { parts } = await form.inspect(memorySource(update))
  const inFile = parts.filter(({ offset }) => offset !== undefined)
  assert.equal(
    inFile.reduce((sum, { octets }) => sum + octets, 0),
    update.length,
  )
})

test('a description keeps its syntax and its meaning, and gains a digest for each file', async () => {
  for (const json of [false, true]) {
    const before = parseSwDescription(wish.description)
    const description = json ? JSON.stringify(before) : wish.description
    const made = await buildSwupdate({ ...wish, description })
    assert.ok(made.kind === 'container')
    assert.equal(made.description.startsWith('{'), json)
    const text = JSON.stringify(parseSwDescription(made.description))
    assert.match(text, /"sha256":"[0-9a-f]{64}"/)
    const stripped = text.replace(/,"sha256":"\w+"/, '').replace(/,"vitalsign":\{[^}]*\}/, '')
    assert.deepEqual(JSON.parse(stripped), before)
  }
})

test('an update that SWUpdate would refuse is not built', async () => {
  const file = { name: 'b.img', content: memorySource(image) }
  const large = { name: 'a.img', content: { ...memorySource(image), size: mostCpioOctets + 1 } }
  for (const [more, reason] of [
    [{ files: [] }, /names a\.img, which is not among/],
    [{ files: [...wish.files, file] }, /does not name b\.img/],
    [{ files: [...wish.files, ...wish.files] }, /two files are named a\.img/],
    [{ files: [large] }, /4 GiB - 1/],
    [{ files: [{ ...file, name: 'sw-description' }] }, /no name/],
    [{ files: [{ ...file, name: 'x/y' }] }, /no name/],
    [{ description: 'x = 1;' }, /no group software/],
    [{ description: 'x = ' }, /artefact-malformed/],
    [
      {
        description: `software = { images: ( { filename = "a.img"; sha256 = "${'0'.repeat(64)}"; } ); }`,
      },
      /artefact-digest-wrong: .*leave it out/,
    ],
  ] as const)
    assert.match(String(await built(more)), reason)
})

test('choices that cannot be are refused before anything is signed', async () => {
  const source = memorySource(await container())
  const raw = { ...(await house.signer({ algorithm: 'rsa-2048' })), chain: [] }
  for (const [choices, signers, reason] of [
    [{ signature: 'pgp' }, [signer], 'artefact-choice-wrong'],
    [{ signedAt: 'today' }, [signer], 'artefact-choice-wrong'],
    [{ signature: 'cms' }, [raw], 'artefact-signer-unfit'],
    [{ signature: 'rsa' }, [signer], 'artefact-signer-unfit'],
    [{ signature: 'rsa' }, [raw, raw], 'artefact-choice-wrong'],
    [{ signature: 'rsa' }, [{ ...raw, algorithm: 'rsa-sha384' }], 'artefact-signer-unfit'],
    [{}, [], 'artefact-choice-wrong'],
  ] as const) {
    const plan = await form.plan(source, choices, signers)
    assert.equal(plan.kind === 'refused' && plan.reason, reason, JSON.stringify(choices))
  }
})

test('nothing is signed whose description does not hold', async () => {
  const bytes = await container()
  const { entries } = await readCpio(memorySource(bytes))
  const bent = bytes.slice()
  bent[entries[1]!.start]! ^= 1
  const plan = await form.plan(memorySource(bent), {}, [signer])
  assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-digest-wrong')
})

test('of an update that nobody signed little is read: no more files than anybody packs, nothing in its end', async () => {
  const many = Array.from({ length: 4_097 }, (_, index) => encodeCpioHead(`f${index}`, 0, 0, 1))
  const head = encodeCpioHead('sw-description', 0, 0, 1)
  const end = encodeCpioEnd(0)
  assert.match(
    await judgedBy(form, Uint8Array.from(Buffer.concat([head, ...many, end])), house.trust()),
    /^artefact-malformed: .*files in a cpio/,
  )
  const update = await signedBy(form, await container(), {}, [signer])
  const { mark } = await readCpio(memorySource(update))
  update.set(new TextEncoder().encode('00000001'), mark + 54)
  assert.match(
    await judgedBy(form, update, house.trust()),
    /^artefact-malformed: .*end mark of 1 octets/,
  )
})
