// SPDX-License-Identifier: Apache-2.0
import { documentLimits } from '#format/sbom/fields.ts'
import { refuse } from '#trust/refusal.ts'
import type { ReleasePart } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { ReleasePorts } from './ports.ts'
import { proveOctets } from './prove-octets.ts'
import { refusingChange } from './proved-source.ts'

/** A document that is attached, or is to be. */
export type DocumentPart = Pick<ReleasePart, 'role' | 'name' | 'sha256'>

export type DocumentRead = { readonly kind: 'read'; readonly facts: ReleasePart['facts'] } | Refused

/** The octets of a document, which unlike an artefact is read whole. */
export async function readDocument(
  { role, name, sha256 }: DocumentPart,
  { artefacts }: Pick<ReleasePorts, 'artefacts'>,
): Promise<Uint8Array | Refused> {
  const opened = await artefacts.open(sha256)
  if (opened === undefined)
    return refuse('artefact-missing', `the octets of ${role} ${name} are not here`)
  try {
    const { octets } = opened
    if (octets > documentLimits.octets)
      return refuse(
        'document-malformed',
        `${role} ${name}: ${octets} octets, a document has ${documentLimits.octets} at most`,
      )
    const proved = await proveOctets(opened, sha256, `${role} ${name}`)
    if (proved.kind === 'refused') return proved
    return await refusingChange(() => proved.source.read(0, octets))
  } finally {
    await opened.close()
  }
}
