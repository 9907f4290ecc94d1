// SPDX-License-Identifier: Apache-2.0
import type { Kind } from './tables.ts'

/**
 * The kinds of record that releases are judged by: `any` change of one may change a judgement, or only one of a record
 * that was `there before`, since what is new is nobody's key or approver yet.
 *
 * Not among them is what every signature itself writes or reads again: the release, its line, the certificate of a
 * key, and what was signed before.
 */
const judgedKinds = {
  signingPolicy: 'any',
  signingPlan: 'any',
  releasePart: 'any',
  approval: 'any',
  emergency: 'any',
  scan: 'any',
  builderKey: 'any',
  artefactKey: 'any',
  exception: 'any',
  approverKey: 'there before',
  key: 'there before',
  person: 'there before',
  product: 'there before',
} as const satisfies Partial<Readonly<Record<Kind, 'any' | 'there before'>>>

const judged: Partial<Readonly<Record<Kind, 'any' | 'there before'>>> = judgedKinds

/** Whether a record that is written in this version may change what a release was judged by. */
export function isJudged(kind: Kind, version: number): boolean {
  return judged[kind] === 'any' || (judged[kind] === 'there before' && version > 1)
}

/**
 * Of which state of the ledger something is, so far as releases are judged by it.
 *
 * `now` MUST give another mark than ever before once a change that `isJudged` was committed, on whichever node, before
 * it was asked: whoever reads after asking, and finds the same mark later, would read the same again.
 */
export interface Epochs {
  now(): Promise<string>
}
