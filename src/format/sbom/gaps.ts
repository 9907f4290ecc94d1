// SPDX-License-Identifier: Apache-2.0
import type { SbomComponent, SbomDocument } from './document.ts'

/**
 * The attributes of the NTIA baseline, each with how it is told whether a component has it, and the two that FDA
 * asks for besides.
 *
 * @see NTIA, Framing Software Component Transparency, second edition (2021-10-21) section 2.2, where a digest of the
 *   component is one of them; FDA premarket guidance (2026-02-03) section V.A.4(b)
 */
export const componentAttributes = {
  supplier: ({ supplier }) => supplier !== undefined,
  version: ({ version }) => version !== undefined,
  hash: ({ hasHash }) => hasHash,
  'unique-identifier': ({ identifiers }) => identifiers.length > 0,
  relationship: ({ isRelated }) => isRelated,
} as const satisfies Record<string, (component: SbomComponent) => boolean>

export const supportAttributes = {
  'support-level': ({ supportLevel }) => supportLevel !== undefined,
  'end-of-support': ({ endOfSupport }) => endOfSupport !== undefined,
} as const satisfies Record<string, (component: SbomComponent) => boolean>

/** What is said of the document once: who made the data, and when. */
export const documentAttributes = {
  author: ({ authors }) => authors.length > 0,
  timestamp: ({ madeAt }) => madeAt !== undefined,
} as const satisfies Record<string, (document: SbomDocument) => boolean>

export type BaselineAttribute =
  | keyof typeof componentAttributes
  | keyof typeof supportAttributes
  | keyof typeof documentAttributes

export interface Gap {
  /** Undefined: of the document. */
  readonly component: SbomComponent | undefined
  readonly missing: readonly BaselineAttribute[]
}

/** What an SBOM lacks, component by component; those that lack nothing are left out. Without a name none is read. */
export function* gapsOf(document: SbomDocument): Generator<Gap> {
  const missing = lacking(documentAttributes, document)
  if (missing.length > 0) yield { component: undefined, missing }
  for (const component of document.components) {
    const lacks = lacking({ ...componentAttributes, ...supportAttributes }, component)
    if (lacks.length > 0) yield { component, missing: lacks }
  }
}

/** How often each attribute is missing; those that never are stand with 0. */
export function countGaps(document: SbomDocument): Readonly<Record<BaselineAttribute, number>> {
  const counts = {
    ...{ author: 0, timestamp: 0, supplier: 0, version: 0, hash: 0, 'unique-identifier': 0 },
    ...{ relationship: 0, 'support-level': 0, 'end-of-support': 0 },
  }
  for (const { missing } of gapsOf(document)) for (const attribute of missing) counts[attribute]++
  return counts
}

function lacking<T, A extends string>(
  attributes: Readonly<Record<A, (of: T) => boolean>>,
  of: T,
): readonly A[] {
  return (Object.keys(attributes) as A[]).filter((name) => !attributes[name](of))
}
