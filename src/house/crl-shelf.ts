// SPDX-License-Identifier: Apache-2.0
import type { AuditEvent, EventType } from '#core/audit/event.ts'
import type { ClockGuard } from '#core/authority/clock-guard.ts'
import { readyIssuer } from '#core/authority/issuer.ts'
import type { Doors } from '#core/enrolment/doors.ts'
import { Fault } from '#core/fault.ts'
import type { Change, Ledger } from '#core/ledger/ledger.ts'
import type { Authority, CrlRecord } from '#core/ledger/tables.ts'
import {
  countRevoked,
  fullCrl,
  isCrlDue,
  latestCrl,
  type PublishingPorts,
  publishCrl,
} from '#core/revocation/publish.ts'
import type { News } from '#edge/store/store.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { BroughtLists } from './brought-lists.ts'

export interface ShelfPorts extends PublishingPorts {
  readonly guard: ClockGuard
  readonly authorities: Pick<Doors, 'authorityNamed'>
  /** Hears why a list could not be made; MUST NOT throw. */
  report(what: string, cause: unknown): void
}

/**
 * The newest CRLs, in memory and always fresh: made when first asked for, made anew when something was
 * revoked or their time comes.
 *
 * A list that cannot be made (the root's key was taken away, the disk is full) is reported, the one
 * before it stays, and `refresh` tries again.
 */
export class CrlShelf {
  readonly #ports: ShelfPorts
  readonly #shelf = new Map<string, CrlRecord>()
  /** Lists that lack a revocation. */
  readonly #changed = new Set<string>()
  /** The last making of each list that began, and the one that waits for its end. */
  readonly #running = new Map<string, Promise<unknown>>()
  readonly #queued = new Map<string, Promise<CrlRecord | undefined>>()
  readonly #troubles = new Map<string, string>()
  /** Lists of which a signature is under way. */
  readonly #signing = new Set<string>()
  /** Of authorities that sign elsewhere. */
  readonly #brought: BroughtLists

  constructor(ports: ShelfPorts) {
    this.#ports = ports
    this.#brought = new BroughtLists(ports.ledger)
  }

  /** The CRL of an authority, full (`fullCrl`) or of one shard; undefined if there is no such list. */
  async read(name: string, shard: number): Promise<CrlRecord | undefined> {
    const authority = await this.#ports.authorities.authorityNamed(name)
    if (authority === undefined || authority.kind === 'foreign') return undefined
    return this.#fresh(authority, shard)
  }

  /**
   * Makes what a change revoked: for each certificate its shard and the full CRL. Never rejects.
   *
   * @returns undefined at once for the many changes that revoke nothing
   */
  hear(change: Change): Promise<void> | undefined {
    const { puts, events } = change
    this.#brought.hear(change)
    const lists = new Map<string, readonly [string, number]>()
    const released = new Set(
      events.flatMap(({ type, subjects }) => (type === 'certificate-released' ? subjects[0] : [])),
    )
    for (const { kind, record } of puts) {
      if (kind === 'bareRevocation')
        lists.set(keyOf(record.authority, fullCrl), [record.authority, fullCrl])
      if (kind !== 'certificate') continue
      if (record.revokedAt === null && !released.has(record.id)) continue
      for (const shard of [record.shard, fullCrl]) {
        lists.set(keyOf(record.authority, shard), [record.authority, shard])
      }
    }
    if (lists.size === 0) return undefined
    if (!events.some(({ type }) => revokingTypes.has(type)))
      this.#ports.report('other nodes cannot hear of a revocation', new TypeError(told(events)))
    for (const key of lists.keys()) this.#changed.add(key)
    return this.#makeAll([...lists.values()])
  }

  /**
   * Forgets the lists that other nodes made, or should make: whoever asks next gets theirs, or one made
   * here if theirs lacks a revocation.
   */
  async hearElsewhere(news: News): Promise<void> {
    this.#brought.hearElsewhere(news)
    if (news.kind === 'missed') {
      for (const key of [...this.#shelf.keys(), ...this.#signing]) this.#forget(key)
      return
    }
    for (const { type, subjects, facts } of news.events) {
      const [id = '', authority = ''] = subjects
      if (type === 'crl-published') this.#forget(keyOf(authority, Number(facts.shard)))
      if (!revokingTypes.has(type)) continue
      if (!id.startsWith('crt_')) this.#forget(keyOf(authority, fullCrl))
      const certificate = await this.#ports.ledger.read('certificate', id)
      if (certificate === undefined) continue
      for (const shard of [certificate.shard, fullCrl]) {
        this.#forget(keyOf(certificate.authority, shard))
      }
    }
  }

  #forget(key: string): void {
    this.#shelf.delete(key)
    // What is being signed may have been read before that revocation.
    if (this.#signing.has(key)) this.#changed.add(key)
  }

  async #makeAll(lists: readonly (readonly [authority: string, shard: number])[]): Promise<void> {
    await Promise.all(
      lists.map(async ([id, shard]) => {
        const authority = await this.#ports.ledger.read('authority', id)
        // Of what others signed, others publish what is revoked.
        if (authority === undefined || authority.kind === 'foreign') return
        if (authority.key === null) await this.#brought.read(authority)
        else await this.#make(authority, shard)
      }),
    )
  }

  /** Makes anew whatever of these authorities is due, or could not be made before. */
  async refresh(authorities: readonly Authority[]): Promise<void> {
    for (const authority of authorities) {
      await this.#fresh(authority, fullCrl)
      for (const shard of this.#shardsOf(authority)) await this.#fresh(authority, shard)
    }
  }

  /** Those that somebody asked for, and those that lack a revocation. */
  #shardsOf({ id }: Authority): ReadonlySet<number> {
    const shards = [...this.#shelf.keys(), ...this.#changed]
      .map((key) => key.split(' '))
      .flatMap(([authority, shard]) => (authority === id ? [Number(shard)] : []))
    return new Set(shards)
  }

  /** The lists of an authority that this node has in memory. */
  held(authority: string): readonly CrlRecord[] {
    const own = [...this.#shelf.values()].filter((list) => list.authority === authority)
    return [...own, ...this.#brought.held(authority)]
  }

  /** What could not be made, and why. */
  get troubles(): readonly string[] {
    return [...this.#troubles.values(), ...this.#brought.troubles]
  }

  async #fresh(authority: Authority, shard: number): Promise<CrlRecord | undefined> {
    if (authority.key === null) return shard === fullCrl ? this.#brought.read(authority) : undefined
    const key = keyOf(authority.id, shard)
    const held = this.#shelf.get(key) ?? (await this.#load(authority, shard))
    if (held === undefined && !(await exists(authority, shard, this.#ports.ledger)))
      return undefined
    return this.#wants(authority, shard) ? this.#make(authority, shard) : held
  }

  /** The newest one of an earlier process, which may lack what was revoked just before a crash. */
  async #load(authority: Authority, shard: number): Promise<CrlRecord | undefined> {
    const { ledger } = this.#ports
    const latest = await latestCrl(authority.id, shard, ledger)
    if (latest === undefined) return undefined
    const key = keyOf(authority.id, shard)
    const { revokedCount } = parseCrl(latest.der)
    if (revokedCount !== (await countRevoked(authority.id, shard, ledger))) this.#changed.add(key)
    const newer = this.#shelf.get(key)
    if (newer !== undefined) return newer
    this.#shelf.set(key, latest)
    return latest
  }

  #wants(authority: Authority, shard: number): boolean {
    const key = keyOf(authority.id, shard)
    const held = this.#shelf.get(key)
    const now = this.#ports.clock.now()
    if (Temporal.Instant.compare(now, authority.notAfter) >= 0) return false
    // What was ended signs nothing more: its last lists stand until they run out.
    if (authority.state === 'retired') return false
    if (held === undefined || this.#changed.has(key)) return true
    // After a restore the numbers begin anew above all that was signed in the lost time.
    return held.number < (authority.crlNumberFrom ?? 0) || isCrlDue(held, authority, now)
  }

  /**
   * One after the other for each list, so that numbers follow each other and the last one holds all.
   * Whoever asks while one is made gets the one after it, and all of them the same.
   *
   * @returns the newest there is; undefined if there never was one
   */
  #make(authority: Authority, shard: number): Promise<CrlRecord | undefined> {
    const key = keyOf(authority.id, shard)
    const queued = this.#queued.get(key)
    if (queued !== undefined) return queued
    const before = this.#running.get(key) ?? Promise.resolve()
    const making = before.then(async () => {
      this.#queued.delete(key)
      this.#running.set(key, making)
      if (this.#wants(authority, shard)) await this.#publish(authority, shard)
      return this.#shelf.get(key)
    })
    this.#queued.set(key, making)
    return making
  }

  async #publish(authority: Authority, shard: number): Promise<void> {
    const key = keyOf(authority.id, shard)
    const wasChanged = this.#changed.delete(key)
    const list = shard === fullCrl ? authority.name : `${authority.name}, part ${shard}`
    this.#signing.add(key)
    try {
      this.#shelf.set(key, await this.#sign(authority, shard))
      this.#troubles.delete(key)
    } catch (cause) {
      // Whatever it was, the list before it is still good and nobody else is to suffer.
      if (wasChanged) this.#changed.add(key)
      const why = cause instanceof Fault ? cause.message : String(cause)
      this.#troubles.set(key, `the revocation list of ${list} could not be made: ${why}`)
      this.#ports.report(`the revocation list of ${list} could not be made`, cause)
    } finally {
      this.#signing.delete(key)
    }
  }

  async #sign(authority: Authority, shard: number): Promise<CrlRecord> {
    const now = this.#ports.clock.now()
    const behind = this.#ports.guard.check(now)
    if (behind !== undefined) throw new Fault('clock-wrong', behind.detail)
    return publishCrl(readyIssuer(authority), shard, this.#ports)
  }
}

/** By one of these each revocation is told: the certificate first, or, of one that is not known, the authority second. */
const revokingTypes: ReadonlySet<EventType> = new Set([
  ...(['certificate-abandoned', 'certificate-revoked'] as const),
  ...(['certificate-held', 'certificate-released'] as const),
  ...(['revocation-adopted', 'revocation-learnt'] as const),
])

function told(events: readonly AuditEvent[]): string {
  return `its events are ${events.map(({ type }) => type).join(', ') || 'none'}`
}

function keyOf(authority: string, shard: number): string {
  return `${authority} ${shard}`
}

/** A shard exists once a certificate names it; nobody makes us sign CRLs for numbers out of the air. */
async function exists(authority: Authority, shard: number, ledger: Ledger): Promise<boolean> {
  if (shard === fullCrl) return true
  const equal = [authority.id, shard]
  const { items } = await ledger.list('certificate', { by: 'shard', equal, limit: 1 })
  return items.length > 0
}
