// SPDX-License-Identifier: Apache-2.0
/** A list of makers' authorities is a file from somewhere: whatever stands in it, it is read or its fault is named. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  parseVendorBundle,
  vendorBundleFormat,
  vendorBundleLimits,
} from '#format/admin/vendor-bundle.ts'
import { FormatError } from '#format/format-error.ts'
import { encodePem } from '#format/pem.ts'
import { formatVectors } from '../vectors/vector.ts'
import { mutateText } from './mutate-text.ts'
import { depthOfRun, Random, seedOfRun } from './random.ts'

const seed = seedOfRun()
const inputs = 10_000 * depthOfRun()

const pemOf = (name: string) =>
  encodePem('CERTIFICATE', formatVectors.find((vector) => vector.name === name)!.bytes)

const whole = new TextEncoder().encode(
  JSON.stringify({
    ...{ format: vendorBundleFormat, name: 'chips', version: 3, issued: '2026-11-29T00:00:00Z' },
    entries: [
      {
        ...{ vendor: 'swtpm', kind: 'tpm', source: 'https://example.com', note: 'a test' },
        ...{ afterExpiry: 'accepted', leniency: 'odd-endorsement-certificate' },
        ...{ because: 'its chips live on' },
        roots: [pemOf('swtpm-root-certificate')],
        intermediates: [pemOf('swtpm-issuer-certificate')],
      },
    ],
  }),
)

test(`a bundle is read, or its fault is named (FUZZ_SEED=${seed})`, () => {
  const random = new Random(seed)
  const reached = new Set<string>()
  for (let count = 0; count < inputs; count++) {
    try {
      const { version, entries } = parseVendorBundle(mutateText(random, whole))
      assert.ok(version >= 1)
      for (const { leniency, afterExpiry, because } of entries)
        assert.ok(because !== null || (leniency === 'none' && afterExpiry === 'refused'))
      reached.add('read')
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      reached.add(error.code)
    }
  }
  for (const one of ['read', 'text-malformed', 'value-not-allowed', 'base64-malformed'])
    assert.ok(reached.has(one), `${one} was never reached`)
})

test('a bundle has so many bytes and certificates at the most', () => {
  const large = new Uint8Array(vendorBundleLimits.bytes + 1)
  assert.throws(() => parseVendorBundle(large), { code: 'too-large' })
  const document = JSON.parse(new TextDecoder().decode(whole))
  const [entry] = document.entries
  const roots = [entry.roots[0].repeat(500)]
  const entries = Array.from({ length: 5 }, () => ({ ...entry, roots }))
  const many = new TextEncoder().encode(JSON.stringify({ ...document, entries }))
  assert.throws(() => parseVendorBundle(many), { code: 'too-many' })
})
