// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js'
import { memorySource } from '#format/archive/byte-source.ts'
import { encodeCbor } from '#format/cbor/writer.ts'
import { encodeSignature1Input } from '#format/cose/sig-structure.ts'
import { parseSuitEnvelope } from '#format/suit/envelope.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { madeNow } from '../../../../test/made-certificates.ts'
import {
  deviceKnowing,
  nothing,
  signPlan,
  softSigner,
} from '../../../../test/support/soft-signers.ts'
import { makeStamper } from '../../../../test/support/stamper.ts'
import {
  image,
  resigned,
  type SuitHouse,
  suitCorruptions,
  suitHouse,
  suitWishes,
} from '../../../../test/support/suit-envelopes.ts'
import { formatVectors } from '../../../../test/vectors/vector.ts'
import type { DeviceTrust } from '../verdict.ts'
import { suitForm as form } from './form.ts'
import type { SuitOptions } from './options.ts'

let house: SuitHouse
before(async () => {
  house = await suitHouse()
})

const device = (wishes: Partial<DeviceTrust> = {}) =>
  deviceKnowing([house.signer], { counter: 42, ...wishes })

/** Appendix B of the draft: the key of its examples. */
const examplesKey = importPublicKey(
  parseSubjectPublicKeyInfo(
    Uint8Array.fromBase64(
      'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhJaBGq4LqqvSYVcYnuzaJr6qi/Ebbz/m4rVlnIXbwK07HypLbAmBMcCjbazR14vTgdzfsJwFLbM5kdtzOLSolg==',
    ),
  ),
)
assert.ok(!('reason' in examplesKey))
const knowsExamples = deviceKnowing([{ publicKey: examplesKey }])
const examples = formatVectors.filter(({ name }) => name.startsWith('suit-example-'))
const exampleOf = (number: number) =>
  examples.find(({ name }) => name === `suit-example-${number}`)!.bytes

test('there are six examples', () => assert.equal(examples.length, 6))

for (const [index, { name, bytes }] of examples.entries())
  test(`${name} of the draft is believed, and says what it covers`, async () => {
    const verdict = await form.verify(memorySource(bytes), knowsExamples)
    assert.ok(verdict.kind === 'genuine')
    assert.equal(verdict.securityVersion, index)
    assert.equal(verdict.covers[0]?.sha256.toHex().slice(0, 16), '0011223344556677')
    const bent = bytes.map((octet, at) => (at === bytes.length - 2 ? octet ^ 1 : octet))
    assert.equal((await form.verify(memorySource(bent), knowsExamples)).kind, 'refused')
  })

test('the manifest that is built is that of example 1, octet by octet', async () => {
  const options: SuitOptions = {
    sequenceNumber: 1,
    vendor: 'arm.com',
    class: '1492af14-2569-5e48-bf42-9b2d51f2ab45',
    uri: 'http://example.com/file.bin',
    payloadSha256: '00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210',
    payloadOctets: 34_768,
  }
  const plan = await form.plan(nothing, options, [house.signer])
  const made = parseSuitEnvelope(await signPlan(plan, [house.signer]))
  const example = parseSuitEnvelope(exampleOf(1))
  assert.deepEqual(made.manifestEncoded, example.manifestEncoded)
  assert.deepEqual(made.digestBytes, example.digestBytes)
})

test('what was signed is genuine, with the image in it and beside it', async () => {
  const verdict = await form.verify(memorySource(house.genuine), device(), memorySource(image))
  assert.ok(verdict.kind === 'genuine')
  assert.equal(verdict.securityVersion, 42)
  assert.deepEqual(verdict.covers, [{ name: '0x00', sha256: sha256(image) }])
  const { payloads, severed } = parseSuitEnvelope(house.genuine)
  assert.deepEqual(payloads[0]?.bytes, image)
  assert.equal(severed[0]?.key, 23)
})

for (const { what, reason, bytes } of suitCorruptions)
  test(`refuses ${what}: ${reason}`, async () => {
    const bent = memorySource(await bytes(house))
    const verdict = await form.verify(bent, device())
    assert.equal(verdict.kind === 'refused' ? verdict.reason : 'genuine', reason)
    await form.inspect(bent)
  })

test('refuses another image beside it', async () => {
  for (const other of [image.subarray(1), image.map((octet) => octet ^ 1)]) {
    const verdict = await form.verify(memorySource(house.genuine), device(), memorySource(other))
    assert.equal(verdict.kind === 'refused' && verdict.reason, 'artefact-digest-wrong')
  }
})

test('a device of another class is told', async () => {
  const source = memorySource(house.genuine)
  const verdict = await form.verify(source, device({ hardware: crypto.randomUUID() }))
  assert.equal(verdict.kind === 'refused' && verdict.reason, 'artefact-hardware-wrong')
  const [line] = (await form.inspect(source)).parts.flatMap(({ facts }) =>
    facts.filter(([name]) => name === 'class'),
  )
  const own = await form.verify(source, device({ hardware: line?.[1] ?? '' }))
  assert.equal(own.kind, 'genuine')
})

test('what is severed may be missing, and the envelope is as signed', async () => {
  const example = exampleOf(2)
  const { severed } = parseSuitEnvelope(example)
  assert.equal(severed.length, 2)
  const without = await resigned(house, (_, envelope) => envelope.delete(23))
  assert.equal((await form.verify(memorySource(without), device())).kind, 'genuine')
})

test("a command of the maker's own passes, and is shown", async () => {
  const own = await resigned(house, (manifest) => manifest.set(7, encodeCbor([3, 15, -300, 'x'])))
  assert.equal((await form.verify(memorySource(own), device())).kind, 'genuine')
  const { parts } = await form.inspect(memorySource(own))
  assert.ok(parts.some(({ facts }) => facts.some(([, value]) => value.includes('command -300 x'))))
})

test('signatures are added to an envelope that is there, or take the place of others', async () => {
  const second = await softSigner('ml-dsa-65')
  const source = memorySource(house.genuine)
  const both = await signPlan(await form.plan(source, {}, [second]), [second])
  const demanding = deviceKnowing([house.signer, second], { demandsBoth: true, counter: 42 })
  const verdict = await form.verify(memorySource(both), demanding)
  assert.ok(verdict.kind === 'genuine')
  assert.equal(verdict.signers.length, 2)
  assert.equal((await form.verify(memorySource(both), device())).kind, 'genuine')
  const alone = await form.verify(source, demanding)
  assert.equal(alone.kind === 'refused' && alone.reason, 'artefact-signature-missing')
  const replaced = await form.plan(source, { replace: true }, [second])
  const only = await signPlan(replaced, [second])
  assert.equal(parseSuitEnvelope(only).blocks.length, 1)
  const old = await form.verify(memorySource(only), device())
  assert.equal(old.kind === 'refused' && old.reason, 'artefact-signer-unknown')
  for (const bytes of [both, only]) {
    const { payloads, manifestEncoded, severed } = parseSuitEnvelope(bytes)
    const before = parseSuitEnvelope(house.genuine)
    assert.deepEqual(payloads[0]?.bytes, image)
    assert.deepEqual(manifestEncoded, before.manifestEncoded)
    assert.deepEqual(severed[0]?.encoded, before.severed[0]?.encoded)
  }
})

test('the examples of the draft are signed once more, and believed by either key', async () => {
  for (const { bytes } of examples) {
    const plan = await form.plan(memorySource(bytes), {}, [house.signer])
    const made = memorySource(await signPlan(plan, [house.signer]))
    assert.equal((await form.verify(made, knowsExamples)).kind, 'genuine')
    assert.equal((await form.verify(made, deviceKnowing([house.signer]))).kind, 'genuine')
  }
})

test('an envelope that does not hold is not signed once more', async () => {
  const bent = suitCorruptions.find(({ what }) => what.startsWith('another manifest under'))!
  const plan = await form.plan(memorySource(await bent.bytes(house)), {}, [house.signer])
  assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-digest-wrong')
})

for (const key of ['p-384', 'ed25519', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const)
  test(`${key} signs an envelope`, async () => {
    const signer = await softSigner(key)
    const plan = await form.plan(memorySource(image), suitWishes, [signer])
    const made = await signPlan(plan, [signer])
    const verdict = await form.verify(memorySource(made), deviceKnowing([signer]))
    assert.equal(verdict.kind, 'genuine')
    if (key !== 'ml-dsa-65') return
    const { blocks, digestBytes } = parseSuitEnvelope(made)
    const { protectedBytes, signature } = blocks[0]!.sign1!
    const input = encodeSignature1Input(protectedBytes, digestBytes)
    assert.ok(ml_dsa65.verify(signature, input, signer.publicKey.material))
  })

test('a time-stamp is over the signature as CBOR has it, and stands beside it', async () => {
  const stamped: Uint8Array[] = []
  const plan = await form.plan(memorySource(image), suitWishes, [house.signer])
  const made = await signPlan(plan, [house.signer], async (bytes) => {
    stamped.push(bytes)
    return Uint8Array.of(0x30, 0)
  })
  const { sign1 } = parseSuitEnvelope(made).blocks[0]!
  assert.deepEqual(stamped, [encodeCbor(sign1!.signature)])
  assert.deepEqual(sign1?.unprotected.timeStamp, Uint8Array.of(0x30, 0))
  assert.equal((await form.verify(memorySource(made), device())).kind, 'genuine')
})

test('a device that reads time-stamps knows when it was signed, and refuses one that is wrong', async () => {
  const stamper = await makeStamper()
  const trust = device({ stampRoots: [stamper.root] })
  const plan = await form.plan(memorySource(image), suitWishes, [house.signer])
  const made = await signPlan(plan, [house.signer], stamper.stamp)
  const verdict = await form.verify(memorySource(made), trust)
  assert.ok(verdict.kind === 'genuine')
  assert.equal(`${verdict.signers[0]?.stampedAt}`, `${madeNow}`)
  const wrong = await signPlan(plan, [house.signer], async () => Uint8Array.of(0x30, 0))
  const refused = await form.verify(memorySource(wrong), trust)
  assert.equal(refused.kind === 'refused' && refused.reason, 'artefact-stamp-wrong')
})

const { description: _, ...bare } = suitWishes
const wrong: readonly (readonly [string, SuitOptions])[] = [
  ['no vendor', { sequenceNumber: 1, class: 'c', integrated: true }],
  ['no class', { sequenceNumber: 1, vendor: 'v', integrated: true }],
  ['neither a uri nor the image in it', { ...bare, integrated: false }],
  ['an integrated image under a uri of elsewhere', { ...bare, uri: 'http://example.com/x' }],
  ['a uri of an integrated image that is none', { ...bare, integrated: false, uri: '#x' }],
  ['a component of no parts', { ...bare, component: [] }],
  ['a component that is no hexadecimal', { ...bare, component: ['0xabc'] }],
  ['a digest beside an image that is here', { ...bare, payloadSha256: '00'.repeat(32) }],
  ['choices for an image that is no envelope', {}],
]
for (const [what, options] of wrong)
  test(`signs nothing for ${what}`, async () => {
    const plan = await form.plan(memorySource(image), options, [house.signer])
    assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-choice-wrong')
  })

test('signs nothing for choices that an envelope has made', async () => {
  const plan = await form.plan(memorySource(house.genuine), { vendor: 'v' }, [house.signer])
  assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-choice-wrong')
})

test('signs nothing for an image that is neither here nor known', async () => {
  for (const other of [{}, { payloadSha256: 'abc', payloadOctets: 1 }, { payloadOctets: 1 }]) {
    const options = { ...bare, integrated: false, uri: 'http://example.com/x', ...other }
    const plan = await form.plan(nothing, options, [house.signer])
    assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-choice-wrong')
  }
})

test('an RSA key and nobody at all sign no envelope', async () => {
  const rsa = await softSigner('rsa-2048')
  const plan = await form.plan(memorySource(image), suitWishes, [rsa])
  assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-signer-unfit')
  const none = await form.plan(memorySource(image), suitWishes, [])
  assert.equal(none.kind === 'refused' && none.reason, 'artefact-choice-wrong')
})

test('the draft is named wherever people read', async () => {
  const { title } = await form.inspect(memorySource(exampleOf(3)))
  assert.equal(title, 'SUIT envelope (draft-ietf-suit-manifest-37), sequence number 3')
  assert.match(form.title, /draft-ietf-suit-manifest-37/)
})

test('an anatomy shows commands, severed members and payloads with their places', async () => {
  const { parts } = await form.inspect(memorySource(exampleOf(2)))
  assert.deepEqual(
    parts.map(({ name }) => name),
    ['signature 1', 'manifest', 'install', 'text'],
  )
  const words = parts.flatMap(({ what, facts }) => [what, ...facts.map((fact) => fact.join(' '))])
  for (const word of [
    'ES256',
    'vendor fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe',
    'from http://example.com/very/long/path/to/file/file.bin',
    'severed from the manifest, as its digest says',
    'invoke directive-invoke',
  ])
    assert.ok(
      words.some((one) => one.includes(word)),
      word,
    )
})
