// SPDX-License-Identifier: Apache-2.0
import { concatBytes, sameBytes } from '#format/bytes.ts'
import { encodeHead } from '#format/cbor/writer.ts'
import { bodyProtected } from '#format/outer-manifest/envelope.ts'
import { coseSignatures } from '#trust/cose/algorithms.ts'
import type { ArtefactForm } from '../form.ts'
import { inspectOuterManifest } from './inspect.ts'
import { type OuterManifestOptions, outerManifestOptions } from './options.ts'
import { planOuterManifest, refuseOuterManifest } from './plan.ts'
import { verifyOuterManifest } from './verify.ts'

/** Tag 98, an array of four, and the protected header that every one has. */
const beginning = concatBytes([
  Uint8Array.of(0xd8, 98, 0x84),
  encodeHead(2, bodyProtected.length),
  bodyProtected,
])

/** An outer manifest: digests of files, under signatures that all have to hold (docs/outer-manifest.md). */
export const outerManifestForm: ArtefactForm<OuterManifestOptions> = {
  name: 'outer-manifest',
  title: 'outer manifest',
  place: 'detached',
  algorithms: coseSignatures,
  options: outerManifestOptions,
  needsAll: undefined,
  recognise: async (source) => sameBytes(await source.read(0, beginning.length), beginning),
  refuse: refuseOuterManifest,
  plan: planOuterManifest,
  verify: verifyOuterManifest,
  inspect: inspectOuterManifest,
}
