// SPDX-License-Identifier: Apache-2.0
import type { Limits } from '#format/der/budget.ts'

/** One table of what each kind of CBOR may cost. */
export const cborLimits = {
  // Four signatures of ML-DSA-87 have 18.5 kB, 64 files 12 kB, a time-stamp up to 16 kB (docs/outer-manifest.md).
  outerManifest: { maxBytes: 65_536, maxDepth: 8, maxValues: 1_000 },
  // Without integrated payloads, which stand beside it: the draft's largest example has 906 octets. A command
  // sequence inside try-each inside run-sequence adds three levels a time.
  suitManifest: { maxBytes: 262_144, maxDepth: 32, maxValues: 10_000 },
  suitEnvelope: { maxBytes: 67_108_864, maxDepth: 32, maxValues: 10_000 },
  coseMessage: { maxBytes: 131_072, maxDepth: 8, maxValues: 1_000 },
  /** A COSE signature may carry any header; this is what a single item may be. */
  item: { maxBytes: 1_048_576, maxDepth: 16, maxValues: 10_000 },
} as const satisfies Record<string, Limits>
