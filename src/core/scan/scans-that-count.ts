// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { ScanRecord } from '../ledger/tables.ts'

/**
 * The scans of octets by which a release is judged: the newest, and the newest that was made here, if that is another.
 * Whoever notes scans from elsewhere, as many as they like, covers up none that was made here.
 */
export async function scansThatCount(
  sha256: Uint8Array,
  ledger: Ledger,
): Promise<readonly ScanRecord[]> {
  const newest = { by: 'sha256', equal: [sha256], descending: true, limit: 1 } as const
  const [all, here] = await Promise.all([
    ledger.list('scan', newest),
    ledger.list('scan', { ...newest, where: { madeHere: true } }),
  ])
  return [...new Map([...all.items, ...here.items].map((one) => [one.id, one])).values()]
}
