// SPDX-License-Identifier: Apache-2.0
/** Images for secure boot v2 of ESP-IDF before a reader in another language. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { espForm } from '#trust/artefact/esp-secure-boot-v2/esp.ts'
import { espKeyDigest } from '#trust/artefact/esp-secure-boot-v2/keys.ts'
import { absent } from '../support/absent.ts'
import { espApplication, espCorruptions } from '../support/artefacts/esp-corruptions.ts'
import { judgeInPython, python } from '../support/artefacts/judge-in-python.ts'
import { judged, signed, signerOf, trustIn } from '../support/artefacts/signed.ts'

const reader = 'esp-reader.py'
const skip = absent(python)
const application = espApplication(new Uint8Array(9_000).map((_, index) => index % 241))
const rsa = await signerOf('rsa-3072', 'rsa-pss-sha256')
const rsaToo = await signerOf('rsa-3072', 'rsa-pss-sha256')
const p256 = await signerOf('p-256')
const p384 = await signerOf('p-384')

test('a reader in Python takes what we sign, and finds the key by what its eFuses hold', {
  skip,
}, async () => {
  const cases = [[rsa], [p256], [p384], [rsa, rsaToo], [p256, await signerOf('p-256')]] as const
  const images = await Promise.all(
    cases.map((signers) => signed(espForm, application, {}, signers)),
  )
  const answers = judgeInPython(reader, [rsa, rsaToo, p256, p384], images)
  const digest = ({ publicKey }: typeof rsa) => espKeyDigest(publicKey).toHex()
  assert.deepEqual(answers, [
    `genuine ${digest(rsa)}`,
    `genuine ${digest(p256)}`,
    `genuine ${digest(p384)}`,
    `genuine ${digest(rsa)} ${digest(rsaToo)}`,
    `genuine ${digest(p256)}`,
  ])
})

test('it refuses each corruption as we do, by the same name', { skip }, async () => {
  for (const signer of [rsa, p256]) {
    const good = await signed(espForm, application, {}, [signer])
    const images = espCorruptions.map(({ change }) => change(good))
    const theirs = judgeInPython(reader, [signer], images)
    const ours = await Promise.all(images.map((one) => judged(espForm, one, trustIn([signer]))))
    for (const [index, { name, refusal }] of espCorruptions.entries())
      assert.deepEqual([name, theirs[index], ours[index]], [name, refusal, refusal])
  }
})
