// SPDX-License-Identifier: Apache-2.0
import { PlainEntries } from '#format/x509/plain-entry.ts'
import { shardCapacity } from '../authority/shard-counter.ts'
import { type Columns, glanceColumns, type Ledger } from '../ledger/ledger.ts'
import { fullCrl, noShard } from '../ledger/shards.ts'
import { hasLeft } from './crl-life.ts'

/** Which list, and of when. */
export interface Wanted {
  readonly authority: string
  /** A shard, or `fullCrl`. */
  readonly shard: number
  /** Certificates that ended before it have left; null: none has. */
  readonly endedBefore: Temporal.Instant | null
}

/** One makes a shard; between two of a full list others get their turn. */
const pageSize = shardCapacity

/** What an entry is made of. */
const columns = [
  ...(['serialNumber', 'revokedAt', 'revocationReason', 'kind', 'notAfter'] as const),
] as const

/**
 * The entries of a list of now, encoded, piece by piece and always in the same order: so that two walks over
 * the same certificates give the same octets, and memory holds a page, not a million records.
 *
 * Revoked, held and abandoned ones alike: an abandoned serial may carry a signature that we never saw.
 */
export async function* listedEntries(wanted: Wanted, ledger: Ledger): AsyncGenerator<Uint8Array> {
  const { authority, shard, endedBefore } = wanted
  // What is on no list has a number below `noShard`.
  const walk =
    shard === fullCrl ? { equal: [authority], from: noShard } : { equal: [authority, shard] }
  const read = (after?: string) =>
    glanceColumns(
      ...(['certificate', columns] as const),
      { by: 'revoked', ...walk, limit: pageSize, ...(after && { after }) },
      ledger,
    )
  const entries = new PlainEntries()
  for (let coming: ReturnType<typeof read> | undefined = read(); coming !== undefined; ) {
    const page: Awaited<typeof coming> = await coming
    // The next one is read while this one is encoded.
    coming = page.next === null ? undefined : read(page.next)
    // Whoever looks no further does not hear what became of it.
    coming?.catch(() => {})
    addRows(page.columns, endedBefore?.epochMilliseconds ?? null, entries)
    yield entries.take()
  }
  if (shard === fullCrl) yield* bareEntries(authority, ledger)
}

/** A million times: no object is made here. */
function addRows(
  rows: Columns<(typeof columns)[number]>,
  endedBefore: number | null,
  entries: PlainEntries,
): void {
  const { octets, lengths } = rows.bytes('serialNumber')
  const revokedAt = rows.numbers('revokedAt')
  const reasons = rows.numbers('revocationReason')
  const kinds = rows.texts('kind')
  const ends = rows.numbers('notAfter')
  let start = 0
  for (let row = 0; row < rows.length; row++) {
    const end = start + (lengths[row] ?? 0)
    const at = revokedAt[row] ?? null
    if (at !== null && !hasLeft(kinds[row] ?? '', ends[row] ?? Number.MAX_VALUE, endedBefore))
      entries.add(octets, start, end, at, reasons[row] ?? 0)
    start = end
  }
}

/** What another PKI revoked before its certificates came here without their bytes. */
async function* bareEntries(authority: string, ledger: Ledger): AsyncGenerator<Uint8Array> {
  const entries = new PlainEntries()
  let after: string | null | undefined
  do {
    const page = await ledger.list('bareRevocation', {
      ...{ by: 'authority', equal: [authority], limit: 1000 },
      ...(after && { after }),
    })
    for (const { serialNumber, revokedAt, reason } of page.items) {
      // Its certificate may have come later, and is then listed as every other.
      const known = await ledger.find('certificate', 'serialNumber', [authority, serialNumber])
      if (known !== undefined) continue
      entries.add(serialNumber, 0, serialNumber.length, revokedAt.epochMilliseconds, reason)
    }
    yield entries.take()
    after = page.next
  } while (after !== null)
}

/** RFC 5280 section 4.1.2.5: times of X.509 have no fractions. */
export function wholeSecond(at: Temporal.Instant): Temporal.Instant {
  const milliseconds = at.epochMilliseconds
  return Temporal.Instant.fromEpochMilliseconds(milliseconds - (milliseconds % 1000))
}
