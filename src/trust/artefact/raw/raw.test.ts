// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { before, test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import { joinEcdsaSignature } from '#format/ecdsa-signature.ts'
import { algorithms } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { encodeSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import type { KeyAlgorithmName, SignatureAlgorithmName } from '#trust/algorithms.ts'
import { readHssKey } from '#trust/lms/hss-key.ts'
import { importPublicKey } from '#trust/public-key.ts'
import {
  deviceKnowing,
  nothing,
  type SoftSigner,
  signPlan,
  softSigner,
} from '../../../../test/support/soft-signers.ts'
import { formatVectors } from '../../../../test/vectors/vector.ts'
import type { ArtefactRefusal } from '../refusal.ts'
import type { DeviceTrust } from '../verdict.ts'
import { rawForm as form } from './form.ts'
import type { RawOptions } from './options.ts'
import { smallOctets } from './plan.ts'

const file = new TextEncoder().encode('any file\n')
let signer: SoftSigner
let genuine: Uint8Array

before(async () => {
  signer = await softSigner('p-256')
  genuine = await signed(signer)
})

async function signed(one: SoftSigner, options: RawOptions = {}, source = memorySource(file)) {
  return await signPlan(await form.plan(source, options, [one]), [one])
}

async function judged(
  signature: Uint8Array,
  trust: DeviceTrust = deviceKnowing([signer]),
  over = file,
) {
  const verdict = await form.verify(memorySource(signature), trust, memorySource(over))
  return verdict.kind === 'refused' ? verdict.reason : verdict.kind
}

const kinds: readonly (readonly [KeyAlgorithmName, SignatureAlgorithmName])[] = [
  ['p-256', 'ecdsa-sha256'],
  ['p-384', 'ecdsa-sha384'],
  ['p-521', 'ecdsa-sha512'],
  ['rsa-2048', 'rsa-sha256'],
  ['rsa-2048', 'rsa-sha512'],
  ['rsa-2048', 'rsa-pss-sha256'],
  ['ed25519', 'ed25519'],
  ['ml-dsa-44', 'ml-dsa-44'],
  ['ml-dsa-65', 'ml-dsa-65'],
  ['ml-dsa-87', 'ml-dsa-87'],
]
for (const [key, algorithm] of kinds)
  test(`${algorithm} by ${key} is genuine, and no bit of it or of the file may change`, async () => {
    const one = await softSigner(key, algorithm)
    const signature = await signed(one)
    const trust = deviceKnowing([signer, one])
    assert.equal(await judged(signature, trust), 'genuine')
    assert.equal(await judged(flipped(signature), trust), 'signature-wrong')
    assert.equal(await judged(signature, trust, flipped(file)), 'signature-wrong')
  })

test('ECDSA is written in DER or as r and s side by side, and read in both', async () => {
  const raw = await signed(signer, { ecdsa: 'raw' })
  assert.equal(raw.length, 64)
  assert.equal(await judged(raw), 'genuine')
  assert.equal(await judged(joinEcdsaSignature(raw)), 'genuine')
  const plan = await form.plan(memorySource(file), { ecdsa: 'p1363' }, [signer])
  assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-choice-wrong')
})

const flipped = (bytes: Uint8Array) =>
  bytes.map((octet, index) => (index === bytes.length >> 1 ? octet ^ 1 : octet))
const one = Uint8Array.of(1)

const corruptions: readonly (readonly [string, ArtefactRefusal, () => Uint8Array])[] = [
  [
    'a bit of r',
    'signature-wrong',
    () => genuine.map((octet, at) => (at === 10 ? octet ^ 1 : octet)),
  ],
  [
    'a bit of s',
    'signature-wrong',
    () => genuine.map((octet, at) => (at === 50 ? octet ^ 1 : octet)),
  ],
  ['its end missing', 'signature-wrong', () => genuine.subarray(0, -1)],
  ['an octet behind it', 'signature-wrong', () => concatBytes([genuine, one])],
  ['an octet before it', 'artefact-signer-unknown', () => concatBytes([one, genuine])],
  ['nothing', 'artefact-not-signed', () => new Uint8Array()],
  ['zeros for r and s', 'signature-wrong', () => new Uint8Array(64)],
  ['r and s of zero in DER', 'signature-wrong', () => joinEcdsaSignature(new Uint8Array(64))],
  ['r and s of the greatest', 'signature-wrong', () => new Uint8Array(64).fill(0xff)],
  [
    'a length in two octets in DER',
    'signature-wrong',
    () => concatBytes([Uint8Array.of(0x30, 0x81, genuine[1] ?? 0), genuine.subarray(2)]),
  ],
  [
    'text in its place',
    'artefact-signer-unknown',
    () => new TextEncoder().encode(genuine.toBase64()),
  ],
  ['a signature as long as a film', 'artefact-malformed', () => new Uint8Array(100_000).fill(0x30)],
  ['the file in its place', 'artefact-signer-unknown', () => file],
]
for (const [what, reason, bytes] of corruptions)
  test(`refuses ${what}: ${reason}`, async () => assert.equal(await judged(bytes()), reason))

test('refuses the signature of a stranger, and a device that knows no key', async () => {
  const stranger = await softSigner('p-256')
  assert.equal(await judged(await signed(stranger)), 'signature-wrong')
  assert.equal(await judged(genuine, deviceKnowing([])), 'artefact-signer-unknown')
})

test('refuses to judge without the file, and a device with a counter refuses it alone', async () => {
  const alone = await form.verify(memorySource(genuine), deviceKnowing([signer]))
  assert.equal(alone.kind === 'refused' && alone.reason, 'artefact-choice-wrong')
  assert.equal(
    await judged(genuine, deviceKnowing([signer], { counter: 1 })),
    'artefact-version-missing',
  )
})

test('a digest is enough for ECDSA and RSA, and for nothing that signs the octets themselves', async () => {
  const digest = createHash('sha256').update(file).digest('hex')
  assert.equal(await judged(await signed(signer, { digest }, nothing)), 'genuine')
  const rsa = await softSigner('rsa-2048', 'rsa-pss-sha256')
  assert.equal(
    await judged(await signed(rsa, { digest }, nothing), deviceKnowing([rsa])),
    'genuine',
  )
  for (const key of ['ed25519', 'ml-dsa-65'] as const) {
    const plan = await form.plan(nothing, { digest }, [await softSigner(key)])
    assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-signer-unfit')
    assert.match(plan.kind === 'refused' ? plan.detail : '', /signs the octets themselves/)
  }
  for (const wrong of ['00', 'x'.repeat(64)]) {
    const plan = await form.plan(nothing, { digest: wrong }, [signer])
    assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-choice-wrong')
  }
  const both = await form.plan(memorySource(file), { digest }, [signer])
  assert.equal(both.kind === 'refused' && both.reason, 'artefact-choice-wrong')
})

test('a file that is larger is signed by its digest, and believed', async () => {
  const large = new Uint8Array(smallOctets + 1).fill(7)
  const plan = await form.plan(memorySource(large), {}, [signer])
  assert.ok(plan.kind === 'plan' && plan.wanted[0]?.over === 'digest')
  assert.equal(
    await judged(await signPlan(plan, [signer]), deviceKnowing([signer]), large),
    'genuine',
  )
})

test('is of one key, which a bare signature can be of', async () => {
  const two = await form.plan(memorySource(file), {}, [signer, signer])
  assert.equal(two.kind === 'refused' && two.reason, 'artefact-choice-wrong')
  const ed448 = await form.plan(memorySource(file), {}, [await softSigner('ed448')])
  assert.equal(ed448.kind === 'refused' && ed448.reason, 'artefact-signer-unfit')
})

const vector = (name: string) => formatVectors.find((found) => found.name === name)!.bytes
const hss = readHssKey(vector('rfc8554-f1-public-key'))
const tenth = new TextEncoder().encode(
  'The powers not delegated to the United States by the Constitution, nor prohibited by it to the States, are reserved to the States respectively, or to the people.\n',
)

test('a signature by HSS is believed by its key, and by no other', async () => {
  const signature = vector('rfc8554-f1-signature')
  const trust = deviceKnowing([signer], { hssKeys: [hss] })
  assert.equal(await judged(signature, trust, tenth), 'genuine')
  assert.equal(await judged(flipped(signature), trust, tenth), 'signature-wrong')
  assert.equal(await judged(signature, trust, file), 'signature-wrong')
  assert.equal(await judged(genuine, trust), 'genuine')
  const other = readHssKey(vector('rfc8554-f2-public-key'))
  assert.equal(
    await judged(signature, deviceKnowing([], { hssKeys: [other] }), tenth),
    'signature-wrong',
  )
})

test('HSS is post-quantum: beside it nothing classical is proved', async () => {
  const trust = deviceKnowing([], { hssKeys: [hss], demandsBoth: true })
  assert.equal(
    await judged(vector('rfc8554-f1-signature'), trust, tenth),
    'artefact-signature-missing',
  )
})

test('nothing is signed with an HSS key, and the reason is told', () => {
  const identifier = encodeAlgorithmIdentifier(algorithms.hssLmsHashsig)
  const refused = importPublicKey(encodeSubjectPublicKeyInfo(identifier, hss.bytes))
  assert.ok('reason' in refused)
  assert.equal(refused.reason, 'key-algorithm-unknown')
  assert.match(refused.detail, /must never sign twice in one state/)
})
