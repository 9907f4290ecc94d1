// SPDX-License-Identifier: Apache-2.0
/** Images that imgtool signed, by the test key of its own repository: judged here, and signed anew as it signs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { parseMcubootImage } from '#format/firmware/boot/mcuboot.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { judged, signed, signerOf, trustIn } from '../../../../test/support/artefacts/signed.ts'
import { readVectors } from '../../../../test/vectors/vector.ts'
import { mcubootForm } from './mcuboot.ts'

const vectors = readVectors(new URL('../../../../test/vectors/imgtool/', import.meta.url))
const images = vectors.filter(({ expect }) => expect === 'mcuboot genuine')
const spki = vectors.find(({ expect }) => expect === 'spki')
const key = importPublicKey(
  parseSubjectPublicKeyInfo(spki?.bytes ?? assert.fail('no key among the vectors')),
)
if ('kind' in key) assert.fail(key.detail)
const trust = { ...trustIn([]), keys: [key] }
assert.equal(images.length, 2)

for (const { name, bytes } of images) {
  test(`${name}, which imgtool signed, is genuine, and with any octet of it changed is not`, async () => {
    const verdict = await mcubootForm.verify(memorySource(bytes), trust)
    assert.ok(verdict.kind === 'genuine', JSON.stringify(verdict))
    assert.equal(verdict.version, '1.0.0+0')
    for (let at = 0; at < bytes.length; at += 11) {
      const changed = bytes.slice()
      changed[at]! ^= 1
      assert.notEqual(await judged(mcubootForm, changed, trust), 'genuine', `octet ${at}`)
    }
    const stranger = trustIn([await signerOf('p-256')])
    assert.equal(await judged(mcubootForm, bytes, stranger), 'artefact-signer-unknown')
  })
}

test('of the same payload we make what imgtool makes, octet by octet but for key and signature', async () => {
  const [theirs] = images
  const payload = theirs!.bytes.subarray(32, 32 + 1_023)
  const signer = await signerOf('rsa-2048', 'rsa-pss-sha256')
  const options = { version: '1.0.0', headerSize: 32, padHeader: true, exceptionRsa2048: true }
  const ours = await signed(mcubootForm, payload, options, [signer])
  assert.equal(ours.length, theirs!.bytes.length)
  assert.deepEqual(ours.subarray(0, 1_055), theirs!.bytes.subarray(0, 1_055))
  const area = async (octets: Uint8Array) => {
    const { values } = await parseMcubootImage(memorySource(octets))
    return values.map(({ type, bytes }) => [type, bytes.length] as const)
  }
  assert.deepEqual(await area(ours), await area(theirs!.bytes))
  // Magic and length of the area, and the digest of the image.
  assert.deepEqual(ours.subarray(1_055, 1_095), theirs!.bytes.subarray(1_055, 1_095))
})
