// SPDX-License-Identifier: Apache-2.0
import type { Release, ReleasePart } from '#core/ledger/tables.ts'
import { signingOf, submittedSigning } from '#core/releases/signing-of.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import type { ManifestSigning } from '#format/release/manifest-signing.ts'
import type { Core } from '../core.ts'

type SigningView = OutputOf<'release.show'>['signing']

/** How a release will be signed, for who looks at it: as people approve it, or as it would be submitted now. */
export async function showSigning(
  release: Release,
  parts: readonly ReleasePart[],
  { ledger }: Core,
): Promise<SigningView> {
  const submitted = await submittedSigning(release, ledger)
  if (submitted !== undefined) return viewOf(submitted)
  const now = await signingOf(release, parts, ledger)
  return now.kind === 'refused' ? null : viewOf(now.signing)
}

function viewOf({ plan, lines, bare, digests }: ManifestSigning): SigningView {
  return {
    plan,
    lines: lines.map(({ artefacts, options, keys, ...line }) => ({
      ...{ ...line, artefacts: artefacts && [...artefacts], options: { ...options } },
      keys: keys.map((key) => ({ ...key })),
    })),
    bare: bare.map((key) => ({ ...key })),
    digests: digests.map(({ key, ...digest }) => ({ ...digest, key: { ...key } })),
  }
}
