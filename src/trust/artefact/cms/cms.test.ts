// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { before, test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import { encodeSignedData, parseSignedData, type SignedData } from '#format/cms/signed-data.ts'
import type { SignerInfo } from '#format/cms/signer-info.ts'
import {
  type MadeSigner,
  type SigningHouse,
  signAll,
  signingHouse,
} from '../../../../test/support/signers.ts'
import { nothing } from '../../../../test/support/soft-signers.ts'
import type { SigningPlan } from '../form.ts'
import type { ArtefactRefusal, ArtefactRefused } from '../refusal.ts'
import type { DeviceTrust } from '../verdict.ts'
import { cmsForm as form } from './form.ts'

const file = new TextEncoder().encode('any file\n')
let house: SigningHouse
let signer: MadeSigner
let genuine: Uint8Array

before(async () => {
  house = await signingHouse()
  signer = await house.signer()
  genuine = await signed([signer])
})

async function signed(signers: readonly MadeSigner[], source = memorySource(file), options = {}) {
  return await finish(await form.plan(source, options, signers), signers)
}

async function finish(plan: SigningPlan | ArtefactRefused, signers: readonly MadeSigner[]) {
  if (plan.kind === 'refused') throw new Error(plan.detail)
  const pieces = await plan.finish(signAll(plan.wanted, signers))
  return concatBytes(pieces.map((piece) => (piece instanceof Uint8Array ? piece : file)))
}

async function judged(bytes: Uint8Array, over = file, trust: Partial<DeviceTrust> = {}) {
  const verdict = await form.verify(memorySource(bytes), house.trust(trust), memorySource(over))
  return verdict.kind === 'refused' ? verdict.reason : verdict.kind
}

test('what was signed is genuine, by every algorithm of a CMS', async () => {
  assert.equal(await judged(genuine), 'genuine')
  for (const algorithm of ['p-384', 'ed25519', 'ml-dsa-65'] as const) {
    const other = await house.signer({ algorithm })
    assert.equal(await judged(await signed([other])), 'genuine')
  }
})

test('old and new keys sign together, and a device that knows one is content', async () => {
  const elsewhere = await signingHouse('Elsewhere')
  const stranger = await elsewhere.signer()
  assert.equal(await judged(await signed([stranger, signer])), 'genuine')
  assert.equal(await judged(await signed([stranger])), 'certificate-not-trusted')
})

/** A message with another content in some of its parts. */
function rewritten(change: (message: SignedData) => Partial<SignedData>): Uint8Array {
  const message = parseSignedData(genuine, { order: 'any' })
  return encodeSignedData({ ...message, ...change(message) })
}

function resigner(change: (info: SignerInfo) => Partial<SignerInfo>): Uint8Array {
  return rewritten(({ signers }) => ({
    signers: signers.map((info) => ({ ...info, ...change(info) })),
  }))
}

const flipped = (bytes: Uint8Array) =>
  bytes.map((octet, index) => (index === bytes.length >> 1 ? octet ^ 1 : octet))

const corruptions: readonly (readonly [string, ArtefactRefusal, () => Uint8Array])[] = [
  [
    'a bit of the signature',
    'signature-wrong',
    () => resigner(({ signature }) => ({ signature: flipped(signature) })),
  ],
  ['no signer', 'artefact-not-signed', () => rewritten(() => ({ signers: [] }))],
  ['no certificate', 'artefact-signer-unknown', () => rewritten(() => ({ certificates: [] }))],
  [
    'no signed attributes',
    'artefact-field-not-allowed',
    () => resigner(() => ({ signedAttributes: [] })),
  ],
  [
    'a signed attribute less',
    'artefact-malformed',
    () => resigner(({ signedAttributes }) => ({ signedAttributes: signedAttributes.slice(1) })),
  ],
  ['its content in it', 'artefact-of-another-form', () => rewritten(() => ({ content: file }))],
  [
    'a digest algorithm that is not known',
    'signature-algorithm-unknown',
    () => resigner(({ signatureAlgorithm }) => ({ digestAlgorithm: signatureAlgorithm })),
  ],
  [
    'the issuing certificate missing',
    'certificate-not-trusted',
    () => rewritten(({ certificates }) => ({ certificates: certificates.slice(0, 1) })),
  ],
  ['its end missing', 'artefact-truncated', () => genuine.subarray(0, -1)],
  ['octets behind it', 'artefact-trailing-octets', () => concatBytes([genuine, Uint8Array.of(0)])],
  [
    'another tag',
    'artefact-malformed',
    () => concatBytes([Uint8Array.of(0x31), genuine.subarray(1)]),
  ],
  ['nothing at all', 'artefact-malformed', () => new Uint8Array()],
]
for (const [what, reason, bytes] of corruptions)
  test(`refuses ${what}: ${reason}`, async () => {
    assert.equal(await judged(bytes()), reason)
    await form.inspect(memorySource(bytes()))
  })

test('refuses another file, and none', async () => {
  assert.equal(await judged(genuine, flipped(file)), 'artefact-digest-wrong')
  assert.equal(await judged(genuine, file.subarray(1)), 'artefact-digest-wrong')
  const alone = await form.verify(memorySource(genuine), house.trust())
  assert.equal(alone.kind === 'refused' && alone.reason, 'artefact-choice-wrong')
})

test('says no version, so that a device with a counter does not take it alone', async () => {
  assert.equal(await judged(genuine, file, { counter: 1 }), 'artefact-version-missing')
})

test('only digests are needed, whatever the algorithm', async () => {
  const signers = [signer, await house.signer({ algorithm: 'ml-dsa-65' })]
  const digests = ['sha256', 'sha512'].map(
    (name) => `${name}:${createHash(name).update(file).digest('hex')}`,
  )
  assert.equal(await judged(await signed(signers, nothing, { digests })), 'genuine')
  for (const wrong of [['sha256:00'], ['md5:00'], ['sha256'], digests.slice(1)]) {
    const plan = await form.plan(nothing, { digests: wrong }, signers)
    assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-choice-wrong')
  }
  const both = await form.plan(memorySource(file), { digests }, signers)
  assert.equal(both.kind === 'refused' && both.reason, 'artefact-choice-wrong')
})

test('is known by what it is, and not by what brings its content', async () => {
  assert.ok(await form.recognise(memorySource(genuine)))
  const whole = rewritten(() => ({ content: file }))
  for (const other of [whole, file, new Uint8Array(), genuine.subarray(0, 60)])
    assert.ok(!(await form.recognise(memorySource(other))))
})
