// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { encodeEspSector } from '#format/firmware/boot/esp-signature.ts'
import { sha256 } from '#trust/digest.ts'
import {
  espApplication,
  espCorruptions,
} from '../../../../test/support/artefacts/esp-corruptions.ts'
import { flip } from '../../../../test/support/artefacts/mcuboot-corruptions.ts'
import {
  judged,
  refusedPlan,
  signed,
  signerOf,
  trustIn,
} from '../../../../test/support/artefacts/signed.ts'
import { inverseMod32 } from '../montgomery.ts'
import { espAnchors } from './burn.ts'
import { espForm } from './esp.ts'
import { espKeyOctets } from './keys.ts'

const application = espApplication(new TextEncoder().encode('a program of a few octets'))
const rsa = await signerOf('rsa-3072', 'rsa-pss-sha256')
const rsaToo = await signerOf('rsa-3072', 'rsa-pss-sha256')
const p256 = await signerOf('p-256')
const p384 = await signerOf('p-384')

test('what each key signs is genuine for chips that hold its digest, and for no others', async () => {
  for (const signer of [rsa, p256, p384]) {
    const octets = await signed(espForm, application, {}, [signer])
    assert.equal(octets.length, 8_192)
    const verdict = await espForm.verify(memorySource(octets), trustIn([signer]))
    assert.ok(verdict.kind === 'genuine')
    assert.deepEqual([verdict.version, verdict.securityVersion], ['1.4.2', 3])
    const other = signer === p384 ? p256 : p384
    assert.equal(await judged(espForm, octets, trustIn([other])), 'artefact-signer-unknown')
  }
})

for (const { name, refusal, change } of espCorruptions) {
  test(`refuses ${name}: ${refusal}`, async () => {
    for (const signer of [rsa, p256]) {
      const good = await signed(espForm, application, {}, [signer])
      assert.equal(await judged(espForm, change(good), trustIn([signer])), refusal)
    }
  })
}

test('three keys sign one image, each alone is enough, and a fourth has no room', async () => {
  const two = await signed(espForm, application, {}, [rsa, rsaToo])
  const third = await signerOf('rsa-3072', 'rsa-pss-sha256')
  const three = await signed(espForm, two, { keepSignatures: true }, [third])
  for (const one of [rsa, rsaToo, third])
    assert.equal(await judged(espForm, three, trustIn([one])), 'genuine')
  const four = refusedPlan(espForm, three, { keepSignatures: true }, [rsa])
  assert.equal(await four, 'artefact-choice-wrong')
})

test('signed anew, the old signature is gone', async () => {
  const once = await signed(espForm, application, {}, [p256])
  const again = await signed(espForm, once, {}, [p384])
  assert.equal(await judged(espForm, again, trustIn([p256])), 'artefact-signer-unknown')
  assert.equal(await judged(espForm, again, trustIn([p384])), 'genuine')
})

test('the security version is held against the counter of the device', async () => {
  const octets = await signed(espForm, application, {}, [p256])
  const at = (counter: number) => judged(espForm, octets, trustIn([p256], { counter }))
  assert.deepEqual([await at(3), await at(4)], ['genuine', 'artefact-version-lower'])
})

test('signers and images that no chip would take are refused', async () => {
  const once = await signed(espForm, application, {}, [rsa])
  const refusals = [
    [application, {}, [await signerOf('ed25519')], 'artefact-signer-unfit'],
    [application, {}, [await signerOf('rsa-2048', 'rsa-pss-sha256')], 'artefact-signer-unfit'],
    [application, {}, [{ ...rsa, algorithm: 'rsa-sha256' }], 'artefact-signer-unfit'],
    [application, {}, [rsa, p256], 'artefact-signer-unfit'],
    [espApplication(new Uint8Array(8), 0x09), {}, [p256], 'artefact-signer-unfit'],
    [espApplication(new Uint8Array(8), 0x0c), {}, [rsa], 'artefact-signer-unfit'],
    [application, {}, [], 'artefact-choice-wrong'],
    [once, { keepSignatures: true }, [p256], 'artefact-signer-unfit'],
    [flip(application, 100), {}, [rsa], 'artefact-digest-wrong'],
    [flip(once, 8), { keepSignatures: true }, [rsaToo], 'artefact-digest-wrong'],
    [application.slice(0, -1), {}, [rsa], 'artefact-truncated'],
  ] as const
  for (const [octets, options, signers, reason] of refusals)
    assert.equal(await refusedPlan(espForm, octets, options, signers), reason)
})

test('blocks of two schemes in one sector are refused', async () => {
  const plan = await espForm.plan(memorySource(application), {}, [p256])
  assert.ok(plan.kind === 'plan')
  const padded = new Uint8Array(4_096).fill(0xff)
  padded.set(application)
  const block = (scheme: 'p256' | 'p384', digest: number, octets: number) => ({
    ...{ scheme, digest: new Uint8Array(digest), signature: new Uint8Array(octets) },
    key: espKeyOctets((scheme === 'p256' ? p256 : p384).publicKey),
  })
  const sector = encodeEspSector([block('p256', 32, 64), block('p384', 48, 96)])
  const mixed = Uint8Array.from([...padded, ...sector])
  assert.equal(await judged(espForm, mixed, trustIn([p256, p384])), 'artefact-malformed')
})

test('the eFuses hold the digest of the key as it stands in a block', () => {
  const anchors = espAnchors([rsa.publicKey, rsaToo.publicKey])
  assert.deepEqual(anchors[0]?.digest, sha256(espKeyOctets(rsa.publicKey)))
  assert.match(anchors[1]!.command, /^espefuse\.py burn_key BLOCK_KEY1 secure-boot-digest-1\.bin/)
  assert.match(anchors[1]!.command, /SECURE_BOOT_DIGEST1$/)
  assert.throws(() => espAnchors(Array.from({ length: 4 }, () => rsa.publicKey)), TypeError)
  assert.equal((0x1234_5671n * inverseMod32(0x1234_5671n)) % 2n ** 32n, 1n)
})

test('its anatomy tells versions, blocks and the digests that eFuses hold', async () => {
  const octets = await signed(espForm, application, {}, [rsa, rsaToo])
  const { title, parts } = await espForm.inspect(memorySource(octets))
  assert.equal(title, 'ESP-IDF image, version 1.4.2')
  assert.deepEqual(
    parts.map(({ name, offset }) => [name, offset]),
    [
      ['image', 0],
      ['signature block 0', 4_096],
      ['signature block 1', 5_312],
    ],
  )
  const shown = parts[1]!.facts.map(([, value]) => value)
  assert.ok(shown.includes(sha256(espKeyOctets(rsa.publicKey)).toHex()))
  const cut = await espForm.inspect(memorySource(octets.slice(0, 4_200)))
  assert.match(cut.parts[1]!.what, /does not read on/)
})
