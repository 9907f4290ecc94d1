// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '#core/ledger/ledger.ts'
import type { SigningPolicy } from '#core/ledger/tables.ts'
import { type PolicyRules, usualRules } from './rules.ts'

/** What holds for a product now. */
export interface PolicyInForce {
  /** 0: nobody said anything yet, and the usual rules hold. */
  readonly number: number
  readonly rules: PolicyRules
  readonly record: SigningPolicy | undefined
}

/** The newest policy that is active: it judges also what was approved under one before it. */
export async function policyInForce(product: string, ledger: Ledger): Promise<PolicyInForce> {
  const { items } = await ledger.list('signingPolicy', {
    ...{ by: 'product', equal: [product, 'active'], descending: true, limit: 1 },
  })
  const [record] = items
  if (record === undefined) return { number: 0, rules: usualRules, record }
  return { number: record.number, rules: rulesOf(record), record }
}

/** The policies of a product that wait for a second person. */
export async function waitingPolicies(
  product: string,
  ledger: Ledger,
): Promise<readonly SigningPolicy[]> {
  const { items } = await ledger.list('signingPolicy', {
    ...{ by: 'product', equal: [product, 'waiting'], limit: 100 },
  })
  return items
}

/** The number that a product's next policy takes. */
export async function nextNumber(product: string, ledger: Ledger): Promise<number> {
  const highest = await Promise.all(
    (['active', 'waiting', 'refused'] as const).map(async (state) => {
      const { items } = await ledger.list('signingPolicy', {
        ...{ by: 'product', equal: [product, state], descending: true, limit: 1 },
      })
      return items[0]?.number ?? 0
    }),
  )
  return Math.max(...highest) + 1
}

/** Only what `parsePolicy` read is written. */
export function rulesOf({ rules }: SigningPolicy): PolicyRules {
  return rules as unknown as PolicyRules
}
