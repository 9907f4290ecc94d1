// SPDX-License-Identifier: Apache-2.0
/** One upload grows by one hand at a time, whichever server that hand belongs to. */
import { refuse } from '#trust/refusal.ts'
import { settle } from '../ledger/settle.ts'
import type { Upload, UploadHold } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import type { ReleasePorts } from './ports.ts'

export interface UploadPorts extends Omit<ReleasePorts, 'environment'> {
  /** This process's name among the nodes, new at each start. */
  readonly node: string
  readonly thisNode: {
    /** On which all nodes agree. */
    readonly sharedClock: Clock
    /** Nodes that surely are dead, and had this place before. */
    readonly predecessors: ReadonlySet<string>
  }
}

/** So long nothing may come before what is here of an upload is removed: a weekend, and the day after. */
export const idleHours = 72
/** Whoever gave no sign for so long is taken over. */
const holdSeconds = 60
/** How often a sign is given, as long as octets come. */
const renewSeconds = 20
/** Only they and the job that ends idle uploads write the record. */
const mostTries = 10

/** What came out of adding to an upload, for what is written when the hold on it ends. */
export type Growing = Refused | { readonly kind: 'held'; readonly hold: HeldUpload }

/**
 * The hold of one append on one upload, which stands in the record of the upload.
 *
 * Who took it last has it. One that was paused for longer than its hold lasts finds that out before its next octet;
 * what it was about to write in that very moment goes where nobody looks any more, since an upload that was taken
 * over is read anew into a file of its own when it is whole.
 */
export class HeldUpload {
  readonly id: string
  readonly #mine: UploadHold
  readonly #ports: UploadPorts
  #renewAt: Temporal.Instant

  /** `holdUpload` makes one. */
  constructor(id: string, mine: UploadHold, ports: UploadPorts) {
    this.id = id
    this.#mine = mine
    this.#ports = ports
    this.#renewAt = renewalOf(mine)
  }

  /** Passes on what comes for as long as the hold stands, and ends early where it does not. */
  async *guard(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      if (!(await this.#stands())) return
      yield chunk
    }
  }

  /**
   * Writes what is to be true of the upload from now on, and lets others at it.
   *
   * @returns undefined: somebody else has it, or has ended it, and nothing is written
   */
  async end(columns: Partial<Upload> = {}, more: Parameters<typeof settle>[0] = nothingMore) {
    const { ledger } = this.#ports
    for (let tries = 1; ; tries++) {
      const now = await ledger.read('upload', this.id)
      if (now?.state !== 'open' || now.hold?.id !== this.#mine.id) return lost(this.id)
      const record: Upload = { ...now, ...columns, version: now.version + 1, hold: null }
      const puts = [{ kind: 'upload', record } as const, ...more.puts]
      const refused = await settle({ puts, events: more.events }, ledger)
      if (refused === undefined) return record
      if (refused.reason !== 'conflict' || tries === mostTries) return refused
    }
  }

  async #stands(): Promise<boolean> {
    const { ledger, thisNode } = this.#ports
    if (Temporal.Instant.compare(thisNode.sharedClock.now(), this.#renewAt) < 0) return true
    for (let tries = 1; tries <= mostTries; tries++) {
      const now = await ledger.read('upload', this.id)
      if (now?.state !== 'open' || now.hold?.id !== this.#mine.id) return false
      const hold = { ...now.hold, until: untilOf(this.#ports) }
      const record: Upload = { ...goesOn(now, this.#ports), hold }
      const refused = await settle({ puts: [{ kind: 'upload', record }], events: [] }, ledger)
      if (refused !== undefined) continue
      this.#renewAt = renewalOf(hold)
      return true
    }
    return false
  }
}

const nothingMore = { puts: [], events: [] }

/** Takes the hold on an upload: nobody else adds to it until it ends. */
export async function holdUpload(id: string, ports: UploadPorts): Promise<Growing> {
  const { ledger, artefacts, random, node } = ports
  for (let tries = 1; ; tries++) {
    const now = await ledger.read('upload', id)
    if (now?.state !== 'open') return refuseEnded(id, now)
    if (isHeld(now, ports))
      return refuse(
        'busy',
        `something is being added to ${id} already, on ${now.hold?.node}; ask again when that is done, at ${now.hold?.until} if it was cut off`,
      )
    const from = await placeOf(now, ports)
    if (from === undefined) return notHere(now)
    const hold = { id: random.bytes(8).toHex(), node, until: untilOf(ports), from }
    const takenOver = now.takenOver || mayLive(now, ports)
    const record: Upload = { ...goesOn(now, ports), hold, takenOver }
    const refused = await settle({ puts: [{ kind: 'upload', record }], events: [] }, ledger)
    if (refused === undefined) {
      // What nobody acknowledged may have holes, where a machine did not come to write what it was told.
      if (now.hold !== null) await artefacts.cut(id, from)
      return { kind: 'held', hold: new HeldUpload(id, hold, ports) }
    }
    if (refused.reason !== 'conflict' || tries === mostTries) return refused
  }
}

/** How far an upload is for who goes on with it; undefined: nothing of it is here. */
export async function placeOf(upload: Upload, ports: UploadPorts): Promise<number | undefined> {
  const offset = await ports.artefacts.offset(upload.id)
  if (offset === undefined || upload.hold === null || isHeld(upload, ports)) return offset
  // Of a node that may live only what it acknowledged is sure; what had this place before us wrote what is here.
  const isSure = !upload.takenOver && !mayLive(upload, ports)
  return isSure ? offset : Math.min(offset, upload.hold.from)
}

/** Why nothing can be added to an upload of which nothing is here. */
export function notHere({ id, begunOn }: Upload): Refused {
  return refuse(
    'upload-not-here',
    `nothing of ${id} is on this server; it was begun on ${begunOn}, and servers see each other's uploads only in one directory of artefacts`,
  )
}

export function refuseEnded(id: string, upload: Upload | undefined): Refused {
  return refuse(
    'upload-ended',
    upload?.state === 'done'
      ? `${id} is done; nothing is added to it`
      : `${id} was given up, was idle for too long, or was wrong`,
  )
}

function isHeld({ hold }: Upload, { thisNode }: UploadPorts): boolean {
  if (hold === null || thisNode.predecessors.has(hold.node)) return false
  return Temporal.Instant.compare(Temporal.Instant.from(hold.until), thisNode.sharedClock.now()) > 0
}

/** Whether it was left by a node that may only be slow. */
function mayLive({ hold }: Upload, { thisNode }: UploadPorts): boolean {
  return hold !== null && !thisNode.predecessors.has(hold.node)
}

/** Also for nodes that see no octet of it. */
function goesOn(now: Upload, { clock }: UploadPorts): Upload {
  return { ...now, version: now.version + 1, expiresAt: clock.now().add({ hours: idleHours }) }
}

function lost(id: string): Refused {
  return refuse(
    'conflict',
    `somebody else goes on with ${id}, or ended it, while something was added to it; ask how far it is`,
  )
}

function untilOf({ thisNode }: UploadPorts): string {
  return thisNode.sharedClock.now().add({ seconds: holdSeconds }).toString()
}

function renewalOf({ until }: UploadHold): Temporal.Instant {
  return Temporal.Instant.from(until).subtract({ seconds: holdSeconds - renewSeconds })
}
