// SPDX-License-Identifier: Apache-2.0
import type { AuditEvent, EventType } from '#core/audit/event.ts'
import type { ClockGuard } from '#core/authority/clock-guard.ts'
import { readyIssuer } from '#core/authority/issuer.ts'
import type { Doors } from '#core/enrolment/doors.ts'
import { Fault } from '#core/fault.ts'
import type { Change } from '#core/ledger/ledger.ts'
import { onNoList } from '#core/ledger/shards.ts'
import type { Authority, CrlRecord } from '#core/ledger/tables.ts'
import { bytesOf } from '#core/revocation/crl-bytes.ts'
import { greatFrom } from '#core/revocation/crl-life.ts'
import {
  deltaCrl,
  fullCrl,
  isCrlDue,
  isCurrent,
  latestCrl,
  type PublishingPorts,
  publishCrl,
  publishDelta,
  type WholeCrl,
} from '#core/revocation/publish.ts'
import { staleShards, sweepLists } from '#core/revocation/recheck.ts'
import type { News } from '#edge/store/store.ts'
import { BroughtLists } from './brought-lists.ts'
import { KnownShards } from './known-shards.ts'
import { ListMemory } from './list-memory.ts'

export interface ShelfPorts extends PublishingPorts {
  readonly guard: ClockGuard
  readonly authorities: Pick<Doors, 'authorityNamed'>
  /** Hears why a list could not be made; MUST NOT throw. */
  report(what: string, cause: unknown): void
}

/**
 * The newest CRLs, in memory and always fresh: made when first asked for, made anew when something was
 * revoked or released, or their time comes.
 *
 * A change makes one shard anew, and the full list where that is small; a great one comes when its time does,
 * and `refresh` puts what changed meanwhile on its delta. A list that cannot be made (the root's key was taken
 * away, the disk is full) is reported, the one before it stays, and `refresh` tries again.
 */
export class CrlShelf {
  readonly #ports: ShelfPorts
  readonly #shelf = new ListMemory()
  readonly #known: KnownShards
  /** Lists that lack a change. */
  readonly #changed = new Set<string>()
  /** The last making of each list that began, and the one that waits for its end. */
  readonly #running = new Map<string, Promise<unknown>>()
  readonly #queued = new Map<string, Promise<CrlRecord | undefined>>()
  readonly #troubles = new Map<string, string>()
  /** Lists of which a signature is under way. */
  readonly #signing = new Set<string>()
  /** Authorities whose lists were held against the ledger since this process began, or since it missed news. */
  readonly #rechecked = new Set<string>()
  /** Of authorities that sign elsewhere. */
  readonly #brought: BroughtLists

  constructor(ports: ShelfPorts) {
    this.#ports = ports
    this.#known = new KnownShards(ports.ledger, ports.clock)
    this.#brought = new BroughtLists(ports.ledger)
  }

  /**
   * The CRL of an authority, with all its bytes: full (`fullCrl`), the delta to it (`deltaCrl`), or of one
   * shard; undefined if there is no such list.
   */
  async read(name: string, shard: number): Promise<CrlRecord | undefined> {
    const authority = await this.#ports.authorities.authorityNamed(name)
    if (authority === undefined || authority.kind === 'foreign') return undefined
    if (authority.key === null) return shard === fullCrl ? this.#brought.read(authority) : undefined
    if (shard === deltaCrl && authority.kind !== 'issuing') return undefined
    if (shard < 0 && shard !== fullCrl && shard !== deltaCrl) return undefined
    return this.#fresh(authority, shard)
  }

  /**
   * Makes what a change revoked or released: for each certificate its shard and the full CRL. Never rejects.
   *
   * @returns undefined at once for the many changes that do neither
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
      if (record.version === 1) this.#known.hear(record)
      if (record.shard === onNoList) continue
      if (record.revokedAt === null && !released.has(record.id)) continue
      for (const shard of [record.shard, fullCrl]) {
        lists.set(keyOf(record.authority, shard), [record.authority, shard])
      }
    }
    if (lists.size === 0) return undefined
    if (!events.some(({ type }) => changingTypes.has(type)))
      this.#ports.report('other nodes cannot hear of a revocation', new TypeError(told(events)))
    for (const key of lists.keys()) this.#changed.add(key)
    return this.#makeAll([...lists.values()])
  }

  /**
   * Forgets the lists that other nodes made, or should make: whoever asks next gets theirs, or one made
   * here if theirs lacks a change.
   */
  async hearElsewhere(news: News): Promise<void> {
    this.#brought.hearElsewhere(news)
    if (news.kind === 'missed') {
      for (const key of [...this.#shelf.keys(), ...this.#signing]) this.#forget(key)
      this.#rechecked.clear()
      return
    }
    for (const { type, subjects, facts } of news.events) {
      const [id = '', authority = ''] = subjects
      if (type === 'crl-published') {
        this.#forget(keyOf(authority, Number(facts.shard)))
        if (facts.shard === fullCrl) this.#forget(keyOf(authority, deltaCrl))
      }
      if (!changingTypes.has(type)) continue
      if (!id.startsWith('crt_')) this.#forgetChanged(authority, fullCrl)
      const certificate = await this.#ports.ledger.read('certificate', id)
      if (certificate === undefined || certificate.shard === onNoList) continue
      for (const shard of [certificate.shard, fullCrl])
        this.#forgetChanged(certificate.authority, shard)
    }
  }

  #forget(key: string): void {
    this.#shelf.delete(key)
    // What is being signed may have been read before that change.
    if (this.#signing.has(key)) this.#changed.add(key)
  }

  /** The node that changed it publishes it; if that dies before, the next refresh of another one does. */
  #forgetChanged(authority: string, shard: number): void {
    const key = keyOf(authority, shard)
    this.#forget(key)
    if (shard === fullCrl) this.#shelf.delete(keyOf(authority, deltaCrl))
    this.#rechecked.delete(authority)
  }

  async #makeAll(lists: readonly (readonly [authority: string, shard: number])[]): Promise<void> {
    await Promise.all(
      lists.map(async ([id, shard]) => {
        const authority = await this.#ports.ledger.read('authority', id)
        // Of what others signed, others publish what is revoked.
        if (authority === undefined || authority.kind === 'foreign') return
        if (authority.key === null) await this.#brought.read(authority)
        else if (shard !== fullCrl || !(await this.#isGreat(authority)))
          await this.#make(authority, shard)
      }),
    )
  }

  /** Whether its full list is too great to come with each change. */
  async #isGreat({ id }: Authority): Promise<boolean> {
    const held = this.#shelf.get(keyOf(id, fullCrl))
    const latest = held ?? (await latestCrl(id, fullCrl, this.#ports.ledger))
    return (latest?.entries ?? 0) > greatFrom
  }

  /** At the start: lists that every certificate or verifier may ask for are there before a door opens. */
  async begin(authorities: readonly Authority[]): Promise<void> {
    for (const authority of authorities) {
      if (authority.key === null) await this.#brought.read(authority)
      else if (!(await this.#isGreat(authority))) await this.#fresh(authority, fullCrl)
    }
  }

  /** Makes anew whatever of these authorities is due, lacks a change, or could not be made before. */
  async refresh(authorities: readonly Authority[]): Promise<void> {
    for (const authority of authorities) {
      await this.#fresh(authority, fullCrl)
      if (authority.key === null) continue
      if (await this.#isGreat(authority)) await this.#make(authority, fullCrl)
      if (authority.kind === 'issuing') await this.#fresh(authority, deltaCrl)
      for (const shard of this.#shardsOf(authority)) await this.#fresh(authority, shard)
      if (!this.#rechecked.has(authority.id)) await this.#recheck(authority)
    }
  }

  /** What a crash left unpublished, here or on a node that is gone, whoever does or does not ask for it. */
  async #recheck(authority: Authority): Promise<void> {
    this.#rechecked.add(authority.id)
    try {
      for await (const shard of staleShards(authority.id, this.#ports.ledger)) {
        this.#changed.add(keyOf(authority.id, shard))
        await this.#make(authority, shard)
      }
      await sweepLists(authority.id, this.#ports)
    } catch (cause) {
      this.#rechecked.delete(authority.id)
      throw cause
    }
  }

  /** Those that somebody asked for, and those that lack a change. */
  #shardsOf({ id }: Authority): ReadonlySet<number> {
    const shards = [...this.#shelf.keys(), ...this.#changed]
      .map((key) => key.split(' '))
      .flatMap(([authority, shard]) => (authority === id ? [Number(shard)] : []))
    return new Set(shards)
  }

  /** The lists of an authority that this node has in memory, but for the delta, whose life is short. */
  held(authority: string): readonly CrlRecord[] {
    const own = [...this.#shelf.values()].filter(
      (list) => list.authority === authority && list.shard !== deltaCrl,
    )
    return [...own, ...this.#brought.held(authority)]
  }

  /** What could not be made, and why. */
  get troubles(): readonly string[] {
    return [...this.#troubles.values(), ...this.#brought.troubles]
  }

  async #fresh(authority: Authority, shard: number): Promise<CrlRecord | undefined> {
    if (authority.key === null) return shard === fullCrl ? this.#brought.read(authority) : undefined
    const held = this.#shelf.get(keyOf(authority.id, shard)) ?? (await this.#load(authority, shard))
    if (held === undefined && shard >= 0 && !(await this.#known.has(authority.id, shard)))
      return undefined
    // A delta says what the full one says, and comes with it.
    if (shard === deltaCrl && !(await this.#isGreat(authority)))
      await this.#fresh(authority, fullCrl)
    if (!this.#wants(authority, shard)) return this.#shelf.get(keyOf(authority.id, shard)) ?? held
    const making = this.#make(authority, shard)
    // Nobody waits for a million entries while the list before is good.
    if (
      held !== undefined &&
      this.#isServable(held) &&
      (await this.#isGreat(authority)) &&
      shard < 0
    )
      return held
    return making
  }

  #isServable({ nextUpdate }: CrlRecord): boolean {
    return Temporal.Instant.compare(this.#ports.clock.now(), nextUpdate) < 0
  }

  /** The newest one of an earlier process, or of another node, which may lack what changed just before a crash. */
  async #load(authority: Authority, shard: number): Promise<CrlRecord | undefined> {
    const { ledger } = this.#ports
    const latest = await latestCrl(authority.id, shard, ledger)
    const der = latest && (await bytesOf(latest, ledger))
    if (latest === undefined || der === undefined) return undefined
    const key = keyOf(authority.id, shard)
    // Of a great one the next delta tells what it lacks; a delta is held against the ledger with its base.
    const isGreat = shard === fullCrl && (latest.entries ?? 0) > greatFrom
    if (isGreat || (shard !== deltaCrl && !(await isCurrent(latest, der, ledger))))
      this.#changed.add(key)
    const newer = this.#shelf.get(key)
    if (newer !== undefined) return newer
    const whole = { ...latest, der }
    this.#shelf.set(key, whole)
    if (!this.#changed.has(key)) this.#troubles.delete(key)
    return whole
  }

  #wants(authority: Authority, shard: number): boolean {
    const key = keyOf(authority.id, shard)
    const held = this.#shelf.get(key)
    const now = this.#ports.clock.now()
    if (Temporal.Instant.compare(now, authority.notAfter) >= 0) return false
    // What was ended signs nothing more: its last lists stand until they run out.
    if (authority.state === 'retired') return false
    if (held === undefined) return true
    if (this.#changed.has(key) && !(shard === fullCrl && (held.entries ?? 0) > greatFrom))
      return true
    // After a restore the numbers begin anew above all that was signed in the lost time.
    return held.number < (authority.crlNumberFrom ?? 0) || isCrlDue(held, authority, now)
  }

  /**
   * One after the other for each list, so that numbers follow each other and the last one holds all; full
   * and delta share their numbers, and so their turn. Whoever asks while one is made gets the one after it,
   * and all of them the same.
   *
   * @returns the newest there is; undefined if there never was one
   */
  #make(authority: Authority, shard: number): Promise<CrlRecord | undefined> {
    const key = keyOf(authority.id, shard)
    const queued = this.#queued.get(key)
    if (queued !== undefined) return queued
    const turn = shard === deltaCrl ? keyOf(authority.id, fullCrl) : key
    const before = this.#running.get(turn) ?? Promise.resolve()
    const making = before.then(async () => {
      this.#queued.delete(key)
      await this.#makeNow(authority, shard)
      return this.#shelf.get(key)
    })
    this.#running.set(turn, making)
    this.#queued.set(key, making)
    return making
  }

  async #makeNow(authority: Authority, shard: number): Promise<void> {
    if (this.#wants(authority, shard)) await this.#publish(authority, shard)
    // Of a great list the change goes on the delta.
    else if (shard === fullCrl && this.#changed.has(keyOf(authority.id, fullCrl)))
      await this.#publish(authority, deltaCrl)
  }

  async #publish(authority: Authority, shard: number): Promise<void> {
    const key = keyOf(authority.id, shard)
    // What a full list lacks, its delta lacks.
    const flag = shard === deltaCrl ? keyOf(authority.id, fullCrl) : key
    const wasChanged = this.#changed.delete(flag)
    this.#signing.add(key)
    try {
      for (const { list, der } of await this.#sign(authority, shard))
        this.#shelf.set(keyOf(authority.id, list.shard), { ...list, der })
      this.#troubles.delete(key)
    } catch (cause) {
      // Whatever it was, the list before it is still good and nobody else is to suffer.
      if (wasChanged) this.#changed.add(flag)
      const why = cause instanceof Fault ? cause.message : String(cause)
      const list = nameOf(authority, shard)
      // The node that has this key makes the first one as it starts, and may be about to.
      const isAwaited =
        cause instanceof Fault && cause.code === 'key-missing' && this.#shelf.get(key) === undefined
      const wasTold = this.#troubles.has(key)
      this.#troubles.set(key, `the revocation list of ${list} could not be made: ${why}`)
      if (isAwaited && !wasTold) return
      this.#ports.report(`the revocation list of ${list} could not be made`, cause)
    } finally {
      this.#signing.delete(key)
    }
  }

  async #sign(authority: Authority, shard: number): Promise<readonly WholeCrl[]> {
    const now = this.#ports.clock.now()
    const behind = this.#ports.guard.check(now)
    if (behind !== undefined) throw new Fault('clock-wrong', behind.detail)
    const issuer = readyIssuer(authority)
    if (shard !== deltaCrl) return publishCrl(issuer, shard, this.#ports)
    const held = this.#shelf.get(keyOf(authority.id, deltaCrl))
    const isDue = held === undefined || isCrlDue(held, authority, now)
    const made = await publishDelta(issuer, isDue, this.#ports)
    return made === undefined ? [] : [made]
  }
}

/**
 * By one of these each change of a list is told: the certificate first, or, of one that is not known, the
 * authority second.
 */
const changingTypes: ReadonlySet<EventType> = new Set([
  ...(['certificate-abandoned', 'certificate-revoked'] as const),
  ...(['certificate-held', 'certificate-released'] as const),
  ...(['revocation-adopted', 'revocation-learnt'] as const),
])

function told(events: readonly AuditEvent[]): string {
  return `its events are ${events.map(({ type }) => type).join(', ') || 'none'}`
}

function nameOf({ name }: Authority, shard: number): string {
  if (shard === fullCrl) return name
  return shard === deltaCrl ? `${name}, delta` : `${name}, part ${shard}`
}

function keyOf(authority: string, shard: number): string {
  return `${authority} ${shard}`
}
