// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import { parseMcubootImage } from '#format/firmware/boot/mcuboot.ts'
import { encodeMcubootArea } from '#format/firmware/boot/mcuboot-write.ts'
import { mcubootCorruptions, put } from '../../../../test/support/artefacts/mcuboot-corruptions.ts'
import {
  judged,
  refusedPlan,
  signatures,
  signed,
  signerOf,
  trustIn,
} from '../../../../test/support/artefacts/signed.ts'
import { mcubootKeyOctets } from './kinds.ts'
import { mcubootForm } from './mcuboot.ts'

const payload = new TextEncoder().encode('a program of a few octets')
const p256 = await signerOf('p-256')
const another = await signerOf('p-256')
const p384 = await signerOf('p-384')
const ed25519 = await signerOf('ed25519')
const rsa = await signerOf('rsa-3072', 'rsa-pss-sha256')
const rsa2048 = await signerOf('rsa-2048', 'rsa-pss-sha256')

const raw = { version: '1.2.3+4', padHeader: true, headerSize: 64, securityCounter: '7' }
const image = await signed(mcubootForm, payload, raw, [p256])

test('what each key signs is genuine for who knows it, and for nobody else', async () => {
  for (const signer of [p256, p384, ed25519, rsa]) {
    const octets = await signed(mcubootForm, payload, raw, [signer])
    const verdict = await mcubootForm.verify(memorySource(octets), trustIn([signer]))
    assert.ok(verdict.kind === 'genuine', signer.publicKey.algorithm)
    assert.deepEqual([verdict.version, verdict.securityVersion], ['1.2.3+4', 7])
    assert.equal(verdict.signers[0]?.publicKey, signer.publicKey)
    assert.equal(await judged(mcubootForm, octets, trustIn([another])), 'artefact-signer-unknown')
  }
})

test('ECDSA and RSA are asked over the digest, and Ed25519 over the digest as a message', async () => {
  for (const [signer, over, octets] of [
    [p256, 'digest', 32],
    [p384, 'digest', 48],
    [rsa, 'digest', 32],
    [ed25519, 'message', 32],
  ] as const) {
    const plan = await mcubootForm.plan(memorySource(payload), raw, [signer])
    assert.ok(plan.kind === 'plan')
    assert.deepEqual(
      plan.wanted.map((wanted) => [wanted.over, wanted.bytes.length]),
      [[over, octets]],
    )
  }
})

test('Ed25519 may sign SHA-512, and no other key may', async () => {
  const octets = await signed(mcubootForm, payload, { ...raw, digest: 'sha512' }, [ed25519])
  assert.equal(await judged(mcubootForm, octets, trustIn([ed25519])), 'genuine')
  const refused = refusedPlan(mcubootForm, payload, { ...raw, digest: 'sha512' }, [p256])
  assert.equal(await refused, 'artefact-choice-wrong')
})

test('several keys sign one image, and each alone is enough', async () => {
  const octets = await signed(mcubootForm, payload, raw, [p256, another])
  for (const known of [[p256], [another], [another, p256]])
    assert.equal(await judged(mcubootForm, octets, trustIn(known)), 'genuine')
})

test('a wrong signature by a known key is refused, whatever else is right', async () => {
  const octets = await signed(mcubootForm, payload, raw, [p256, another])
  const last = put(octets, -5, octets.at(-5)! ^ 1)
  assert.equal(await judged(mcubootForm, last, trustIn([p256, another])), 'signature-wrong')
  assert.equal(await judged(mcubootForm, last, trustIn([p256])), 'genuine')
})

for (const { name, refusal, change } of mcubootCorruptions) {
  test(`refuses ${name}: ${refusal}`, async () => {
    for (const signer of [p256, p384, ed25519, rsa]) {
      const good = await signed(mcubootForm, payload, raw, [signer])
      assert.equal(await judged(mcubootForm, change(good), trustIn([signer])), refusal)
    }
  })
}

test('the security version is held against the counter of the device', async () => {
  const at = (counter: number) => judged(mcubootForm, image, trustIn([p256], { counter }))
  assert.equal(await at(7), 'genuine')
  assert.equal(await at(8), 'artefact-version-lower')
  const { securityCounter: _, ...without } = raw
  const none = await signed(mcubootForm, payload, without, [p256])
  const answer = judged(mcubootForm, none, trustIn([p256], { counter: 0 }))
  assert.equal(await answer, 'artefact-version-missing')
  const made = { ...raw, version: '2.5.258', securityCounter: 'auto' }
  const auto = await signed(mcubootForm, payload, made, [p256])
  const verdict = await mcubootForm.verify(memorySource(auto), trustIn([p256]))
  assert.ok(verdict.kind === 'genuine')
  assert.equal(verdict.securityVersion, 0x02_05_01_02)
})

test('header and protected area say what was chosen', async () => {
  const options = {
    ...{ ...raw, loadAddress: '0x20000000', nonBootable: true },
    dependency: ['1:1.2.3', '2:0.9.0+5'],
    value: ['0x00a0:c0ffee', '0xfefe:00'],
  }
  const octets = await signed(mcubootForm, payload, options, [p256])
  const { header, protectedValues } = await parseMcubootImage(memorySource(octets))
  assert.deepEqual(
    [header.loadAddress, header.headerSize, header.imageSize, header.flags],
    [0x2000_0000, 64, payload.length, 0x30],
  )
  assert.deepEqual(
    protectedValues.map(({ type, bytes }) => [type, bytes.toHex()]),
    [
      [0x50, '07000000'],
      [0x40, '010000000102030000000000'],
      [0x40, '020000000009000005000000'],
      [0xa0, 'c0ffee'],
      [0xfefe, '00'],
    ],
  )
  assert.equal(await judged(mcubootForm, octets, trustIn([p256])), 'genuine')
})

test('a header is put into the room that a linker left, and nowhere else', async () => {
  const linked = concatBytes([new Uint8Array(512), payload])
  const options = { version: '1.0.0', headerSize: 512 }
  const octets = await signed(mcubootForm, linked, options, [p256])
  assert.deepEqual(octets.subarray(512, 512 + payload.length), payload)
  const misplaced = refusedPlan(mcubootForm, payload, options, [p256])
  assert.equal(await misplaced, 'artefact-choice-wrong')
})

test('a signed image is signed anew, and its old signature is gone', async () => {
  const again = await signed(mcubootForm, image, { securityCounter: '9' }, [another])
  assert.equal(await judged(mcubootForm, again, trustIn([p256])), 'artefact-signer-unknown')
  const verdict = await mcubootForm.verify(memorySource(again), trustIn([another]))
  assert.ok(verdict.kind === 'genuine')
  assert.deepEqual([verdict.version, verdict.securityVersion], ['1.2.3+4', 9])
})

test('a signature is added, and the one before it stays good', async () => {
  const both = await signed(mcubootForm, image, { keepSignatures: true }, [another])
  for (const one of [p256, another])
    assert.equal(await judged(mcubootForm, both, trustIn([one])), 'genuine')
  const damaged = refusedPlan(mcubootForm, put(image, 64, 0), { keepSignatures: true }, [another])
  assert.equal(await damaged, 'artefact-digest-wrong')
})

test('choices that cannot be met are refused with what they would break', async () => {
  const refusals = [
    [payload, { padHeader: true }, [p256], 'artefact-choice-wrong'],
    [payload, { ...raw, keepSignatures: true }, [p256], 'artefact-choice-wrong'],
    [payload, { ...raw, headerSize: 31 }, [p256], 'artefact-choice-wrong'],
    [payload, { ...raw, loadAddress: '1', romFixed: '1' }, [p256], 'artefact-choice-wrong'],
    [payload, { ...raw, loadAddress: '0x100000000' }, [p256], 'artefact-choice-wrong'],
    [payload, { ...raw, romFixed: '4294967296' }, [p256], 'artefact-malformed'],
    [
      ...([payload, { ...raw, confirm: true, overwriteOnly: true, slotSize: 65_536 }] as const),
      ...([[p256], 'artefact-choice-wrong'] as const),
    ],
    [payload, { ...raw, securityCounter: '4294967296' }, [p256], 'artefact-choice-wrong'],
    [payload, { ...raw, securityCounter: '-1' }, [p256], 'artefact-choice-wrong'],
    [payload, { ...raw, dependency: ['1.2.3'] }, [p256], 'artefact-choice-wrong'],
    [payload, { ...raw, value: ['0x0050:00'] }, [p256], 'artefact-choice-wrong'],
    [payload, { ...raw, value: ['0x00a0:00', '0xa0:01'] }, [p256], 'artefact-choice-wrong'],
    [payload, { ...raw, version: '1.2.3.4' }, [p256], 'artefact-malformed'],
    [payload, raw, [], 'artefact-choice-wrong'],
    [payload, raw, [p256, ed25519], 'artefact-signer-unfit'],
    [payload, raw, [p256, p384], 'artefact-signer-unfit'],
    [payload, raw, [await signerOf('p-521')], 'artefact-signer-unfit'],
    [payload, raw, [{ ...rsa, algorithm: 'rsa-sha256' }], 'artefact-signer-unfit'],
    [payload, { ...raw, pad: true }, [p256], 'artefact-choice-wrong'],
    [payload, { ...raw, pad: true, slotSize: 512 }, [p256], 'artefact-choice-wrong'],
    [image, { version: '2.0.0' }, [p256], 'artefact-version-differs'],
    [payload, { ...raw, version: 'any' }, [p256], 'artefact-choice-wrong'],
    [image, { keepSignatures: true, securityCounter: '8' }, [another], 'artefact-choice-wrong'],
    [image, { keepSignatures: true }, [ed25519], 'artefact-signer-unfit'],
    [put(image, 16, 4), {}, [p256], 'artefact-encrypted'],
  ] as const
  for (const [octets, options, signers, reason] of refusals)
    assert.equal(
      await refusedPlan(mcubootForm, octets, options, signers),
      reason,
      JSON.stringify(options),
    )
})

test('RSA-2048 signs by exception alone, and whoever looks is told', async () => {
  assert.equal(await refusedPlan(mcubootForm, payload, raw, [rsa2048]), 'artefact-signer-unfit')
  const options = { ...raw, exceptionRsa2048: true }
  const octets = await signed(mcubootForm, payload, options, [rsa2048])
  assert.equal(await judged(mcubootForm, octets, trustIn([rsa2048])), 'genuine')
  const { parts } = await mcubootForm.inspect(memorySource(octets))
  const facts = parts.flatMap((part) => part.facts)
  assert.ok(facts.some(([name]) => name === 'exception'))
})

test('a slot is filled to its end, asks for the update, and is confirmed where that was chosen', async () => {
  for (const [align, maxAlign, magicOctets] of [
    [4, 8, 16],
    [16, 16, 16],
    [32, 32, 32],
  ] as const) {
    const slot = { ...raw, pad: true, slotSize: 65_536, align, maxSectors: 16 }
    const padded = await signed(mcubootForm, payload, slot, [p256])
    const confirmed = await signed(mcubootForm, payload, { ...slot, confirm: true }, [p256])
    assert.deepEqual([padded.length, confirmed.length], [65_536, 65_536])
    assert.equal(padded.at(-(magicOctets + maxAlign)), 0xff)
    assert.equal(confirmed.at(-(magicOctets + maxAlign)), 1)
    for (const octets of [padded, confirmed])
      assert.equal(await judged(mcubootForm, octets, trustIn([p256])), 'genuine')
    const hidden = put(padded, 40_000, 0)
    assert.equal(await judged(mcubootForm, hidden, trustIn([p256])), 'artefact-trailing-octets')
  }
})

test('a signature over the image itself is checked', async () => {
  const { values, end } = await parseMcubootImage(memorySource(image))
  assert.ok(values.length > 0)
  const start = end - 4 - values.reduce((sum, { bytes }) => sum + 4 + bytes.length, 0)
  const covered = image.slice(0, start)
  const plan = await mcubootForm.plan(memorySource(payload), raw, [ed25519])
  assert.ok(plan.kind === 'plan')
  const whole = { ...plan, wanted: [{ signer: ed25519, over: 'message', bytes: covered } as const] }
  const [signature] = await signatures(whole, [ed25519])

  const made = (mark: number) =>
    concatBytes([
      covered,
      encodeMcubootArea('bare', [
        { type: 0x25, bytes: Uint8Array.of(mark) },
        { type: 0x02, bytes: mcubootKeyOctets(ed25519.publicKey) },
        { type: 0x24, bytes: signature! },
      ]),
    ])
  assert.equal(await judged(mcubootForm, made(1), trustIn([ed25519])), 'genuine')
  assert.equal(await judged(mcubootForm, made(0), trustIn([ed25519])), 'artefact-malformed')
  const changed = put(made(1), 64, 0)
  assert.equal(await judged(mcubootForm, changed, trustIn([ed25519])), 'signature-wrong')
})

test('the whole key names its signer as well as its digest does', async () => {
  const octets = await signed(mcubootForm, payload, { ...raw, fullKey: true }, [rsa])
  assert.equal(await judged(mcubootForm, octets, trustIn([rsa])), 'genuine')
  assert.equal(await judged(mcubootForm, octets, trustIn([p256])), 'artefact-signer-unknown')
})

test('its anatomy tells every value with its place, and what is left of a damaged one', async () => {
  const { title, parts } = await mcubootForm.inspect(memorySource(image))
  assert.equal(title, 'MCUboot image, version 1.2.3+4')
  assert.deepEqual(
    parts.map(({ name }) => name),
    ['header', 'payload', 'value 0x50', 'value 0x10', 'value 0x01', 'value 0x22'],
  )
  const cut = await mcubootForm.inspect(memorySource(image.slice(0, 100)))
  assert.match(cut.parts.at(-1)!.what, /does not read on/)
})
