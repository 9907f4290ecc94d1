// SPDX-License-Identifier: Apache-2.0
/**
 * Outer manifests and SUIT envelopes before a reader in another language, which was written from the pages alone. What
 * its libraries do not know, ML-DSA, a third implementation checks.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js'
import { memorySource } from '#format/archive/byte-source.ts'
import type { ArtefactForm, ArtefactSigner } from '#trust/artefact/form.ts'
import { outerManifestForm } from '#trust/artefact/outer-manifest/form.ts'
import { suitForm } from '#trust/artefact/suit/form.ts'
import { sha256 } from '#trust/digest.ts'
import { absent } from '../support/absent.ts'
import { judgeInPython, python } from '../support/artefacts/judge-in-python.ts'
import { firmware, outerCorruptions, outerHouse, usualOptions } from '../support/outer-manifests.ts'
import { type SoftSigner, signPlan, softSigner } from '../support/soft-signers.ts'
import { image, suitCorruptions, suitHouse, suitWishes } from '../support/suit-envelopes.ts'
import { formatVectors } from '../vectors/vector.ts'

const skip = absent(python)

/** What the reader says, and of each ML-DSA signature the third implementation. */
function judged(signers: readonly ArtefactSigner[], images: readonly Uint8Array[]): string[] {
  const keys = new Map(
    signers.map(({ publicKey }) => [sha256(publicKey.spki).toBase64(), publicKey]),
  )
  return judgeInPython('envelope-reader.py', signers, images).map((answer) => {
    const [verdict = '', ...asks] = answer.split(' ')
    for (let at = 0; at < asks.length; at += 3) {
      const [keyId = '', input = '', signature = ''] = asks.slice(at, at + 3)
      const key = keys.get(keyId)
      if (key === undefined || !holds(key.material, input, signature)) return 'signature-wrong'
    }
    return verdict
  })
}

function holds(key: Uint8Array, input: string, signature: string): boolean {
  const made = Uint8Array.fromBase64(signature)
  return made.length === 3309 && ml_dsa65.verify(made, Uint8Array.fromBase64(input), key)
}

async function signedBy<O>(
  form: ArtefactForm<O>,
  bytes: Uint8Array,
  options: O,
  signers: readonly SoftSigner[],
): Promise<Uint8Array> {
  return await signPlan(await form.plan(memorySource(bytes), options, signers), signers)
}

test('the reader takes the outer manifests that we sign, by every classical key', {
  skip,
}, async () => {
  const postQuantum = await softSigner('ml-dsa-65')
  for (const key of ['p-256', 'p-384', 'ed25519'] as const) {
    const signers = [await softSigner(key), postQuantum]
    const made = await signedBy(outerManifestForm, firmware, usualOptions, signers)
    assert.deepEqual(judged(signers, [made]), ['genuine'])
  }
})

test('it refuses each corruption of an outer manifest as we do, by the same name', {
  skip,
}, async () => {
  const house = await outerHouse()
  const images = await Promise.all(outerCorruptions.map(({ bytes }) => bytes(house)))
  const theirs = judged([house.classical, house.postQuantum], images)
  for (const [index, { what, reason }] of outerCorruptions.entries())
    assert.deepEqual([what, theirs[index]], [what, reason])
})

test('the reader takes the SUIT envelopes that we sign, and those of the draft by their digests', {
  skip,
}, async () => {
  for (const key of ['p-256', 'p-384', 'ed25519', 'ml-dsa-65'] as const) {
    const signer = await softSigner(key)
    const made = await signedBy(suitForm, image, suitWishes, [signer])
    assert.deepEqual(judged([signer], [made]), ['genuine'])
  }
  const signer = await softSigner('p-256')
  const examples = formatVectors.filter(({ name }) => name.startsWith('suit-example-'))
  const again = await Promise.all(
    examples.map(({ bytes }) => signedBy(suitForm, bytes, {}, [signer])),
  )
  // Their sequence numbers are below the reader's counter, which is asked last.
  const low = again.map(() => 'artefact-version-lower')
  assert.deepEqual(judged([signer], again), low)
})

test('it refuses each corruption of a SUIT envelope as we do, by the same name', {
  skip,
}, async () => {
  const house = await suitHouse()
  const images = await Promise.all(suitCorruptions.map(({ bytes }) => bytes(house)))
  const theirs = judged([house.signer], images)
  for (const [index, { what, reason }] of suitCorruptions.entries())
    assert.deepEqual([what, theirs[index]], [what, reason])
})
