// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '#core/ledger/ledger.ts'
import type { CertificateRecord } from '#core/ledger/tables.ts'
import type { Clock } from '#core/ports.ts'

/** So long it is believed that a shard has no certificate, unless this node makes one for it. */
const believedMilliseconds = 10_000

/**
 * Which shards have a certificate: a shard exists once one names it, and nobody makes us sign, or look up,
 * lists for numbers out of the air.
 *
 * Numbers above the highest cost one look in ten seconds, however many are asked for; those below are as
 * few as shards, and each is looked up as seldom.
 */
export class KnownShards {
  readonly #ledger: Ledger
  readonly #clock: Clock
  readonly #authorities = new Map<string, Known>()

  constructor(ledger: Ledger, clock: Clock) {
    this.#ledger = ledger
    this.#clock = clock
  }

  async has(authority: string, shard: number): Promise<boolean> {
    const known = await this.#current(authority)
    if (known.present.has(shard)) return true
    if (shard > known.highest || known.absent.has(shard)) return false
    const equal = [authority, shard]
    const { items } = await this.#ledger.list('certificate', { by: 'shard', equal, limit: 1 })
    const has = items.length > 0
    if (has) known.present.add(shard)
    else known.absent.add(shard)
    return has
  }

  /** A certificate of this node names it. */
  hear({ authority, shard }: Pick<CertificateRecord, 'authority' | 'shard'>): void {
    const known = this.#authorities.get(authority)
    if (known === undefined || shard < 0) return
    known.present.add(shard)
    known.highest = Math.max(known.highest, shard)
  }

  async #current(authority: string): Promise<Known> {
    const known = this.#authorities.get(authority)
    const now = this.#clock.now().epochMilliseconds
    if (known !== undefined && Math.abs(now - known.at) < believedMilliseconds) return known
    const { items } = await this.#ledger.list('certificate', {
      ...{ by: 'shard', equal: [authority], descending: true, limit: 1 },
    })
    const present = known?.present ?? new Set<number>()
    const fresh = { at: now, highest: items[0]?.shard ?? -1, present, absent: new Set<number>() }
    this.#authorities.set(authority, fresh)
    return fresh
  }
}

interface Known {
  readonly at: number
  highest: number
  readonly present: Set<number>
  readonly absent: Set<number>
}
