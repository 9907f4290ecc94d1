// SPDX-License-Identifier: Apache-2.0
import { hostname } from 'node:os'
import { newId } from '#core/ledger/ids.ts'
import type { Ledger, Put } from '#core/ledger/ledger.ts'
import type { NodeRecord } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import type { Shared } from '#edge/store/store.ts'
import type { Configuration } from '../configuration.ts'
import { programVersion } from '../version.ts'

/** How often a node gives a sign of life. */
export const beatEvery = Temporal.Duration.from({ seconds: 20 })
/** Three beats missed: it is busy no more, or cut off. */
export const silentAfter = Temporal.Duration.from({ seconds: 70 })
/** One that nobody started again is forgotten after this. */
const forgottenAfter = Temporal.Duration.from({ hours: 24 })

/** More than can ever share a database; of more the oldest are not seen. */
const mostNodes = 1000

export type NodeFacts = Pick<
  NodeRecord,
  'host' | 'directory' | 'process' | 'programVersion' | 'publicUrl' | 'names'
>

/** What this process says of itself. */
export function factsOf({ data, publicUrl, names }: Configuration): NodeFacts {
  return {
    ...{ host: hostname(), directory: data, process: process.pid },
    ...{ programVersion: programVersion(), publicUrl: publicUrl ?? null, names },
  }
}

export interface NodePorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  /** Absent where this process alone has the database. */
  readonly shared: Shared | undefined
}

/**
 * This process among those of the same database: its name, its record with a sign of life, and a clock
 * on which all of them agree.
 *
 * The shared clock is this machine's, put right by what the database's said at the last sign of life.
 * Leases are told by it; certificates and events are not: a machine whose own clock is wrong must be
 * seen, not helped.
 */
export class ThisNode {
  readonly name: string
  readonly sharedClock: Clock
  /** Names of nodes that began in this place before and did not stop in good order: dead, since it was free. */
  readonly predecessors: ReadonlySet<string>
  readonly #ports: NodePorts
  #record: NodeRecord
  #aheadMilliseconds = 0
  #writing: Promise<unknown> = Promise.resolve()

  /** `beginNode` makes one. */
  constructor(
    record: NodeRecord,
    aheadMilliseconds: number,
    predecessors: ReadonlySet<string>,
    ports: NodePorts,
  ) {
    this.name = record.name
    this.predecessors = predecessors
    this.#record = record
    this.#ports = ports
    this.#aheadMilliseconds = aheadMilliseconds
    const now = () => ports.clock.now().subtract({ milliseconds: this.#aheadMilliseconds })
    this.sharedClock = { now }
  }

  get id(): string {
    return this.#record.id
  }

  /** Milliseconds by which this machine's clock is ahead of the database's; 0 where it is alone. */
  get aheadMilliseconds(): number {
    return this.#aheadMilliseconds
  }

  /** Whether there may be others at all. */
  get isShared(): boolean {
    return this.#ports.shared !== undefined
  }

  /** The nodes that run, or were cut off and not started again; the oldest first. */
  running(): Promise<readonly NodeRecord[]> {
    return runningNodes(this.#ports.ledger)
  }

  /** Whether no other node can be at work. */
  async isAlone(): Promise<boolean> {
    if (this.#ports.shared === undefined) return true
    const others = (await this.running()).filter(({ id }) => id !== this.id)
    return others.every((other) => isSilent(other, this.sharedClock.now()))
  }

  /** Says where it is reached. */
  announce(addresses: NodeRecord['addresses']): Promise<void> {
    return this.#write(() => ({ addresses }))
  }

  /**
   * Gives a sign of life, measures the clock, and forgets those that are gone for good.
   *
   * @param says what others are to know of this node as it is now
   */
  async beat(says: Partial<Pick<NodeRecord, 'keyLists'>> = {}): Promise<void> {
    const { shared, clock, ledger } = this.#ports
    if (shared !== undefined) this.#aheadMilliseconds = await measureClock(clock, shared)
    await this.#write(() => ({ ...this.#alive(), ...says }))
    const since = this.sharedClock.now().subtract(forgottenAfter)
    for (const other of await this.running()) {
      const isGone = Temporal.Instant.compare(other.seenAt, since) < 0 && other.id !== this.id
      if (isGone) await ledger.commit({ puts: [ended(other)], events: [] })
    }
  }

  /** Says that it stopped in good order. */
  end(): Promise<void> {
    return this.#write(() => ({ stoppedAt: this.#ports.clock.now(), runningSince: null }))
  }

  #alive(): Partial<NodeRecord> {
    return {
      seenAt: this.sharedClock.now(),
      clockAheadMilliseconds: this.#ports.shared === undefined ? null : this.#aheadMilliseconds,
      // Whoever took it for dead is told otherwise.
      runningSince: this.#record.startedAt,
    }
  }

  #write(columns: () => Partial<NodeRecord>): Promise<void> {
    const written = this.#writing.then(async () => {
      const { ledger } = this.#ports
      for (;;) {
        const record = { ...this.#record, ...columns(), version: this.#record.version + 1 }
        const { kind } = await ledger.commit({ puts: [{ kind: 'node', record }], events: [] })
        this.#record = kind === 'committed' ? record : await this.#reread()
        if (kind === 'committed') return
      }
    })
    this.#writing = written.catch(() => {})
    return written
  }

  async #reread(): Promise<NodeRecord> {
    return (await this.#ports.ledger.read('node', this.id)) ?? this.#record
  }
}

/**
 * Enters this process among the nodes. An earlier one of the same place is dead, since its directory was
 * free: this one is its successor.
 */
export async function beginNode(facts: NodeFacts, ports: NodePorts): Promise<ThisNode> {
  const { ledger, clock, shared, random } = ports
  const ahead = shared === undefined ? 0 : await measureClock(clock, shared)
  const startedAt = clock.now()
  const record: NodeRecord = {
    ...{ id: newId('node', ports), version: 1, name: `${facts.host}-${random.bytes(3).toHex()}` },
    ...facts,
    addresses: { devices: '', operators: '', status: '' },
    ...{ startedAt, runningSince: startedAt, stoppedAt: null },
    seenAt: startedAt.subtract({ milliseconds: ahead }),
    clockAheadMilliseconds: shared === undefined ? null : ahead,
    keyLists: null,
  }
  const predecessors = new Set<string>()
  for (const other of await runningNodes(ledger)) {
    const isBefore = other.host === facts.host && other.directory === facts.directory
    if (!isBefore) continue
    predecessors.add(other.name)
    await ledger.commit({ puts: [ended(other)], events: [] })
  }
  await ledger.commit({ puts: [{ kind: 'node', record }], events: [] })
  return new ThisNode(record, ahead, predecessors, ports)
}

/** Whether a node gave no sign of life for long, `now` in the time that nodes share. */
export function isSilent({ seenAt }: NodeRecord, now: Temporal.Instant): boolean {
  return Temporal.Instant.compare(seenAt.add(silentAfter), now) < 0
}

async function runningNodes(ledger: Ledger): Promise<readonly NodeRecord[]> {
  const page = await ledger.list('node', { by: 'running', limit: mostNodes })
  return page.items
}

/** How far this clock is ahead of the database's, whose answer is taken to be of half way. */
async function measureClock(clock: Clock, shared: Shared): Promise<number> {
  const asked = clock.now().epochMilliseconds
  const told = (await shared.now()).epochMilliseconds
  const heard = clock.now().epochMilliseconds
  return Math.round((asked + heard) / 2 - told)
}

/** Cut off: it never said that it stopped. */
function ended(node: NodeRecord): Put {
  return { kind: 'node', record: { ...node, version: node.version + 1, runningSince: null } }
}
