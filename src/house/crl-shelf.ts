// SPDX-License-Identifier: Apache-2.0
import { type Issuer, readyIssuer } from '#core/authority/issuer.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Authority, CrlRecord } from '#core/ledger/tables.ts'
import {
  countRevoked,
  crlLife,
  fullCrl,
  latestCrl,
  type PublishingPorts,
  publishCrl,
} from '#core/revocation/publish.ts'
import { parseCrl } from '#format/x509/crl.ts'

/**
 * The newest CRLs, in memory and always fresh: made when first asked for, made anew when something was
 * revoked or their time comes.
 */
export class CrlShelf {
  readonly #ports: PublishingPorts
  readonly #shelf = new Map<string, Promise<CrlRecord | undefined>>()

  constructor(ports: PublishingPorts) {
    this.#ports = ports
  }

  /** The CRL of an authority, full (`fullCrl`) or of one shard; undefined if there is no such shard. */
  async read(name: string, shard: number): Promise<CrlRecord | undefined> {
    const authority = await this.#ports.ledger.find('authority', 'name', [name])
    if (authority === undefined || authority.kind === 'foreign') return undefined
    return this.#fresh(authority, shard)
  }

  /** Makes what the revocation of a certificate in this shard changed: that shard and the full CRL. */
  async revoked(authorityId: string, shard: number): Promise<void> {
    const authority = await this.#ports.ledger.read('authority', authorityId)
    if (authority === undefined) return
    await Promise.all([shard, fullCrl].map((one) => this.#make(authority, one)))
  }

  /** Makes anew whatever of ours is due; with `all`, also the full CRLs that recovery may have changed. */
  async refresh(authorities: readonly Authority[], all = false): Promise<void> {
    for (const authority of authorities) {
      await (all ? this.#make(authority, fullCrl) : this.#fresh(authority, fullCrl))
    }
    for (const key of this.#shelf.keys()) {
      const record = await this.#shelf.get(key)
      const authority = authorities.find(({ id }) => id === record?.authority)
      if (record !== undefined && authority !== undefined)
        await this.#fresh(authority, record.shard)
    }
  }

  async #fresh(authority: Authority, shard: number): Promise<CrlRecord | undefined> {
    const key = `${authority.id} ${shard}`
    const held = await (this.#shelf.get(key) ?? this.#load(key, authority, shard))
    if (held !== undefined && !this.#isDue(held)) return held
    if (held === undefined && !(await exists(authority, shard, this.#ports.ledger))) {
      this.#shelf.delete(key)
      return undefined
    }
    return (await this.#make(authority, shard)) ?? held
  }

  #load(key: string, authority: Authority, shard: number): Promise<CrlRecord | undefined> {
    const loading = this.#loadWhole(authority, shard)
    this.#shelf.set(key, loading)
    return loading
  }

  /** The newest one of an earlier process; none if a crash came between a revocation and its list. */
  async #loadWhole(authority: Authority, shard: number): Promise<CrlRecord | undefined> {
    const latest = await latestCrl(authority.id, shard, this.#ports.ledger)
    if (latest === undefined) return undefined
    const { revokedCount: listed } = parseCrl(latest.der)
    const revoked = await countRevoked(authority.id, shard, this.#ports.ledger)
    return listed === revoked ? latest : undefined
  }

  #isDue(record: CrlRecord): boolean {
    const due = record.nextUpdate.subtract(crlLife.renewBefore)
    return Temporal.Instant.compare(due, this.#ports.clock.now()) <= 0
  }

  /** One after the other for each CRL, so that numbers follow each other and the last one holds all. */
  #make(authority: Authority, shard: number): Promise<CrlRecord | undefined> {
    const key = `${authority.id} ${shard}`
    const issuer: Issuer = readyIssuer(authority)
    const before = this.#shelf.get(key) ?? Promise.resolve(undefined)
    const making = before
      .catch(() => undefined)
      .then(async (held) => (await publishCrl(issuer, shard, this.#ports)) ?? held)
    this.#shelf.set(key, making)
    making.catch(() => this.#shelf.delete(key))
    return making
  }
}

/** A shard exists once a certificate names it; nobody makes us sign CRLs for numbers out of the air. */
async function exists(authority: Authority, shard: number, ledger: Ledger): Promise<boolean> {
  if (shard === fullCrl) return true
  const equal = [authority.id, shard]
  const { items } = await ledger.list('certificate', { by: 'shard', equal, limit: 1 })
  return items.length > 0
}
