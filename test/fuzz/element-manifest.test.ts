// SPDX-License-Identifier: Apache-2.0
/** Manifests of elements are strangers' text: whatever stands in them, each entry is read or refused by its number. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManifestFault, readManifestEntries } from '#format/element-manifest/array-stream.ts'
import { parseElement } from '#format/element-manifest/element.ts'
import { parseSignedElement } from '#format/element-manifest/signed-element.ts'
import { FormatError } from '#format/format-error.ts'
import { manifestSigner, verifyElement } from '#trust/element/verify-element.ts'
import { manifestEntry, softElement, softMaker, softProvisioner } from '../support/elements.ts'
import { mutateText } from './mutate-text.ts'
import { depthOfRun, Random, seedOfRun } from './random.ts'

const seed = seedOfRun()
const inputs = 20_000 * depthOfRun()

const [provisioner, maker, element] = await Promise.all([
  softProvisioner(),
  softMaker(),
  softElement(),
])
const chain = [await maker.certify(element)]
const entry = JSON.stringify(manifestEntry(element, provisioner, { chain }))
const signer = manifestSigner(provisioner.certificate)
const encoder = new TextEncoder()

test(`an entry is read or refused, and never genuine with another meaning (FUZZ_SEED=${seed})`, () => {
  assert.ok(!('kind' in signer))
  const random = new Random(seed)
  const { payload } = parseSignedElement(entry)
  const reached = new Set<string>()
  for (let count = 0; count < inputs; count++) {
    const text = new TextDecoder().decode(mutateText(random, encoder.encode(entry)))
    const outcome = outcomeOf(() => {
      const signed = parseSignedElement(text)
      const verdict = verifyElement(signed, signer)
      if (verdict.kind === 'refused') return verdict.reason
      assert.deepEqual(signed.payload, payload, 'another payload bears the signature')
      assert.equal(verdict.element.uniqueId, element.uniqueId)
      return 'genuine'
    })
    reached.add(outcome)
  }
  for (const one of ['genuine', 'element-not-genuine', 'text-malformed', 'value-not-allowed'])
    assert.ok(reached.has(one), `${one} was never reached`)
})

test(`what a signer signed is read or refused, whatever it is (FUZZ_SEED=${seed})`, () => {
  const random = new Random(seed)
  const { payload } = parseSignedElement(entry)
  const reached = new Set<string>()
  for (let count = 0; count < inputs; count++)
    reached.add(
      outcomeOf(() => {
        const { keys } = parseElement(mutateText(random, payload))
        assert.ok(keys.length > 0 && keys.length <= 16)
        return 'read'
      }),
    )
  for (const one of ['read', 'text-malformed', 'value-not-allowed', 'base64-malformed'])
    assert.ok(reached.has(one), `${one} was never reached`)
})

test(`a manifest gives entries in their order, or says where it ends (FUZZ_SEED=${seed})`, async () => {
  const random = new Random(seed)
  const whole = encoder.encode(`[${entry},\n${entry}]`)
  const reached = new Set<string>()
  for (let count = 0; count < inputs / 10; count++) {
    const bytes = mutateText(random, whole)
    const cut = random.below(bytes.length + 1)
    async function* chunks() {
      yield bytes.subarray(0, cut)
      yield bytes.subarray(cut)
    }
    let last = 0
    try {
      for await (const { row } of readManifestEntries(chunks())) {
        assert.equal(row, last + 1)
        last = row
      }
      reached.add('whole')
    } catch (error) {
      assert.ok(error instanceof ManifestFault, String(error))
      assert.equal(error.row, last + 1)
      reached.add('fault')
    }
  }
  assert.deepEqual([...reached].sort(), ['fault', 'whole'])
})

function outcomeOf(attempt: () => string): string {
  try {
    return attempt()
  } catch (error) {
    if (error instanceof FormatError) return error.code
    throw error
  }
}
