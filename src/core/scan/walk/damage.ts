// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { BudgetSpent } from './budgets.ts'
import type { Scope } from './scope.ts'

/**
 * Tells what cannot be read, and lives with it; so with a fault of our own, since one file of an image must not hide
 * the others. Only a budget that is spent is thrown on.
 */
export function tellDamage(scope: Scope, offset: number | null, error: unknown): void {
  if (error instanceof BudgetSpent || !(error instanceof Error)) throw error
  if (error instanceof FormatError)
    scope.notScanned('damaged', offset, `it cannot be read further: ${error.message}`)
  else scope.notScanned('scanner-ended', offset, `the scanner broke in it: ${error.message}`)
}
