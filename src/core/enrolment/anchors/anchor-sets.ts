// SPDX-License-Identifier: Apache-2.0

import type { AuditEvent } from '#core/audit/event.ts'
import { Fault } from '#core/fault.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { AnchorSet, Authority, Device, Product } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import type { Refused } from '#core/refusal.ts'
import { sha256 } from '#trust/digest.ts'
import type { Doors } from '../doors.ts'
import { type Believed, believedBy, isInForce } from './believed.ts'

export interface AnchorPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly doors: Doors
}

/** Whether an older authority still has identities in force is asked of the ledger so often at most. */
const freshMilliseconds = 10 * 60_000

interface Kept {
  readonly believed: Believed
  readonly generation: number
  readonly lookedAt: Temporal.Instant
}

/**
 * What devices of each product are to believe, in memory: every authority that may issue for the product, or
 * has identities of it in force.
 *
 * Each set is a record of its own and never changes; a product whose roots change gets the next one.
 */
export class AnchorSets {
  readonly #ports: AnchorPorts
  readonly #kept = new Map<string, Kept>()
  readonly #newest = new Map<string, AnchorSet>()

  constructor(ports: AnchorPorts) {
    this.#ports = ports
  }

  /** What `/cacerts` answers at a label; without one, all that is in force here. */
  async certificatesAt(label: string | undefined): Promise<readonly Uint8Array[] | Refused> {
    const { doors } = this.#ports
    if (label === undefined)
      return believedBy([...doors.ofIdentities, ...elsewhere(doors)], doors).certificates
    const door = doors.labelled(label)
    return 'kind' in door ? door : (await this.believedFor(door.product.id)).certificates
  }

  async believedFor(product: string): Promise<Believed> {
    const { doors, clock } = this.#ports
    const now = clock.now()
    const kept = this.#kept.get(product)
    if (kept?.generation === doors.generation && isFresh(kept, now)) return kept.believed
    const { generation } = doors
    try {
      const believed = believedBy(await this.#issuersFor(product, now), doors)
      this.#kept.set(product, { believed, generation, lookedAt: now })
      return believed
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      // A store that is away takes no anchor with it: every authority of ours is more than enough.
      return kept?.believed ?? believedBy(doors.ofIdentities, doors)
    }
  }

  async #issuersFor(product: string, now: Temporal.Instant): Promise<readonly Authority[]> {
    const { doors } = this.#ports
    const open = doors.open.filter((door) => door.product.id === product)
    const issuing = new Set(
      open.flatMap(({ issuer, twin, upstream }) => [
        // Ours stays where an upstream signs: the server itself is known by it.
        issuer.authority.id,
        ...(twin ? [twin.authority.id] : []),
        ...(upstream?.authorities ?? []).map(({ authority }) => authority.id),
      ]),
    )
    const found: Authority[] = []
    for (const authority of doors.authorities) {
      if (!isInForce(authority)) continue
      if (issuing.has(authority.id) || (await this.#hasIdentities(authority, product, now)))
        found.push(authority)
    }
    return found
  }

  async #hasIdentities({ id, kind }: Authority, product: string, now: Temporal.Instant) {
    if (kind === 'root') return false
    const { items } = await this.#ports.ledger.list('certificate', {
      ...{ by: 'under', equal: [id, 'working', product], from: now },
      ...{ where: { state: 'issued' }, limit: 1 },
    })
    return items.length > 0
  }

  /** The newest set of a product; undefined: none was made yet. */
  async newestFor(product: string): Promise<AnchorSet | undefined> {
    const { items } = await this.#ports.ledger.list('anchorSet', {
      ...{ by: 'product', equal: [product], descending: true, limit: 1 },
    })
    const [newest] = items
    if (newest !== undefined) this.#newest.set(product, newest)
    return newest
  }

  /** Makes the next set of each product whose roots are others than its newest one names. */
  async refresh(): Promise<void> {
    const products = new Map(this.#ports.doors.open.map(({ product }) => [product.id, product]))
    for (const product of products.values()) await this.#refreshOne(product)
  }

  async #refreshOne(product: Product): Promise<void> {
    const { ledger, clock } = this.#ports
    const { anchors } = await this.believedFor(product.id)
    const digest = digestOf(anchors)
    const newest = await this.newestFor(product.id)
    if (newest?.digest.toHex() === digest.toHex()) return
    const set: AnchorSet = {
      ...{ id: newId('anchorSet', this.#ports), version: 1, product: product.id, digest },
      number: (newest?.number ?? 0) + 1,
      anchors: anchors.map(({ id, name, certificateSha256 }) => {
        return { authority: id, name, sha256: certificateSha256.toHex() }
      }),
      createdAt: clock.now(),
    }
    const event: AuditEvent = {
      ...{ type: 'anchor-set-made', at: set.createdAt, actor: { kind: 'house', id: 'anchors' } },
      subjects: [set.id, product.id, ...anchors.map(({ id }) => id)],
      facts: {
        ...{ product: product.name, number: set.number },
        anchors: anchors.map(({ name }) => name).join(', '),
      },
    }
    const put = { kind: 'anchorSet', record: set } as const
    const committed = await ledger.commit({ puts: [put], events: [event] })
    // Another node made the same one at this moment, or will at its next look.
    if (committed.kind === 'committed') this.#newest.set(product.id, set)
  }

  /**
   * Notes that a device was given the set of its product, over a connection of its own. Costs a write only when
   * it is another one than before; a lost race is noted the next time.
   */
  async noteGiven(device: Device): Promise<void> {
    const { ledger, clock } = this.#ports
    const { anchors } = await this.believedFor(device.product)
    const set = await this.#setOf(device.product, digestOf(anchors))
    if (set === undefined || device.anchors === set.id) return
    const record: Device = { ...device, version: device.version + 1, anchors: set.id }
    await ledger.commit({
      puts: [{ kind: 'device', record }],
      events: [
        {
          ...{ type: 'anchors-given', at: clock.now(), actor: { kind: 'device', id: device.id } },
          subjects: [device.id, set.id, device.product],
          facts: { serial: device.serial, number: set.number },
        },
      ],
    })
  }

  /** The newest set, if it is what was answered. */
  async #setOf(product: string, digest: Uint8Array): Promise<AnchorSet | undefined> {
    const isIt = (set: AnchorSet | undefined) => set?.digest.toHex() === digest.toHex()
    const known = this.#newest.get(product)
    if (isIt(known)) return known
    const newest = await this.newestFor(product)
    return isIt(newest) ? newest : undefined
  }
}

/** The authorities of others that sign for profiles of ours. */
function elsewhere({ upstreams }: Doors): readonly Authority[] {
  return upstreams.flatMap(({ authorities }) => authorities.map(({ authority }) => authority))
}

/** The same roots in any order are the same set. */
function digestOf(anchors: readonly Authority[]): Uint8Array {
  const sorted = anchors.map(({ certificateSha256 }) => certificateSha256.toHex()).toSorted()
  return sha256(new TextEncoder().encode(sorted.join()))
}

function isFresh({ lookedAt }: Kept, now: Temporal.Instant): boolean {
  return now.since(lookedAt).total('milliseconds') < freshMilliseconds
}
