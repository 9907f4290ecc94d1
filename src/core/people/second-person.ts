// SPDX-License-Identifier: Apache-2.0
/** What weakens a rule of two people is itself of two people: one way for all that waits for a second one. */
import { refuse } from '#trust/refusal.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { Key } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'

/** So many people who signed in themselves stand behind it. */
export const peopleNeeded = 2

/** What somebody asked for, and who agreed. */
export interface Proposal {
  /** Whoever asked: the id of a person, of a machine, or `local`. */
  readonly askedBy: string
  readonly approvals: readonly { readonly by: string }[]
}

/**
 * Those who stand behind it by a sign-in of their own: who asked at the machine itself or as a machine has proved to
 * be nobody.
 */
export function peopleBehind({ askedBy, approvals }: Proposal): ReadonlySet<string> {
  const ids = [askedBy, ...approvals.map(({ by }) => by)]
  return new Set(ids.filter((id) => id.startsWith('psn_')))
}

/** How many more people have to agree. */
export function peopleMissing(proposal: Proposal): number {
  return Math.max(0, peopleNeeded - peopleBehind(proposal).size)
}

/**
 * Why one person suffices; undefined: it waits for a second one.
 *
 * `trial`: nothing real is lost. `first-set-up`: there was never a second administrator who could agree, so that the
 * rule would only say that nobody sets anything up; it is kept as such. Once there was one, removing that one
 * again gives nobody the first set-up back.
 */
export type WhyAlone = 'trial' | 'first-set-up'

export async function whyAlone(
  environment: Key['environment'],
  ledger: Ledger,
): Promise<WhyAlone | undefined> {
  if (environment === 'trial') return 'trial'
  return (await countEver(ledger)) < peopleNeeded ? 'first-set-up' : undefined
}

/** As many as are read at once. */
const mostRead = 1_000

/**
 * How many administrators are or were here, as far as two. An invitation that nobody took up is nobody, whether it
 * waits, ran out or was withdrawn; of an account that was removed before this was asked it is taken that somebody had it.
 */
async function countEver(ledger: Ledger): Promise<number> {
  let count = 0
  for (const state of ['active', 'removed'] as const) {
    let after: string | undefined
    do {
      const page = await ledger.list('person', {
        ...{ by: 'state', equal: [state], where: { role: 'administrator' }, limit: mostRead },
        ...(after !== undefined && { after }),
      })
      count += page.items.filter(({ hasJoined }) => hasJoined !== false).length
      after = page.next ?? undefined
    } while (after !== undefined && count < peopleNeeded)
  }
  return count
}

/** Why somebody's yes does not count: they stand behind it already, or somebody who does was removed since. */
export async function refuseAgreeing(
  proposal: Proposal,
  person: string,
  ledger: Ledger,
): Promise<Refused | undefined> {
  const people = peopleBehind(proposal)
  if (people.has(person))
    return refuse('approver-counted', 'you stand behind this already; somebody else agrees')
  for (const id of people)
    if ((await ledger.read('person', id))?.state === 'removed')
      return refuse('conflict', `${id}, who stands behind it, was removed since; ask for it anew`)
  return undefined
}

/** A rule that was weakened, as the evidence shows it. */
export interface Weakened {
  /** As exceptions name it. */
  readonly rule: string
  readonly subject: string
  /** Who stands behind it; whoever asked, where nobody had signed in. */
  readonly by: readonly string[]
  readonly because: string
  /** What is asked less, a line each. */
  readonly lines: readonly string[]
  /** Undefined: two people agreed. */
  readonly alone: WhyAlone | undefined
}

/** The exception that stands for it. */
export function weakenedPut(
  { rule, subject, by, because, lines, alone }: Weakened,
  ports: { readonly clock: Clock; readonly random: Randomness },
): Put {
  const first = alone === 'first-set-up' ? ' (first set-up: nobody else was there to agree)' : ''
  return {
    kind: 'exception',
    record: {
      ...{ id: newId('exception', ports), version: 1, rule, subject },
      ...{ grantedBy: by.join(', '), reason: `${because}: ${lines.join('; ')}${first}` },
      ...{ until: null, createdAt: ports.clock.now() },
    },
  }
}
