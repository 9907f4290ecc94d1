// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { Approval } from '../ledger/tables.ts'

/** All that people said of a release so far, the first first; also what is void. */
export async function approvalsOf(release: string, ledger: Ledger): Promise<readonly Approval[]> {
  const found: Approval[] = []
  let after: string | undefined
  do {
    const page = await ledger.list('approval', {
      ...{ by: 'release', equal: [release], limit: 1_000 },
      ...(after !== undefined && { after }),
    })
    found.push(...page.items)
    after = page.next ?? undefined
  } while (after !== undefined)
  return found
}

/** Approvals that nothing has voided, whatever they are of. */
export async function approvalsInForce(
  release: string,
  ledger: Ledger,
): Promise<readonly Approval[]> {
  return (await approvalsOf(release, ledger)).filter(({ voidedAt }) => voidedAt === null)
}
