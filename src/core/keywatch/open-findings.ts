// SPDX-License-Identifier: Apache-2.0
import { weaknesses } from '#trust/weak-keys/weaknesses.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** Findings that nobody decided about, by kind; only kinds of which there are any. */
export async function openByKind(ledger: Ledger): Promise<Readonly<Record<string, number>>> {
  const counts = await Promise.all(
    Object.keys(weaknesses).map(async (kind) => {
      const query = { by: 'kind', equal: [kind, 'proposed'] } as const
      return [kind, await ledger.count('keyFinding', query)] as const
    }),
  )
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}
