// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, test } from 'node:test'
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import { memorySource } from '#format/archive/byte-source.ts'
import { encodeCbor } from '#format/cbor/writer.ts'
import {
  encodeOuterEnvelope,
  encodeOuterSignatures,
  outerSignatureInput,
  parseOuterEnvelope,
} from '#format/outer-manifest/envelope.ts'
import { encodeOuterManifest, parseOuterManifest } from '#format/outer-manifest/manifest.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { madeNow } from '../../../../test/made-certificates.ts'
import {
  firmware,
  type OuterHouse,
  outerCorruptions,
  outerHouse,
  signedBy,
  usualOptions,
} from '../../../../test/support/outer-manifests.ts'
import {
  deviceKnowing,
  nothing,
  signPlan,
  softSigner,
} from '../../../../test/support/soft-signers.ts'
import { makeStamper } from '../../../../test/support/stamper.ts'
import { parseVector } from '../../../../test/vectors/vector.ts'
import type { DeviceTrust } from '../verdict.ts'
import { outerManifestForm as form } from './form.ts'
import type { OuterManifestOptions } from './options.ts'

let house: OuterHouse
before(async () => {
  house = await outerHouse()
})

const demanding = (wishes: Partial<DeviceTrust> = {}) =>
  deviceKnowing([house.classical, house.postQuantum], {
    ...{ demandsBoth: true, counter: 42 },
    ...{ environment: 'production', product: 'pump-7', hardware: 'board-c' },
    ...wishes,
  })

test('what both signed is genuine, and says what it covers', async () => {
  const verdict = await form.verify(
    memorySource(house.genuine),
    demanding(),
    memorySource(firmware),
  )
  assert.ok(verdict.kind === 'genuine')
  assert.deepEqual(
    verdict.signers.map(({ publicKey }) => publicKey.algorithm),
    ['p-256', 'ml-dsa-65'],
  )
  assert.deepEqual(verdict.covers, [
    { name: 'library.bin', sha256: new Uint8Array(32).fill(0x21) },
    { name: 'pump.bin', sha256: sha256(firmware) },
  ])
  assert.equal(verdict.version, '4.2.0')
  assert.equal(verdict.securityVersion, 42)
})

for (const { what, reason, bytes } of outerCorruptions)
  test(`refuses ${what}: ${reason}`, async () => {
    const bent = memorySource(await bytes(house))
    const verdict = await form.verify(bent, demanding(), memorySource(firmware))
    assert.equal(verdict.kind === 'refused' ? verdict.reason : 'genuine', reason)
    await form.inspect(bent)
  })

test('a changed file is refused, shorter, longer or bent', async () => {
  for (const other of [firmware.subarray(1), Uint8Array.of(...firmware, 0), nothingOf(firmware)]) {
    const verdict = await form.verify(memorySource(house.genuine), demanding(), memorySource(other))
    assert.equal(verdict.kind === 'refused' && verdict.reason, 'artefact-digest-wrong')
  }
})

function nothingOf(bytes: Uint8Array): Uint8Array {
  return bytes.map((octet) => octet ^ 1)
}

test('a device that demands nothing takes a policy of one', async () => {
  const single = await signedBy([house.classical], (manifest) => manifest, house.genuine)
  const trust = demanding({ demandsBoth: false })
  const verdict = await form.verify(memorySource(single), trust)
  assert.equal(verdict.kind, 'genuine')
})

test('ML-DSA-44 beside a classical signature is no AND-policy, neither signed nor demanded', async () => {
  const weak = await softSigner('ml-dsa-44')
  const signers = [house.classical, weak]
  const plan = await form.plan(memorySource(firmware), usualOptions, signers)
  assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-signature-missing')
  const made = await signedBy(signers, (manifest) => manifest, house.genuine)
  const asked = deviceKnowing(signers, { demandsBoth: true })
  const verdict = await form.verify(memorySource(made), asked)
  assert.equal(verdict.kind === 'refused' && verdict.reason, 'artefact-signature-missing')
  const unasked = await form.verify(memorySource(made), deviceKnowing(signers))
  assert.equal(unasked.kind, 'genuine')
})

const nobles = { 'ml-dsa-44': ml_dsa44, 'ml-dsa-65': ml_dsa65, 'ml-dsa-87': ml_dsa87 } as const
for (const [classical, postQuantum] of [
  ['p-256', 'ml-dsa-87'],
  ['p-384', 'ml-dsa-65'],
  ['ed25519', 'ml-dsa-87'],
] as const satisfies readonly (readonly [KeyAlgorithmName, keyof typeof nobles])[])
  test(`${classical} and ${postQuantum} sign, and another implementation takes the ML-DSA signature`, async () => {
    const signers = [await softSigner(postQuantum), await softSigner(classical)]
    const plan = await form.plan(memorySource(firmware), usualOptions, signers)
    const made = await signPlan(plan, signers)
    const trust = deviceKnowing(signers, { demandsBoth: true })
    const verdict = await form.verify(memorySource(made), trust, memorySource(firmware))
    assert.equal(verdict.kind, 'genuine')
    const { manifest, payload, signatures } = parseOuterEnvelope(made)
    const input = outerSignatureInput(manifest.policy[0]!, payload)
    const { material } = signers[0]!.publicKey
    assert.ok(nobles[postQuantum].verify(signatures[0]!.signature, input, material))
  })

test('what another implementation signed by ML-DSA is believed', async () => {
  const { payload, signatures } = parseOuterEnvelope(house.genuine)
  const seed = new Uint8Array(32).fill(7)
  const keys = ml_dsa65.keygen(seed)
  const key = importPublicKey(
    parseSubjectPublicKeyInfo(
      Uint8Array.of(
        ...Uint8Array.fromHex('308207b2300b0609608648016503040312038207a100'),
        ...keys.publicKey,
      ),
    ),
  )
  assert.ok(!('reason' in key))
  const manifest = parseOuterManifest(payload)
  const policy = [{ ...manifest.policy[1]!, keyId: sha256(key.spki) }]
  const other = encodeOuterManifest({ ...manifest, policy })
  const signature = ml_dsa65.sign(outerSignatureInput(policy[0]!, other), keys.secretKey)
  const encoded = encodeOuterSignatures([{ ...signatures[1]!, ...policy[0]!, signature }])
  const made = encodeOuterEnvelope(other, encoded, undefined)
  const verdict = await form.verify(memorySource(made), deviceKnowing([{ publicKey: key }]))
  assert.equal(verdict.kind, 'genuine')
})

test('only digests are needed, and the same octets are signed as with the file', async () => {
  const { name: _, ...unnamed } = usualOptions
  const digests = `pump.bin:${firmware.length}:${sha256(firmware).toHex()}`
  const files = [...(usualOptions.files ?? []), digests]
  const signers = [house.classical, house.postQuantum]
  const plan = await form.plan(nothing, { ...unnamed, files }, signers)
  const whole = await form.plan(memorySource(firmware), usualOptions, signers)
  assert.ok(plan.kind === 'plan' && whole.kind === 'plan')
  assert.deepEqual(
    plan.wanted.map(({ bytes }) => bytes),
    whole.wanted.map(({ bytes }) => bytes),
  )
})

test('a time-stamp covers all signatures, once, and is left to who reads it', async () => {
  const signers = [house.classical, house.postQuantum]
  const plan = await form.plan(memorySource(firmware), usualOptions, signers)
  const stamped: Uint8Array[] = []
  const token = Uint8Array.of(0x30, 0)
  const made = await signPlan(plan, signers, async (bytes) => {
    stamped.push(bytes)
    return token
  })
  const envelope = parseOuterEnvelope(made)
  assert.deepEqual(stamped, [envelope.signaturesBytes])
  assert.deepEqual(envelope.timeStamp, token)
  assert.equal((await form.verify(memorySource(made), demanding())).kind, 'genuine')
})

test('a time-stamp that no device reads is not given out', async () => {
  const signers = [house.classical, house.postQuantum]
  const plan = await form.plan(memorySource(firmware), usualOptions, signers)
  const longest = async () => new Uint8Array(16_385)
  await assert.rejects(signPlan(plan, signers, longest), { code: 'too-large' })
})

test('a device that reads time-stamps knows when both had signed, and refuses one that is wrong', async () => {
  const signers = [house.classical, house.postQuantum]
  const stamper = await makeStamper()
  const trust = demanding({ stampRoots: [stamper.root] })
  const plan = await form.plan(memorySource(firmware), usualOptions, signers)
  const made = await signPlan(plan, signers, stamper.stamp)
  const verdict = await form.verify(memorySource(made), trust)
  assert.ok(verdict.kind === 'genuine')
  assert.deepEqual(
    verdict.signers.map(({ stampedAt }) => `${stampedAt}`),
    [`${madeNow}`, `${madeNow}`],
  )
  const elsewhere = (signature: Uint8Array) => stamper.stamp(signature.subarray(1))
  const wrong = await signPlan(plan, signers, elsewhere)
  const refused = await form.verify(memorySource(wrong), trust)
  assert.equal(refused.kind === 'refused' && refused.reason, 'artefact-stamp-wrong')
})

const wrong: readonly (readonly [string, Partial<OuterManifestOptions>])[] = [
  ['an environment that there is not', { environment: 'staging' }],
  ['a kind that there is not', { kind: 'urgent' }],
  ['a security version beyond 32 bits', { securityVersion: 2 ** 32 }],
  ['a time beyond all years', { madeAt: 2 ** 52 }],
  ['no product', { product: '' }],
  ['a product with a line feed', { product: 'a\nb' }],
  ['a version of 65 octets', { version: 'v'.repeat(65) }],
  ['a file name that leads elsewhere', { name: '../pump.bin' }],
  ['a file name of two dots', { name: '..' }],
  ['a row of files that is none', { files: ['pump.bin'] }],
  ['a file twice', { files: [`pump.bin:1:${'00'.repeat(32)}`] }],
  ['hardware twice', { hardware: ['a', 'a'] }],
  ['too many files', { files: Array.from({ length: 64 }, (_, n) => `f${n}:1:${'00'.repeat(32)}`) }],
  ['text of half a surrogate pair', { product: '\ud800' }],
]
for (const [what, options] of wrong)
  test(`signs nothing for ${what}`, async () => {
    const signers = [house.classical, house.postQuantum]
    const plan = await form.plan(memorySource(firmware), { ...usualOptions, ...options }, signers)
    assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-choice-wrong')
  })

test('a file without a name is not passed over', async () => {
  const { name: _, ...unnamed } = usualOptions
  const signers = [house.classical, house.postQuantum]
  const plan = await form.plan(memorySource(firmware), unnamed, signers)
  assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-choice-wrong')
})

test('RSA has no place in it', async () => {
  const signers = [await softSigner('rsa-2048'), house.postQuantum]
  const plan = await form.plan(memorySource(firmware), usualOptions, signers)
  assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-signer-unfit')
})

test('one key twice is no second signature', async () => {
  const signers = [house.classical, house.postQuantum, house.classical]
  const plan = await form.plan(memorySource(firmware), usualOptions, signers)
  assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-choice-wrong')
})

test('the example of the page is believed by its keys, and says what the page says', async () => {
  const file = new URL('../../../../test/vectors/outer-manifest/two-files', import.meta.url)
  const { bytes } = parseVector('two-files', readFileSync(file, 'utf8'))
  assert.equal(
    sha256(bytes).toHex(),
    '766411cae87dfefb1b344bac61dfc97a3851ec9dbcdc8ae9b93811812c0df8e0',
  )
  const page = readFileSync(
    new URL('../../../../docs/outer-manifest.md', import.meta.url),
    'utf8',
  ).replaceAll(/\s/g, '')
  const spki = /3059301306072a8648ce3d0201[0-9a-f]{156}/.exec(page)?.[0] ?? ''
  const seed = /seed`([0-9a-f]{64})`/.exec(page)?.[1] ?? ''
  const { publicKey } = ml_dsa65.keygen(Uint8Array.fromHex(seed))
  const head = Uint8Array.fromHex('308207b2300b0609608648016503040312038207a100')
  const keys = [Uint8Array.fromHex(spki), Uint8Array.of(...head, ...publicKey)].map((der) => {
    const key = importPublicKey(parseSubjectPublicKeyInfo(der))
    assert.ok(!('reason' in key))
    return { publicKey: key }
  })
  const trust = deviceKnowing(keys, { demandsBoth: true, environment: 'production', counter: 42 })
  const pump = new TextEncoder().encode('the firmware of this example\n')
  const verdict = await form.verify(memorySource(bytes), trust, memorySource(pump))
  assert.equal(verdict.kind, 'genuine')
  const envelope = parseOuterEnvelope(bytes)
  const again = encodeOuterEnvelope(
    encodeOuterManifest(envelope.manifest),
    encodeOuterSignatures(envelope.signatures),
    undefined,
  )
  assert.deepEqual(again, bytes)
  for (const [index, row] of envelope.manifest.policy.entries())
    assert.ok(page.includes(sha256(outerSignatureInput(row, envelope.payload)).toHex()), `${index}`)
})

test('it is known by its beginning, and by nothing else', async () => {
  assert.ok(await form.recognise(memorySource(house.genuine)))
  for (const other of [new Uint8Array(), firmware, encodeCbor([1]), house.genuine.subarray(2)])
    assert.ok(!(await form.recognise(memorySource(other))))
})

test('its anatomy names files, keys and places', async () => {
  const { title, parts } = await form.inspect(memorySource(house.genuine))
  assert.equal(title, 'outer manifest, pump-7 4.2.0, production')
  assert.deepEqual(
    parts.map(({ name }) => name),
    ['manifest', 'signature 1', 'signature 2'],
  )
  for (const { offset, octets } of parts)
    assert.ok(offset !== undefined && offset + octets <= house.genuine.length)
  const facts = parts[0]?.facts.map(([name, value]) => `${name} ${value}`).join('\n') ?? ''
  for (const word of ['security version 42', 'pump.bin, 19 octets', 'ML-DSA-65', 'board-d'])
    assert.ok(facts.includes(word), word)
})
