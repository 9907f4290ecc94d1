// SPDX-License-Identifier: Apache-2.0
import { isMeant } from '../enrolment/renew-now.ts'
import type { ListQuery } from '../ledger/ledger.ts'
import type { RenewalOrder } from '../ledger/tables.ts'
import type { AlarmPorts } from './alarm.ts'
import { allOf, madeSince } from './pages.ts'

/** Who shall renew before their time: what is null does not matter; at least one is given. */
export type Cohort = Pick<RenewalOrder, 'authority' | 'product' | 'lot' | 'algorithm'>

/** Certificates that are looked at one by one; beyond, an order is counted in part. */
const mostLooked = 200_000

/** So few are asked for one by one whether they have another certificate by now. */
const mostAsked = 2_000

export interface Holders {
  /** The devices that still hold what the order means. */
  readonly owners: readonly string[]
  /** False if there are too many to be counted. */
  readonly isExact: boolean
}

/**
 * The devices that hold a working identity which an order means, and no newer one.
 *
 * A replaced certificate stays good until it ends; that it was replaced is what the newer one says.
 */
export async function holdersOf(order: RenewalOrder, ports: AlarmPorts): Promise<Holders> {
  const replaced = new Set<string>()
  const held = new Map<string, string>()
  let looked = 0
  for await (const { replaces } of madeSince(order.createdAt, ports.ledger)) {
    if (++looked > mostLooked) break
    if (replaces !== null) replaced.add(replaces)
  }
  for await (const certificate of allOf('certificate', ports.ledger, cohortWalk(order))) {
    if (++looked > mostLooked) break
    if (certificate.replaces !== null) replaced.add(certificate.replaces)
    if (isMeant(order, certificate)) held.set(certificate.id, certificate.owner)
  }
  for (const id of replaced) held.delete(id)
  if (held.size <= mostAsked) await withoutFollowed(held, ports)
  return { owners: [...new Set(held.values())], isExact: looked <= mostLooked }
}

/** Takes out those whose device came back another way than by renewal. */
async function withoutFollowed(held: Map<string, string>, { ledger }: AlarmPorts): Promise<void> {
  for (const [id, owner] of [...held]) {
    const { items } = await ledger.list('certificate', {
      ...{ by: 'owner', equal: [owner], where: { kind: 'working', state: 'issued' } },
      ...{ descending: true, limit: 1 },
    })
    if (items[0]?.id !== id) held.delete(id)
  }
}

/** The certificates of a cohort by the most telling list. */
function cohortWalk(cohort: Cohort): Omit<ListQuery<'certificate'>, 'limit' | 'after'> {
  const { authority, product, lot, algorithm } = cohort
  const where = {
    ...({ kind: 'working', state: 'issued' } as const),
    ...(authority !== null && { authority }),
    ...(product !== null && { product }),
    ...(lot !== null && { lot }),
    ...(algorithm !== null && { algorithm }),
  }
  if (lot !== null) return { by: 'lot', equal: [lot], where }
  if (product !== null) return { by: 'product', equal: [product], where }
  if (authority !== null) return { by: 'shard', equal: [authority], where }
  return { by: 'algorithm', equal: [algorithm], where }
}
