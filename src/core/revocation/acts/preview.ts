// SPDX-License-Identifier: Apache-2.0
import { digestOfSet } from '#core/enforcement/book-act.ts'
import { activeIntegrations } from '#core/enforcement/enqueue.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { CertificateRecord } from '#core/ledger/tables.ts'
import { checkEnded } from '#core/policy/check-ended.ts'
import type { Refused } from '#core/refusal.ts'
import { aloneUpTo } from './alone.ts'
import { type ActPorts, judge, type Wish } from './ask.ts'
import { isMeant } from './meant-set.ts'

/** A device was here lately if it gave a sign of life within so many days: that much will be missed. */
export const latelyDays = 7

/** Devices that are looked at one by one; of more, the first ones stand for all. */
const mostLookedAt = 20_000

/** Devices of which the ledger is asked side by side. */
const atOnce = 50

/** What will stop working, or work again. */
export interface Preview {
  readonly kind: 'preview'
  readonly certificates: number
  /** By kind, as `working` 12. */
  readonly kinds: ReadonlyMap<string, number>
  /** Chosen, and so already. */
  readonly already: number
  /** Whose certificates they are. */
  readonly owners: number
  readonly devices: number
  /** Of so many devices the next counts were taken; fewer than `devices` if those are very many. */
  readonly lookedAt: number
  readonly states: ReadonlyMap<string, number>
  readonly seenLately: number
  /** Devices that have no working identity left that is believed. */
  readonly withoutIdentity: number
  /** Serials of the first of them. */
  readonly first: readonly string[]
  /** Revocation lists that are made anew, by the id of their authority. */
  readonly lists: ReadonlyMap<string, number>
  /** Certificates of profiles that outsiders cannot ask about: they will not see it. */
  readonly unseen: ReadonlyMap<string, number>
  readonly integrations: readonly string[]
  readonly aloneUpTo: number | null
  readonly needsSecond: boolean
  readonly set: Uint8Array
}

/** Serials that are named. */
const mostNamed = 10

/**
 * Tells what an act would change, and changes nothing.
 *
 * @param isUnseen whether a certificate's profile tells outsiders that there is no revocation to ask for
 */
export async function previewAct(
  wish: Pick<Wish, 'act' | 'chosen'>,
  isUnseen: (certificate: CertificateRecord) => boolean,
  ports: ActPorts,
): Promise<Preview | Refused> {
  const { ledger, clock } = ports
  const at = clock.now()
  const kinds = new Map<string, number>()
  const unseen = new Map<string, number>()
  const shards = new Map<string, Set<number>>()
  const set = await judge(wish, at, ledger, (one) => {
    count(kinds, one.kind)
    if (isUnseen(one)) count(unseen, one.profile)
    else shards.set(one.authority, (shards.get(one.authority) ?? new Set()).add(one.shard))
  })
  if (set.kind === 'refused') return set
  const alone = await aloneUpTo(ports.environment, ledger)
  return {
    ...{ kind: 'preview', certificates: set.ids.length, kinds, already: set.already },
    owners: set.owners.size,
    ...(await lookAt([...set.owners], new Set(set.ids), at, ledger)),
    // The full list of each authority besides its parts.
    lists: new Map([...shards].map(([authority, some]) => [authority, some.size + 1])),
    unseen,
    integrations: (await activeIntegrations(ledger)).map(({ name }) => name),
    aloneUpTo: alone,
    needsSecond: alone !== null && set.owners.size > alone,
    set: digestOfSet(set.ids),
  }
}

async function lookAt(
  owners: readonly string[],
  meant: ReadonlySet<string>,
  at: Temporal.Instant,
  ledger: Ledger,
) {
  const ids = owners.filter((owner) => owner.startsWith('dev_'))
  const since = at.subtract({ hours: latelyDays * 24 })
  const states = new Map<string, number>()
  const first: string[] = []
  let seenLately = 0
  let withoutIdentity = 0
  const looked = ids.slice(0, mostLookedAt)
  for (let from = 0; from < looked.length; from += atOnce) {
    const some = looked.slice(from, from + atOnce)
    const found = await Promise.all(
      some.map(async (id) => ({
        device: await ledger.read('device', id),
        keeps: await keepsOne(id, meant, at, ledger),
      })),
    )
    for (const { device, keeps } of found) {
      if (device === undefined) continue
      count(states, device.state)
      if (first.length < mostNamed) first.push(device.serial)
      if (device.seenAt !== null && Temporal.Instant.compare(device.seenAt, since) > 0) seenLately++
      if (!keeps) withoutIdentity++
    }
  }
  return {
    ...{ devices: ids.length, lookedAt: looked.length, states, seenLately, withoutIdentity },
    first,
  }
}

/** Whether the device has a working identity in force that is not meant. */
async function keepsOne(
  owner: string,
  meant: ReadonlySet<string>,
  at: Temporal.Instant,
  ledger: Ledger,
): Promise<boolean> {
  const { items } = await ledger.list('certificate', {
    ...{ by: 'owner', equal: [owner], where: { kind: 'working' }, descending: true, limit: 100 },
  })
  return items.some(
    (one) =>
      checkEnded(one, at) === undefined &&
      one.state !== 'reserved' &&
      isMeant(one, { act: 'end', at }) &&
      !meant.has(one.id),
  )
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
