// SPDX-License-Identifier: Apache-2.0
/** Documents of other tools: whatever stands in them, they are read, or refused with the place. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from '#format/format-error.ts'
import { parseDsse } from '#format/provenance/dsse.ts'
import { parseProvenance } from '#format/provenance/statement.ts'
import {
  encodeReleaseManifest,
  parseReleaseManifest,
  type ReleaseManifest,
} from '#format/release/manifest.ts'
import { countGaps } from '#format/sbom/gaps.ts'
import { parseSbom } from '#format/sbom/parse-sbom.ts'
import { parseVex } from '#format/sbom/vex.ts'
import { parseStrictJson } from '#format/strict-json.ts'
import {
  builder,
  cyclonedx,
  enveloped,
  openVex,
  provenance,
  provenanceV02,
  spdx,
} from '../support/release-papers.ts'
import { mutateText } from './mutate-text.ts'
import { depthOfRun, Random, seedOfRun } from './random.ts'

const digest = '01'.repeat(32)
const ci = builder()
const manifest: ReleaseManifest = {
  ...{ release: `rel_${'1'.repeat(32)}`, product: { id: `prd_${'2'.repeat(32)}`, name: 'pump' } },
  ...{ version: '1', securityVersion: 1, kind: 'feature', channel: 'stable', revision: 1 },
  ...{ environment: 'trial', supportUntil: null, attachments: [], tests: [], scans: [] },
  signing: { plan: 0, lines: [], bare: [], digests: [] },
  artefacts: [{ name: 'app.bin', octets: 1, sha256: digest }],
}
const limits = { octets: 100_000, depth: 16, values: 10_000 }

const targets: Readonly<
  Record<string, readonly [seeds: readonly Uint8Array[], read: (bytes: Uint8Array) => unknown]>
> = {
  sbom: [
    [cyclonedx(digest), cyclonedx(digest, '1.4'), spdx(digest)].map(bytesOf),
    (bytes) => countGaps(parseSbom(bytes)),
  ],
  vex: [[openVex({ '@id': 'x', hashes: { 'sha-256': digest } })].map(bytesOf), parseVex],
  envelope: [[enveloped(provenance(digest, ci), ci)].map(bytesOf), parseDsse],
  provenance: [
    [provenance(digest, ci), provenanceV02(digest, ci)].map(bytesOf),
    (bytes) => parseProvenance(bytes),
  ],
  'strict JSON': [
    [cyclonedx(digest)].map(bytesOf),
    (bytes) => {
      const read = JSON.stringify(parseStrictJson(bytes, limits))
      // What is read is what everybody else reads.
      assert.equal(read, JSON.stringify(JSON.parse(new TextDecoder().decode(bytes))))
    },
  ],
  'release manifest': [
    [encodeReleaseManifest(manifest)],
    (bytes) => assert.deepEqual(encodeReleaseManifest(parseReleaseManifest(bytes)), bytes),
  ],
}

function bytesOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

const seed = seedOfRun()
const inputs = 2_000 * depthOfRun()

for (const [name, [seeds, read]] of Object.entries(targets)) {
  test(`${name}: mutated bytes are read, or refused with the place (FUZZ_SEED=${seed})`, () => {
    const random = new Random(seed)
    const reached = new Set<string>()
    for (let count = 0; count < inputs; count++) {
      const bytes = mutateText(random, random.oneOf(seeds))
      try {
        read(bytes)
        reached.add('read')
      } catch (error) {
        if (!(error instanceof FormatError)) throw error
        reached.add(error.code)
      }
    }
    assert.ok(reached.has('text-malformed'), [...reached].join())
  })
}
