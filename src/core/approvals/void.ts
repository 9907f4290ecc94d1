// SPDX-License-Identifier: Apache-2.0
import type { Put } from '../ledger/ledger.ts'
import type { Approval } from '../ledger/tables.ts'

/** What makes approvals void for ever, to stand in the commit of its cause. */
export function voided(
  approvals: readonly Approval[],
  because: string,
  at: Temporal.Instant,
): readonly Put[] {
  return approvals
    .filter(({ voidedAt }) => voidedAt === null)
    .map((approval) => ({
      kind: 'approval',
      record: {
        ...{ ...approval, version: approval.version + 1, standing: null },
        ...{ voidedAt: at, voidedBecause: because },
      },
    }))
}
