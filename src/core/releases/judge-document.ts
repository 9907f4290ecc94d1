// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { countGaps } from '#format/sbom/gaps.ts'
import { parseSbom } from '#format/sbom/parse-sbom.ts'
import { parseVex, type VexProduct } from '#format/sbom/vex.ts'
import { refuse } from '#trust/refusal.ts'
import type { Release, ReleasePart } from '../ledger/tables.ts'
import { judgeProvenance } from './judge-provenance.ts'
import { ofThese } from './parts-of.ts'
import type { ReleasePorts } from './ports.ts'
import { type DocumentPart, type DocumentRead, readDocument } from './read-document.ts'

/**
 * Reads a document that stands beside the artefacts of a release, and holds it against them: one that is of other
 * artefacts is refused, and so is one whose signature no key of the product's builders made.
 */
export async function judgeDocument(
  part: DocumentPart,
  release: Release,
  parts: readonly ReleasePart[],
  ports: ReleasePorts,
): Promise<DocumentRead> {
  const bytes = await readDocument(part, ports)
  if ('kind' in bytes) return bytes
  const artefacts = parts.filter(({ role }) => role === 'artefact')
  try {
    switch (part.role) {
      case 'sbom':
        return judgeSbom(part, bytes, artefacts)
      case 'vex':
        return await judgeVex(part, bytes, parts, ports)
      case 'provenance':
        return await judgeProvenance(part, bytes, release, artefacts, ports)
      default:
        throw new TypeError(`a ${part.role} is no document`)
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('document-malformed', `${part.role} ${part.name}: ${error.message}`)
  }
}

/** @throws FormatError */
function judgeSbom(
  { name }: DocumentPart,
  bytes: Uint8Array,
  artefacts: readonly ReleasePart[],
): DocumentRead {
  const document = parseSbom(bytes)
  const covers = ofThese(
    document.describes.flatMap(({ sha256 }) => sha256),
    artefacts,
  )
  if (covers.length === 0)
    return refuse(
      'sbom-of-another-artefact',
      `${name} describes ${describedWords(document.describes)}, none of which is an artefact of this release by SHA-256`,
    )
  const { 'support-level': level, 'end-of-support': end, ...baseline } = countGaps(document)
  return {
    kind: 'read',
    facts: {
      ...{ form: document.form, id: document.id ?? null, covers },
      components: document.components.length,
      gaps: sumOf(baseline),
      supportGaps: level + end,
      missing: { ...baseline, 'support-level': level, 'end-of-support': end },
    },
  }
}

function describedWords(
  described: readonly { readonly name: string; readonly sha256: readonly string[] }[],
): string {
  if (described.length === 0) return 'nothing'
  return described
    .slice(0, 3)
    .map(({ name, sha256 }) => `${name.slice(0, 60)} (${sha256[0] ?? 'without SHA-256'})`)
    .join(', ')
}

/** @throws FormatError */
async function judgeVex(
  { name }: DocumentPart,
  bytes: Uint8Array,
  parts: readonly ReleasePart[],
  ports: ReleasePorts,
): Promise<DocumentRead> {
  const document = parseVex(bytes)
  const known = await knownProducts(parts, ports)
  const isOurs = ({ identifiers, sha256 }: VexProduct) =>
    [...identifiers, ...sha256].some((one) => known.has(one) || known.has(withoutRef(one)))
  const ours = document.statements.filter(({ products }) => products.some(isOurs))
  const first = document.statements[0]?.products[0]
  if (ours.length === 0)
    return refuse(
      'vex-of-another-product',
      `${name} speaks of ${first?.identifiers[0]?.slice(0, 80) ?? first?.sha256[0] ?? 'nothing'}, which is neither an artefact nor in an SBOM of this release`,
    )
  const count = (status: string) => ours.filter((one) => one.status === status).length
  // Fixed needs no reason; the other two do, or nobody can tell that they were looked into.
  const unexplained = ours.filter(
    ({ status, because }) =>
      (status === 'affected' || status === 'not-affected') && because === undefined,
  ).length
  return {
    kind: 'read',
    facts: {
      ...{ form: document.form, statements: ours.length, affected: count('affected') },
      ...{ notAffected: count('not-affected'), fixed: count('fixed') },
      open: count('under-investigation') + unexplained,
      others: document.statements.length - ours.length,
    },
  }
}

/** Digests of the artefacts, and all by which the SBOMs of the release name anything. */
async function knownProducts(
  parts: readonly ReleasePart[],
  ports: ReleasePorts,
): Promise<ReadonlySet<string>> {
  const known = new Set<string>()
  for (const part of parts) {
    if (part.role === 'artefact') known.add(part.sha256.toHex())
    if (part.role !== 'sbom') continue
    const bytes = await readDocument(part, ports)
    if ('kind' in bytes) continue
    const { id, components } = parseSbom(bytes)
    if (id !== undefined) known.add(id.replace(/^urn:uuid:/, 'urn:cdx:'))
    for (const { identifiers } of components) for (const one of identifiers) known.add(one)
  }
  return known
}

/** `urn:cdx:SERIAL/VERSION#REF`, by which a bom is named from outside, without what follows the serial. */
function withoutRef(identifier: string): string {
  return identifier.startsWith('urn:cdx:') ? identifier.replace(/[/#].*$/, '') : identifier
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
