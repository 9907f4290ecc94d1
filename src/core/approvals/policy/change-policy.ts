// SPDX-License-Identifier: Apache-2.0
/** A policy that is made stricter holds at once; one that asks less needs a second person, and stands as an exception. */
import type { Actor, AuditEvent, EventType } from '#core/audit/event.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import { settle } from '#core/ledger/settle.ts'
import type { Product, SigningPolicy } from '#core/ledger/tables.ts'
import {
  type Proposal,
  peopleBehind,
  peopleMissing,
  peopleNeeded,
  refuseAgreeing,
  type WhyAlone,
  weakenedPut,
  whyAlone,
} from '#core/people/second-person.ts'
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import type { ApprovalPorts } from '../ports.ts'
import { loweredBy } from './lowered.ts'
import { nextNumber, policyInForce, rulesOf, waitingPolicies } from './newest.ts'
import type { PolicyRules } from './rules.ts'

export type PolicyChanged = { readonly kind: 'changed'; readonly policy: SigningPolicy } | Refused

/** The rule that is relaxed, as exceptions name it. */
export const policyLowered = 'signing-policy-lowered'

/**
 * Writes down a policy, which holds at once unless it asks less than the one in force: then it waits for a second
 * person, but in a trial and at the first set-up, where one person suffices. Either way a policy that asks less is kept as an exception.
 */
export async function changePolicy(
  product: Product,
  rules: PolicyRules,
  because: string,
  actor: Actor,
  ports: ApprovalPorts,
): Promise<PolicyChanged> {
  const { ledger, clock } = ports
  const before = await policyInForce(product.id, ledger)
  if (JSON.stringify(before.rules) === JSON.stringify(rules) && before.record !== undefined)
    return { kind: 'changed', policy: before.record }
  const lowered = loweredBy(before.rules, rules)
  const alone = lowered.length === 0 ? undefined : await whyAlone(ports.environment, ledger)
  const waits = lowered.length > 0 && alone === undefined
  const at = clock.now()
  const policy: SigningPolicy = {
    ...{ id: newId('signingPolicy', ports), version: 1, product: product.id },
    number: await nextNumber(product.id, ledger),
    rules: { ...rules },
    ...{ lowered, state: waits ? 'waiting' : 'active', because, approvals: [] },
    ...{ changedBy: actor.id, changedAt: at },
    ...{ decidedBy: waits ? null : actor.id, decidedAt: waits ? null : at },
  }
  const type = waits ? 'signing-policy-proposed' : 'signing-policy-changed'
  const isException = !waits && lowered.length > 0
  const refused = await settle(
    {
      puts: [
        { kind: 'signingPolicy', record: policy },
        ...(isException ? [exceptionOf(policy, [actor.id], alone, ports)] : []),
      ],
      events: [told(type, policy, actor, at, alone && { alone })],
    },
    ledger,
  )
  return refused ?? { kind: 'changed', policy }
}

/**
 * A person's yes to a policy that waits.
 *
 * Whoever asked counts as one of the two if that was a person who had signed in. If another policy came into force
 * meanwhile this one is over, since what it lowers is not what was shown.
 *
 * @param person the id of somebody who has signed in
 */
export async function approvePolicy(
  before: SigningPolicy,
  person: string,
  ports: ApprovalPorts,
): Promise<PolicyChanged> {
  const { ledger, clock } = ports
  const no = refuseDecided(before) ?? (await refuseAgreeing(proposalOf(before), person, ledger))
  if (no !== undefined) return no
  const inForce = await policyInForce(before.product, ledger)
  const now = loweredBy(inForce.rules, rulesOf(before))
  if (JSON.stringify(now) !== JSON.stringify(before.lowered) || inForce.number > before.number)
    return refuse(
      'conflict',
      `policy ${inForce.number} came into force since this one was asked for; ask for it anew`,
    )
  const at = clock.now()
  const actor = { kind: 'person', id: person } as const
  const people = [...peopleBehind(proposalOf(before)), person]
  const isEnough = people.length >= peopleNeeded
  const policy: SigningPolicy = {
    ...{ ...before, version: before.version + 1 },
    approvals: [...before.approvals, { by: person, at: at.toString() }],
    ...(isEnough && { state: 'active', decidedBy: person, decidedAt: at }),
  }
  const refused = await settle(
    {
      puts: [
        { kind: 'signingPolicy', record: policy },
        ...(isEnough ? [exceptionOf(policy, people, undefined, ports)] : []),
      ],
      events: [
        told('signing-policy-approved', policy, actor, at),
        ...(isEnough ? [told('signing-policy-changed', policy, actor, at)] : []),
      ],
    },
    ledger,
  )
  return refused ?? { kind: 'changed', policy }
}

/** A person's no to a policy that waits. */
export async function refusePolicy(
  before: SigningPolicy,
  because: string,
  actor: Actor,
  { ledger, clock }: ApprovalPorts,
): Promise<PolicyChanged> {
  const decided = refuseDecided(before)
  if (decided !== undefined) return decided
  const at = clock.now()
  const policy: SigningPolicy = {
    ...{ ...before, version: before.version + 1, state: 'refused' },
    ...{ decidedBy: actor.id, decidedAt: at },
  }
  const event = told('signing-policy-refused', policy, actor, at)
  const refused = await settle(
    {
      puts: [{ kind: 'signingPolicy', record: policy }],
      events: [{ ...event, facts: { ...event.facts, detail: because } }],
    },
    ledger,
  )
  return refused ?? { kind: 'changed', policy }
}

/** How many more people have to agree. */
export function policyApprovalsMissing(policy: SigningPolicy): number {
  return policy.state === 'waiting' ? peopleMissing(proposalOf(policy)) : 0
}

/** One policy of a product waits at most: a second one would be judged against what may change under it. */
export async function refuseSecond(
  product: string,
  { ledger }: Pick<ApprovalPorts, 'ledger'>,
): Promise<Refused | undefined> {
  const [waiting] = await waitingPolicies(product, ledger)
  return (
    waiting &&
    refuse(
      'exists-already',
      `policy ${waiting.number} (${waiting.id}) waits for a second person; agree to it or refuse it first`,
    )
  )
}

function proposalOf({ changedBy, approvals }: SigningPolicy): Proposal {
  return { askedBy: changedBy, approvals }
}

function refuseDecided({ state }: SigningPolicy): Refused | undefined {
  if (state === 'waiting') return undefined
  return refuse('decided-already', `the policy is ${state}; only one that waits is decided`)
}

function exceptionOf(
  { id, lowered, because }: SigningPolicy,
  by: readonly string[],
  alone: WhyAlone | undefined,
  ports: ApprovalPorts,
): Put {
  return weakenedPut(
    { rule: policyLowered, subject: id, by, because, lines: lowered, alone },
    ports,
  )
}

function told(
  type: EventType & `signing-policy-${string}`,
  { id, product, number, lowered, because }: SigningPolicy,
  actor: Actor,
  at: Temporal.Instant,
  more: Readonly<Record<string, string>> = {},
): AuditEvent {
  const facts = { number, lowered: lowered.length, because, ...more }
  return { type, at, actor, subjects: [id, product], facts }
}
