// SPDX-License-Identifier: Apache-2.0
import type { RevocationLimit } from '#core/ledger/tables.ts'
import { peopleMissing } from '#core/people/second-person.ts'
import { aloneUpTo } from '#core/revocation/acts/alone.ts'
import {
  approveLimit,
  changeLimit,
  type LimitChanged,
  refuseLimit,
  waitingLimit,
} from '#core/revocation/acts/limit-change.ts'
import { watchRevocations } from '#core/watch/revocations.ts'
import { checkVersion, notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Call, Verbs } from '#edge/admin/verbs.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'
import { type People, personHere } from './person-here.ts'

type LimitVerbs = Pick<
  Verbs,
  | 'revocation.approve-limit'
  | 'revocation.limit'
  | 'revocation.refuse-limit'
  | 'revocation.show-limit'
>
type Shown = OutputOf<'revocation.approve-limit'>

/** How much of trust one person may end alone, and who agreed to it. */
export function revocationLimitVerbs(core: Core, people: People): LimitVerbs {
  const { ledger, environment } = core
  const deciding = async (
    id: string,
    call: Call,
    act: (limit: RevocationLimit) => Promise<LimitChanged>,
  ) => {
    const limit = await ledger.read('revocationLimit', id)
    if (limit === undefined) return notFound(id)
    const differs = checkVersion(limit, call)
    if (differs !== undefined) return differs
    const changed = await act(limit)
    await watchRevocations(core)
    return changed.kind === 'refused' ? changed : showLimit(changed.change ?? limit)
  }
  return {
    'revocation.limit': async ({ alone, because }, { caller }) => {
      const changed = await changeLimit(alone ?? null, because, caller.actor, core)
      if (changed.kind === 'refused') return changed
      await watchRevocations(core)
      const { owners, change } = changed
      return { aloneUpTo: owners, change: change === undefined ? null : showLimit(change) }
    },

    'revocation.show-limit': async () => {
      const waiting = await waitingLimit(ledger)
      return {
        aloneUpTo: await aloneUpTo(environment, ledger),
        waiting: waiting === undefined ? null : showLimit(waiting),
      }
    },

    'revocation.approve-limit': ({ change, ...said }, call) =>
      deciding(change, call, async (limit) => {
        const here = await personHere(call.caller, said, people, core)
        if (here.kind === 'refused') return here
        const { id, name, role } = here.person
        // Whoever may set the limit may agree to one, and nobody else, whichever way they came.
        return role === 'administrator'
          ? approveLimit(limit, id, core)
          : refuse('not-permitted', `${name} is ${role}; an administrator agrees to this`)
      }),

    'revocation.refuse-limit': ({ change, because }, call) =>
      deciding(change, call, (limit) => refuseLimit(limit, because, call.caller.actor, core)),
  }
}

function showLimit(limit: RevocationLimit): Shown {
  const { id, version, owners, was, state, because, approvals, askedBy, decidedBy } = limit
  return {
    ...{ id, version, owners, was, state, because, askedBy, decidedBy },
    approvals: approvals.map((one) => ({ ...one })),
    approvalsMissing: state === 'waiting' ? peopleMissing(limit) : 0,
    askedAt: limit.askedAt.toString(),
    decidedAt: limit.decidedAt?.toString() ?? null,
  }
}
