// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { Product, SigningPlanRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { newestPlan, parseSigningPlan } from '../releases/plan-lines.ts'
import { judgeLine, type PlanJudgePorts } from './judge-plan.ts'

interface PlanPorts extends PlanJudgePorts {
  readonly clock: Clock
  readonly random: Randomness
}

export type PlanApplied = { readonly kind: 'applied'; readonly plan: SigningPlanRecord } | Refused

/** Lets a plan take effect for what is submitted from now on; what could never be signed by it is refused at once. */
export async function applyPlan(
  product: Product,
  json: unknown,
  actor: Actor,
  ports: PlanPorts,
): Promise<PlanApplied> {
  const parsed = parseSigningPlan(json)
  if (parsed.kind === 'refused') return parsed
  for (const [index, line] of parsed.lines.entries()) {
    const no = await judgeLine(line, product, ports)
    if (no !== undefined) return refuse(no.reason, `line ${index + 1}, ${line.form}: ${no.detail}`)
  }
  const before = await newestPlan(product.id, ports.ledger)
  const plan: SigningPlanRecord = {
    ...{ id: newId('signingPlan', ports), version: 1, product: product.id },
    ...{ number: (before?.number ?? 0) + 1, lines: json as readonly unknown[] },
    ...{ changedBy: actor.id, changedAt: ports.clock.now() },
  }
  const forms = parsed.lines.map(({ form }) => form).join(', ')
  const refused = await settle(
    {
      puts: [{ kind: 'signingPlan', record: plan }],
      events: [
        {
          ...{ type: 'signing-plan-changed', at: plan.changedAt, actor },
          ...{ subjects: [plan.id, product.id], facts: { number: plan.number, forms } },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'applied', plan }
}
