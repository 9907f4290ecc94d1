// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { generateKey } from '#trust/private-key.ts'
import { withCore } from '../../../test/support/core.ts'
import { type AnchorKey, exportAnchors } from './export-anchors.ts'

async function keyNamed(name: string, algorithm: 'p-256' | 'ml-dsa-65' | 'rsa-3072' = 'p-256') {
  const { publicKey } = await generateKey(algorithm)
  return { name, publicKey, root: undefined } satisfies AnchorKey
}

function written(form: Parameters<typeof exportAnchors>[0], keys: readonly AnchorKey[]) {
  const anchors = exportAnchors(form, keys)
  if (anchors.kind === 'refused') return assert.fail(anchors.detail)
  const texts = anchors.files.map(({ octets }) => new TextDecoder().decode(octets))
  return { ...anchors, texts }
}

test('the current key and the next one are written together', async () => {
  const keys = [await keyNamed('firmware'), await keyNamed('firmware-2027')]
  const { texts, files } = written('mcuboot', keys)
  assert.equal(files[0]?.name, 'keys.c')
  for (const { publicKey } of keys)
    assert.match(texts[0]!, new RegExp(publicKey.fingerprint.toHex()))
  assert.match(texts[0]!, /bootutil_key_cnt = 2;/)
  assert.deepEqual(
    written('mender', keys).files.map(({ name }) => name),
    [...['firmware.pem', 'firmware-2027.pem']],
  )
  assert.equal(written('outer-manifest', keys).texts[0]!.match(/BEGIN PUBLIC KEY/g)?.length, 2)
})

test('keys that a bootloader cannot hold together are refused with its reason', async () => {
  const mixed = [await keyNamed('one'), await keyNamed('two', 'rsa-3072')]
  const refused = exportAnchors('mcuboot', mixed)
  assert.equal(refused.kind === 'refused' && refused.reason, 'artefact-signer-unfit')
  const four = exportAnchors('esp-secure-boot-v2', [...mixed, ...mixed])
  assert.match(four.kind === 'refused' ? four.detail : '', /eFuses hold 3/)
})

test('a chip is told the digest of each key, and how it is burnt', async () => {
  const { files, notes } = written('esp-secure-boot-v2', [await keyNamed('one', 'rsa-3072')])
  assert.equal(files[0]?.octets.length, 32)
  assert.match(notes[0]!, /^espefuse/)
})

test('U-Boot is given nodes of all keys, of which one is enough', async () => {
  const { texts } = written('uboot-fit', [
    await keyNamed('one', 'rsa-3072'),
    await keyNamed('two', 'p-256'),
  ])
  assert.match(texts[0]!, /required-mode = "any";/)
  assert.match(texts[0]!, /algo = "sha256,rsa3072";[\s\S]*algo = "sha256,ecdsa256";/)
  const strange = exportAnchors('uboot-fit', [await keyNamed('three', 'ml-dsa-65')])
  assert.equal(strange.kind === 'refused' && strange.reason, 'artefact-signer-unfit')
})

test('verifiers that hold roots are given each root once, and no bare key', () =>
  withCore(async (core) => {
    const authority = core.doors.own.find(({ kind }) => kind === 'root')
    const root = parseCertificate(authority!.certificate)
    const keys = [await keyNamed('one'), await keyNamed('two')].map((key) => ({ ...key, root }))
    for (const form of ['rauc', 'swupdate', 'cms'] as const) {
      const { texts } = written(form, keys)
      assert.deepEqual(
        parsePem(texts[0]!).map(({ bytes }) => bytes),
        [root.der],
      )
    }
    for (const form of ['rauc', 'swupdate'] as const)
      assert.equal(exportAnchors(form, [await keyNamed('one')]).kind, 'refused')
    const issuing = parseCertificate(
      core.doors.own.find(({ kind }) => kind !== 'root')!.certificate,
    )
    const below = keys.map((key) => ({ ...key, between: [issuing] }))
    assert.deepEqual(
      parsePem(written('swupdate', below).texts[0]!).map(({ bytes }) => bytes),
      [issuing.der, root.der],
    )
    assert.equal(parsePem(written('rauc', below).texts[0]!).length, 1)
  }))
