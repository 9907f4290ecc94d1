// SPDX-License-Identifier: Apache-2.0
/** Artefacts of which only the digest is here: their octets stay at the site of the build. */
import { artefactFormNames } from '#trust/artefact/form-names.ts'
import type { ReleasePart } from '../ledger/tables.ts'

/**
 * What a build says that has to be signed of an artefact: the octets that a form has a key sign, by their digest. That
 * it is of that artefact is the word of the build; that nothing else is signed is what people approve.
 */
export interface ToBeSignedPart {
  /** The name of the artefact in the release. */
  readonly of: string
  /** Name of a form (trust/artefact). */
  readonly form: string
  /** Id of the artefact key. */
  readonly key: string
  /** `digest`: the part's own digest is what the key signs, or the SHA-256 of a longer one. */
  readonly over: 'message' | 'digest'
}

/** Whether only the digest of a part is here. */
export function isByDigest({ facts }: Pick<ReleasePart, 'facts'>): boolean {
  return facts['byDigest'] === true
}

/** What is to be signed, if that is what the part says. */
export function toBeSignedIn({ facts }: Pick<ReleasePart, 'facts'>): ToBeSignedPart | undefined {
  const { of, form, key, over } = facts
  if (facts['byDigest'] !== true || typeof of !== 'string' || typeof key !== 'string')
    return undefined
  if (!artefactFormNames.some((one) => one === form)) return undefined
  return { of, form: String(form), key, over: over === 'message' ? 'message' : 'digest' }
}

/** What devices get of a release, without what only says how it is signed. */
export function isContent(part: Pick<ReleasePart, 'role' | 'facts'>): boolean {
  return part.role === 'artefact' && toBeSignedIn(part) === undefined
}
