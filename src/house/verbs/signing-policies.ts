// SPDX-License-Identifier: Apache-2.0
import {
  approvePolicy,
  changePolicy,
  policyApprovalsMissing,
  refusePolicy,
  refuseSecond,
} from '#core/approvals/policy/change-policy.ts'
import { policyInForce, waitingPolicies } from '#core/approvals/policy/newest.ts'
import { parsePolicy } from '#core/approvals/policy/parse-policy.ts'
import type { SigningPolicy } from '#core/ledger/tables.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import { checkVersion, notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'
import { type People, personHere } from './person-here.ts'

type SigningPolicyVerbs = Pick<
  Verbs,
  | 'signing-policy.approve'
  | 'signing-policy.list'
  | 'signing-policy.refuse'
  | 'signing-policy.set'
  | 'signing-policy.show'
>

/** What releases need before they are signed. */
export function signingPolicyVerbs(core: Core, people: People): SigningPolicyVerbs {
  const { ledger } = core
  return {
    'signing-policy.show': async ({ product }) => {
      if ((await ledger.read('product', product)) === undefined) return notFound(product)
      const { number, rules, record } = await policyInForce(product, ledger)
      return {
        ...{ product, number, document: { ...rules } },
        policy: record === undefined ? null : showPolicy(record),
        waiting: (await waitingPolicies(product, ledger)).map(showPolicy),
      }
    },

    'signing-policy.set': async ({ product: id, document, because }, { caller }) => {
      const product = await ledger.read('product', id)
      if (product === undefined) return notFound(id)
      const parsed = parsePolicy(document)
      if (parsed.kind === 'refused') return parsed
      const second = await refuseSecond(id, core)
      if (second !== undefined) return second
      const changed = await changePolicy(product, parsed.rules, because, caller.actor, core)
      return changed.kind === 'refused' ? changed : showPolicy(changed.policy)
    },

    'signing-policy.list': async ({ product, state, ...paging }) => {
      // Policies are few: those of all products are walked in the order in which they came.
      const walk =
        product === undefined ? {} : ({ by: 'product', equal: [product, state] } as const)
      const { items, next } = await ledger.list('signingPolicy', {
        ...{ ...walk, descending: true, where: { state }, ...pageOf(paging) },
      })
      return { items: items.map(showPolicy), next }
    },

    'signing-policy.approve': async ({ policy: id, ...said }, call) => {
      const policy = await ledger.read('signingPolicy', id)
      if (policy === undefined) return notFound(id)
      const differs = checkVersion(policy, call)
      if (differs !== undefined) return differs
      const here = await personHere(call.caller, said, people, core)
      if (here.kind === 'refused') return here
      const { name, role } = here.person
      // Whoever may set a policy may agree to one, and nobody else, whichever way they came.
      if (role !== 'administrator')
        return refuse('not-permitted', `${name} is ${role}; an administrator agrees to a policy`)
      const changed = await approvePolicy(policy, here.person.id, core)
      return changed.kind === 'refused' ? changed : showPolicy(changed.policy)
    },

    'signing-policy.refuse': async ({ policy: id, because }, call) => {
      const policy = await ledger.read('signingPolicy', id)
      if (policy === undefined) return notFound(id)
      const differs = checkVersion(policy, call)
      if (differs !== undefined) return differs
      const changed = await refusePolicy(policy, because, call.caller.actor, core)
      return changed.kind === 'refused' ? changed : showPolicy(changed.policy)
    },
  }
}

function showPolicy(policy: SigningPolicy): OutputOf<'signing-policy.list'> {
  const { id, version, product, number, state, because, changedBy, decidedBy } = policy
  return {
    ...{ id, version, product, number, state, because, changedBy, decidedBy },
    lowered: [...policy.lowered],
    changedAt: policy.changedAt.toString(),
    approvals: policy.approvals.map((one) => ({ ...one })),
    approvalsMissing: policyApprovalsMissing(policy),
    decidedAt: policy.decidedAt?.toString() ?? null,
  }
}
