// SPDX-License-Identifier: Apache-2.0
import type { Enforcement, RevocationRecord } from '../ledger/tables.ts'

/**
 * A walk over the owners that an enforcement is about.
 *
 * An act on many certificates is carried out part by part, and sessions begin to end with its first part. Then one
 * walk is not enough: what the act reaches behind it, it does not meet. So there are early walks, each over what
 * was reached so far, and a last one that begins when the act is in force for all, and counts as proof.
 */
export interface Walk {
  /** For how many certificates the act was in force when the walk began; undefined: for all. */
  readonly reached: number | undefined
  /** Where its next page begins; null: it has not begun. */
  readonly cursor: string | null
}

type Act = Pick<RevocationRecord, 'state' | 'done'> | undefined

/** An act that is twice as far as it was is walked over again, so that all walks together are short. */
const growth = 2

/** The walk that an enforcement is on, or begins now; undefined: its act has to come further first. */
export function walkOf({ after }: Pick<Enforcement, 'after'>, act: Act): Walk | undefined {
  const [, reached = '', cursor] = /^early (\d+)(?: (.*))?$/.exec(after ?? '') ?? []
  if (reached === '' && after !== null) return { reached: undefined, cursor: after }
  if (cursor !== undefined) return { reached: Number(reached), cursor }
  if (act?.state !== 'running') return { reached: undefined, cursor: null }
  const isFurther = reached === '' || act.done >= growth * Number(reached)
  return isFurther ? { reached: act.done, cursor: null } : undefined
}

/** What is kept of a walk between its pages; where `cursor` is null, that it came to its end. */
export function markOf({ reached }: Walk, cursor: string | null): string | null {
  if (reached === undefined) return cursor
  return cursor === null ? `early ${reached}` : `early ${reached} ${cursor}`
}

/** The name of a message: the same for a repetition, and another one in each walk. */
export function messageOf({ id, owners }: Enforcement, { reached }: Walk): string {
  return reached === undefined ? `${id}.${owners}` : `${id}.early-${reached}.${owners}`
}
