// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'

/** One digest in so many releases is looked through; a part that many share is one of few products. */
const mostLooked = 1_000

/**
 * Whether a job may speak of octets by their digest alone: it sent all of them, or a release of its products has
 * them. Whoever knows no more than a digest of another product learns nothing of what lies under it, and puts it
 * nowhere.
 */
export async function mayName(
  sha256: Uint8Array,
  { id, products }: { readonly id: string; readonly products: readonly string[] },
  ledger: Ledger,
): Promise<boolean> {
  const sent = await ledger.list('upload', { by: 'by', equal: [id, sha256], limit: mostLooked })
  if (sent.items.some(({ state }) => state === 'done')) return true
  const parts = await ledger.list('releasePart', {
    ...{ by: 'sha256', equal: [sha256], descending: true, limit: mostLooked },
  })
  for (const release of new Set(parts.items.map((part) => part.release))) {
    const found = await ledger.read('release', release)
    if (found !== undefined && products.includes(found.product)) return true
  }
  return false
}
