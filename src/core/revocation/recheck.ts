// SPDX-License-Identifier: Apache-2.0
/** Whether all lists say what the ledger says, and what of old ones nobody needs any more. */
import { glance, type Ledger } from '../ledger/ledger.ts'
import { deltaCrl, fullCrl } from '../ledger/shards.ts'
import type { CrlRecord } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import { bytesOf, dropParts, emptied } from './crl-bytes.ts'
import { isCurrent, latestCrl } from './publish.ts'

/**
 * The shards whose newest list lacks a change, or that have none though something is revoked: what was
 * committed and not published since a process ended in between. The highest first.
 */
export async function* staleShards(authority: string, ledger: Ledger): AsyncGenerator<number> {
  for await (const shard of shardsIn('crl', authority, ledger)) {
    const list = await latestCrl(authority, shard, ledger)
    const der = list && (await bytesOf(list, ledger))
    if (list !== undefined && der !== undefined && !(await isCurrent(list, der, ledger)))
      yield shard
  }
  for await (const shard of shardsIn('certificate', authority, ledger))
    if ((await latestCrl(authority, shard, ledger)) === undefined) yield shard
}

/** From number to number, not from row to row. */
async function* shardsIn(
  kind: 'crl' | 'certificate',
  authority: string,
  ledger: Ledger,
): AsyncGenerator<number> {
  let below: number | undefined
  for (;;) {
    const bound = below === undefined ? { from: 0 } : { from: 0, below }
    const query = { equal: [authority], descending: true, limit: 1, ...bound } as const
    const [highest] =
      kind === 'crl'
        ? (await glance('crl', ['shard'], { by: 'latest', ...query }, ledger)).items
        : (await glance('certificate', ['shard'], { by: 'revoked', ...query }, ledger)).items
    if (highest === undefined) return
    yield highest.shard
    below = highest.shard
  }
}

/** A list that is being written may have parts and no record for so long. */
const writing = Temporal.Duration.from({ hours: 1 })

/**
 * Empties the lists that were kept before old ones were emptied with each new one, and the parts of lists
 * that a crash left without a record.
 */
export async function sweepLists(
  authority: string,
  { ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock },
): Promise<void> {
  const newest = await latestCrl(authority, fullCrl, ledger)
  for (const shard of [fullCrl, deltaCrl]) await sweepSequence(authority, shard, newest, ledger)
  for await (const shard of shardsIn('crl', authority, ledger))
    await sweepSequence(authority, shard, newest, ledger)
  await sweepParts(clock.now(), ledger)
}

/** All but the two newest, and the base; it ends where an earlier sweep ended. */
async function sweepSequence(
  authority: string,
  shard: number,
  full: CrlRecord | undefined,
  ledger: Ledger,
): Promise<void> {
  const walk = { by: 'latest', equal: [authority, shard], descending: true } as const
  const newest = await glance('crl', ['number'], { ...walk, limit: 2 }, ledger)
  let below = newest.items[1]?.number
  while (below !== undefined) {
    const [list] = (await ledger.list('crl', { ...walk, below, limit: 1 })).items
    if (list === undefined) return
    below = list.number
    if (shard === fullCrl && list.number === full?.base) continue
    if (list.der.length === 0 && list.parts === null) return
    const { der, ...head } = list
    if (der.length > 0) await ledger.commit({ puts: [emptied(head)], events: [] })
    if (list.parts !== null) {
      const [kept] = (await ledger.list('crlPart', { by: 'kept', equal: [list.id], limit: 1 }))
        .items
      if (kept === undefined) return
      await dropParts(list.id, ledger)
    }
  }
}

async function sweepParts(now: Temporal.Instant, ledger: Ledger): Promise<void> {
  let after: string | null | undefined
  const orphans = new Set<string>()
  do {
    const query = { by: 'kept', limit: 1000, ...(after && { after }) } as const
    const page = await glance('crlPart', ['id', 'crl'], query, ledger)
    for (const { id, crl } of page.items) {
      if (orphans.has(crl) || !isOlder(id, now)) continue
      if ((await ledger.read('crl', crl)) === undefined) orphans.add(crl)
    }
    after = page.next
  } while (after !== null)
  for (const crl of orphans) await dropParts(crl, ledger)
}

/** An id begins with the time at which it was made. RFC 9562 section 5.7. */
function isOlder(id: string, now: Temporal.Instant): boolean {
  const made = Number.parseInt(id.slice(4, 16), 16)
  return made < now.subtract(writing).epochMilliseconds
}
