// SPDX-License-Identifier: Apache-2.0
import { madeAtMilliseconds } from '#core/ledger/ids.ts'
import { glance, type Page } from '#core/ledger/ledger.ts'
import { type BookingPorts, bookSignatures, type Source } from './book-signatures.ts'
import { holdAgainstTable } from './hold-against-table.ts'
import { pauseAfter } from './pace.ts'
import { readProgress, type Walk, walks } from './progress.ts'
import { signedEnrolment, signedEvidence } from './signed-message.ts'

export interface WalkingPorts extends BookingPorts {
  /** Names all that `nonceOf` knows by a list: another name, and all signatures are held against it anew. */
  nonceTable(): string
  /** Resolves after so many milliseconds. */
  pause(milliseconds: number): Promise<void>
}

/** Requests that are taken apart at a time, some 15 ms of the thread. */
const pageSize = 250

/** Of a page, so many are taken apart before others have their turn. */
const stretch = 25

/**
 * An id is made a moment before its commit, and on several nodes by several clocks: what is younger than this is
 * walked over again, so that a row that was committed late is not passed by.
 */
const settled = Temporal.Duration.from({ minutes: 15 })

/**
 * The walk over all that devices ever signed here, from where it stood: what came before an upgrade, too.
 *
 * Nothing is asked of whoever issues: requests and evidence are kept as they came, and are read from there. One at a
 * time should walk; if two do, no signature is kept twice.
 */
export class SignatureWalk {
  readonly #ports: WalkingPorts
  /** Rows behind the cursor's page that were looked at already, since the cursor may not pass them yet. */
  readonly #done: Record<Walk, Set<string>> = { enrolment: new Set(), evidence: new Set() }

  constructor(ports: WalkingPorts) {
    this.#ports = ports
  }

  /** Goes as far as there is something. @returns how many signatures were new */
  async run(signal: AbortSignal): Promise<number> {
    let booked = 0
    for (const walk of walks) booked += await this.#go(walk, signal)
    await holdAgainstTable(this.#ports, signal)
    return booked
  }

  async #go(walk: Walk, signal: AbortSignal): Promise<number> {
    const { ledger, clock, pause } = this.#ports
    const { cursors } = await readProgress(ledger)
    const done = this.#done[walk]
    let after: string | null | undefined = cursors[walk]
    let isBehind = true
    let booked = 0
    while (after !== null && !signal.aborted) {
      const began = clock.now()
      const page: Page<Row> = await this.#page(walk, after)
      const unseen = page.items.filter(({ id }) => !done.has(id))
      isBehind &&= page.next !== null && page.items.every((row) => isOlder(row, began))
      const next = isBehind && page.next !== null ? { [walk]: page.next } : undefined
      const fresh = await bookSignatures(await this.#taken(unseen), next, this.#ports)
      // Nothing of the page counts as walked over: the next run begins with it.
      if (fresh === undefined) break
      booked += fresh
      for (const { id } of page.items) {
        if (isBehind) done.delete(id)
        else done.add(id)
      }
      after = page.next
      const took = clock.now().since(began).total('milliseconds')
      if (unseen.length > 0 && after !== null) await pause(pauseAfter(took))
    }
    return booked
  }

  async #page(walk: Walk, after: string | undefined): Promise<Page<Row>> {
    const query = { limit: pageSize, ...(after !== undefined && { after }) }
    const { ledger } = this.#ports
    if (walk === 'evidence') {
      const { items, next } = await ledger.list('evidence', query)
      return {
        next,
        items: items.map(({ id, bytes }) => ({ id, sources: () => attested(id, bytes) })),
      }
    }
    const columns = ['id', 'request', 'possession', 'at'] as const
    const { items, next } = await glance('enrolment', columns, query, ledger)
    return { next, items: items.map((one) => ({ id: one.id, sources: () => enrolled(one) })) }
  }

  async #taken(rows: readonly Row[]): Promise<readonly Source[]> {
    const sources: Source[] = []
    for (const [at, row] of rows.entries()) {
      if (at % stretch === stretch - 1) await this.#ports.pause(0)
      sources.push(...row.sources())
    }
    return sources
  }
}

/** A row of a walk, not yet taken apart. */
interface Row {
  readonly id: string
  sources(): readonly Source[]
}

function enrolled(
  one: Parameters<typeof signedEnrolment>[0] & {
    readonly id: string
    readonly at: Temporal.Instant
  },
): readonly Source[] {
  const message = signedEnrolment(one)
  return message === undefined ? [] : [{ message, enrolment: one.id, at: one.at }]
}

function attested(id: string, evidence: Uint8Array): readonly Source[] {
  const at = Temporal.Instant.fromEpochMilliseconds(madeAtMilliseconds(id))
  return signedEvidence(evidence).map((message) => ({ message, attestation: id, at }))
}

function isOlder({ id }: Row, now: Temporal.Instant): boolean {
  return madeAtMilliseconds(id) < now.subtract(settled).epochMilliseconds
}
