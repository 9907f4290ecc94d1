// SPDX-License-Identifier: Apache-2.0
/** Long lists, a page at a time. */
import type { Ledger, ListQuery } from '../ledger/ledger.ts'
import type { CertificateRecord, Kind, LedgerRecord } from '../ledger/tables.ts'

const pageSize = 500

/** Every record of a list, in its order. */
export async function* allOf<K extends Kind>(
  kind: K,
  ledger: Ledger,
  query: Omit<ListQuery<K>, 'limit' | 'after'> = {},
): AsyncGenerator<LedgerRecord<K>> {
  let after: string | null | undefined
  do {
    const page = await ledger.list(kind, { ...query, limit: pageSize, ...(after && { after }) })
    yield* page.items
    after = page.next
  } while (after !== null)
}

export interface Band {
  /** Undefined: from the beginning. */
  readonly from: Temporal.Instant | undefined
  readonly below: Temporal.Instant
  readonly kind?: CertificateRecord['kind']
}

/** Issued certificates whose end lies in a band, the latest end first; only the band is read. */
export async function* endingBetween(
  { from, below, kind }: Band,
  ledger: Ledger,
): AsyncGenerator<CertificateRecord> {
  const walk = { by: 'state', equal: ['issued'], below, descending: true } as const
  for await (const certificate of allOf('certificate', ledger, { ...walk, ...(from && { from }) }))
    if (kind === undefined || certificate.kind === kind) yield certificate
}

/** Certificates that were booked since an instant, the newest first: those that came with their end near. */
export async function* madeSince(
  since: Temporal.Instant,
  ledger: Ledger,
): AsyncGenerator<CertificateRecord> {
  for await (const certificate of allOf('certificate', ledger, { descending: true })) {
    // The id says when it came here, also of one that another PKI issued long ago (RFC 9562 section 5.7).
    const madeMilliseconds = Number.parseInt(certificate.id.slice(4, 16), 16)
    if (madeMilliseconds < since.epochMilliseconds) return
    if (certificate.state === 'issued') yield certificate
  }
}
