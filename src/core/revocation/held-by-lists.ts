// SPDX-License-Identifier: Apache-2.0
import type { Ledger, ListQuery } from '../ledger/ledger.ts'
import type {
  Authority,
  CertificateRecord,
  Kind,
  LedgerRecord,
  RevocationRecord,
} from '../ledger/tables.ts'

/** What earlier lists of this authority hold, and the acts of it; there are few that are not over. */
export async function heldByLists(
  { id: authority }: Authority,
  ledger: Ledger,
): Promise<{
  readonly acts: readonly RevocationRecord[]
  readonly certificates: readonly CertificateRecord[]
}> {
  const acts: RevocationRecord[] = []
  const certificates: CertificateRecord[] = []
  const holds = { by: 'state', equal: ['effective'], where: { act: 'hold' } } as const
  for (const act of await allOf('revocation', holds, ledger)) {
    const list = await ledger.read('crl', act.chosen['list'] ?? '')
    if (list?.authority !== authority) continue
    acts.push(act)
    const held = { by: 'revocation', equal: [act.id], where: { state: 'held' } } as const
    certificates.push(...(await allOf('certificate', held, ledger)))
  }
  return { acts, certificates }
}

async function allOf<K extends Kind>(
  kind: K,
  query: Omit<ListQuery<K>, 'limit' | 'after'>,
  ledger: Ledger,
): Promise<readonly LedgerRecord<K>[]> {
  const found: LedgerRecord<K>[] = []
  let after: string | null | undefined
  do {
    const page = await ledger.list(kind, { ...query, limit: 1000, ...(after && { after }) })
    found.push(...page.items)
    after = page.next
  } while (after !== null)
  return found
}
