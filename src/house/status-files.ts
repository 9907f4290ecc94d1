// SPDX-License-Identifier: Apache-2.0
import type { AuditEvent, EventType } from '#core/audit/event.ts'
import { isInForce, linksBack } from '#core/enrolment/anchors/believed.ts'
import type { Doors } from '#core/enrolment/doors.ts'
import { Fault } from '#core/fault.ts'
import type { Change } from '#core/ledger/ledger.ts'
import type { Anchor, AnchorSet, StatusFileRecord } from '#core/ledger/tables.ts'
import {
  keptFiles,
  type MadeStatusFile,
  type MakingPorts,
  makeStatusFile,
  newestStatusFile,
  type StatusSet,
  statusFileLife,
} from '#core/status-files/make-status-file.ts'
import { hasSigner } from '#core/status-files/status-signer.ts'
import { clear, raise } from '#core/watch/alarm.ts'
import { allOf } from '#core/watch/pages.ts'
import type { News } from '#edge/store/store.ts'
import { parseStatusFile } from '#format/compact-status/status-file.ts'
import { makeDelta } from '#trust/compact-status/delta.ts'
import type { Core } from './core.ts'

type Made = Omit<MakingPorts, 'authorities' | 'above' | 'linksTo'>

export interface StatusFilesPorts extends Made {
  readonly doors: Doors
  /** Whether a clock that stands wrong forbids to sign. */
  readonly guard: Core['guard']
  /** Hears why a file could not be made; MUST NOT throw. */
  report(what: string, cause: unknown): void
}

/** A set of roots with the products whose devices believe it. */
export interface NamedSet extends StatusSet {
  readonly anchors: readonly Anchor[]
  readonly products: readonly string[]
  /** False once every product of it has another set: who believed the roots of before still reads its file. */
  readonly isNewest: boolean
}

/**
 * The newest status file of each set of roots, in memory; made by one node at a time, when something changed or its
 * time comes.
 */
export class StatusFiles {
  readonly #ports: StatusFilesPorts
  readonly #newest = new Map<string, StatusFileRecord>()
  readonly #deltas = new Map<string, Uint8Array>()
  /** By set what is wrong with its file. */
  readonly #troubles = new Map<string, string>()
  /** The sets whose last making failed. */
  readonly #broke = new Set<string>()
  /** Whether a certificate may have changed since the files were held against the ledger. */
  #changed = true
  #making: Promise<unknown> = Promise.resolve()
  readonly #beginning = new Set<string>()

  constructor(ports: StatusFilesPorts) {
    this.#ports = ports
  }

  /** Takes note of what a change made old; the next `refresh` looks at the ledger. */
  hear({ puts, events }: Change): void {
    for (const { kind, record } of puts)
      if (kind === 'statusFile') this.#newest.delete(record.anchors)
    if (events.some(isOfCertificates)) this.#changed = true
  }

  hearElsewhere(news: News): void {
    if (news.kind === 'missed' || news.kinds.has('statusFile')) this.#newest.clear()
    if (news.kind === 'missed' || news.events.some(isOfCertificates)) this.#changed = true
  }

  /** What could not be made, and why. */
  get troubles(): readonly string[] {
    return [...this.#troubles.values()]
  }

  /**
   * Each set of roots that devices of some product believe now, whether or not more of it are made; and those of
   * before whose file somebody asked for, while a root of theirs is in force and somebody can sign below it.
   */
  async sets(): Promise<readonly NamedSet[]> {
    const { doors, ledger } = this.#ports
    const newest = new Map<string, number>()
    const all: AnchorSet[] = []
    for await (const set of allOf('anchorSet', ledger)) {
      all.push(set)
      newest.set(set.product, Math.max(newest.get(set.product) ?? 0, set.number))
    }
    const sets = new Map<string, NamedSet>()
    for (const { digest, anchors, product, number } of all) {
      const known = sets.get(digest.toHex())
      const name = doors.productOf(product)?.name
      sets.set(digest.toHex(), {
        ...{ digest, anchors },
        roots: new Set(anchors.flatMap(({ authority }) => authority ?? [])),
        products: [...new Set([...(known?.products ?? []), ...(name ? [name] : [])])].sort(),
        isNewest: known?.isNewest === true || number === newest.get(product),
      })
    }
    const kept: NamedSet[] = []
    for (const set of sets.values()) if (set.isNewest || (await this.#goesOn(set))) kept.push(set)
    return kept
  }

  async #goesOn({ digest, roots }: NamedSet): Promise<boolean> {
    const { doors, clock } = this.#ports
    const inForce = doors.authorities.filter((one) => roots.has(one.id) && isInForce(one))
    const above = (authority: (typeof inForce)[number]) => doors.above(authority)
    return (
      hasSigner(new Set(inForce.map(({ id }) => id)), {
        ...{ authorities: doors.authorities, above, clock },
      }) && (await this.newest(digest.toHex())) !== undefined
    )
  }

  /**
   * Makes what is due, of the sets that somebody asked for once; one after the other. What cannot be made is told,
   * and the file before it stays.
   */
  async refresh(): Promise<void> {
    const wasChanged = this.#changed
    this.#changed = false
    for (const set of await this.sets()) {
      const newest = await this.newest(set.digest.toHex())
      if (newest === undefined || !(wasChanged || this.#isOld(newest))) continue
      await this.make(set, false).catch((cause) => {
        this.#changed = true
        this.#ports.report('a status file could not be made', cause)
      })
      await this.#tell(set, newest).catch((cause) =>
        this.#ports.report('an alarm about a status file could not be booked', cause),
      )
    }
  }

  /** Who holds the last file goes on believing what ended since: a person has to hear of it. */
  async #tell({ digest }: NamedSet, last: StatusFileRecord): Promise<void> {
    const anchors = digest.toHex()
    const trouble = this.#troubles.get(anchors)
    if (trouble === undefined) return clear('status-file-failing', anchors, this.#ports)
    const { createdAt, expiresAt, number } = last
    const half = createdAt.until(expiresAt).total('milliseconds') / 2
    const isLate = createdAt.until(this.#ports.clock.now()).total('milliseconds') >= half
    await raise(
      {
        ...{ kind: 'status-file-failing', subject: anchors },
        severity: isLate ? 'critical' : 'warning',
        text: `${trouble}; file ${number} is good until ${expiresAt}`,
        facts: { anchors, number, expiresAt: expiresAt.toString() },
      },
      this.#ports,
    )
  }

  /** Without a change only time makes one due. */
  #isOld({ createdAt }: StatusFileRecord): boolean {
    const hours = statusFileLife.renewedForNewOnesAfterHours
    return Temporal.Instant.compare(createdAt.add({ hours }), this.#ports.clock.now()) <= 0
  }

  /** The first file of a set is made when it is first asked for; whoever asks comes again. */
  begin(set: NamedSet): void {
    const digest = set.digest.toHex()
    if (this.#beginning.has(digest)) return
    this.#beginning.add(digest)
    this.make(set, false)
      .catch((cause) => this.#ports.report('a status file could not be made', cause))
      .finally(() => this.#beginning.delete(digest))
  }

  /** @throws Fault as `makeStatusFile` does; `clock-wrong` */
  make(set: NamedSet, isWanted: boolean): Promise<MadeStatusFile> {
    const making = this.#making.then(() => this.#make(set, isWanted))
    this.#making = making.catch(() => {})
    return making
  }

  async #make(set: NamedSet, isWanted: boolean): Promise<MadeStatusFile> {
    const { doors, clock, guard } = this.#ports
    const [key, of] = [set.digest.toHex(), set.products.join(', ')]
    try {
      const behind = guard.check(clock.now())
      if (behind !== undefined) throw new Fault('clock-wrong', behind.detail)
      const made = await makeStatusFile(set, isWanted, {
        ...this.#ports,
        authorities: doors.authorities,
        above: (authority) => doors.above(authority),
        linksTo: (root) => {
          const authority = doors.authorities.find(({ id }) => id === root)
          return authority ? linksBack(authority, doors).map(({ certificate }) => certificate) : []
        },
      })
      if (made.kind === 'made') this.#note(key, of, made.lacking)
      else if (made.kind === 'unchanged' && this.#broke.delete(key)) this.#troubles.delete(key)
      return made
    } catch (cause) {
      const why = cause instanceof Fault ? cause.message : String(cause)
      this.#troubles.set(key, `the status file for ${of} could not be made: ${why}`)
      this.#broke.add(key)
      throw cause
    }
  }

  /** What was made is whole, or lacks a signature that some readers need. */
  #note(key: string, of: string, lacking: readonly string[]): void {
    this.#broke.delete(key)
    if (lacking.length === 0) this.#troubles.delete(key)
    else
      this.#troubles.set(
        key,
        `the status file for ${of} lacks a signature, and who believes that root alone cannot check it: ${lacking.join('; ')}`,
      )
  }

  /** The newest file of a set, by its digest in hexadecimal. */
  async newest(anchors: string): Promise<StatusFileRecord | undefined> {
    const held = this.#newest.get(anchors)
    if (held !== undefined) return held
    const newest = await newestStatusFile(anchors, this.#ports.ledger)
    if (newest !== undefined) this.#newest.set(anchors, newest)
    return newest
  }

  /** What leads from one file of a set to its newest; undefined if that is not number `to`, or `from` is too old. */
  async delta(anchors: string, from: number, to: number): Promise<Uint8Array | undefined> {
    const newest = await this.newest(anchors)
    if (newest?.number !== to || from >= to || from <= to - keptFiles) return undefined
    const key = `${anchors} ${from} ${to}`
    const held = this.#deltas.get(key)
    if (held !== undefined) return held
    const old = await this.#ports.ledger.find('statusFile', 'number', [anchors, from])
    if (old === undefined || old.file.length === 0) return undefined
    const delta = makeDelta(parseStatusFile(old.file), parseStatusFile(newest.file))
    if (this.#deltas.size >= mostDeltas) this.#deltas.clear()
    this.#deltas.set(key, delta)
    return delta
  }

  /** Numbers of a set from which a delta leads to its newest file; none leads over a restore. */
  async deltasTo({ anchors, number }: StatusFileRecord): Promise<readonly number[]> {
    const { ledger, restores } = this.#ports
    const restored = restores.at(-1)
    const made = restored
      ? await ledger.count('statusFile', { by: 'created', from: restored.at, where: { anchors } })
      : number
    const first = Math.max(1, number - Math.min(keptFiles, made) + 1)
    return Array.from({ length: number - first }, (_, index) => first + index)
  }
}

const mostDeltas = 256

/** Whether a certificate that a file may cover can be another than before; that one was issued is no reason to look. */
function isOfCertificates({ type }: Pick<AuditEvent, 'type'>): boolean {
  return /^(certificate|revocation|device|authority)-/.test(type) && !quiet.has(type)
}

const quiet: ReadonlySet<string> = new Set<EventType>([
  ...(['certificate-issued', 'certificate-first-used', 'certificate-retired'] as const),
  ...(['device-added', 'device-activated'] as const),
])
