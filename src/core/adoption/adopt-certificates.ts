// SPDX-License-Identifier: Apache-2.0
/** Takes over what another authority's list says was issued and revoked; the list may have millions of rows. */
import type { IssuedRow } from '#format/issued-list/issued-row.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Refused } from '../refusal.ts'
import { type Adoptee, type AdoptingList, readAdoptee } from './adoptee.ts'
import { bookAdoptee } from './book-adoptee.ts'
import { endingOf, type Step } from './book-revocation.ts'

export interface AdoptionCount {
  readonly rows: number
  /** Certificates that are new here. */
  readonly added: number
  /** Revocations that are new here. */
  readonly revoked: number
  /** Devices that were not expected before. */
  readonly devices: number
  /** Here already, just so. */
  readonly unchanged: number
  /** Ended before today and not revoked, so nothing depends on them. */
  readonly expired: number
  readonly refused: number
}

export type AdoptionNews =
  | { readonly kind: 'refused'; readonly row: number; readonly refused: Refused }
  /** Everything up to here is durable. */
  | { readonly kind: 'progress'; readonly count: AdoptionCount }
  | { readonly kind: 'done'; readonly count: AdoptionCount }
  | {
      readonly kind: 'stopped'
      readonly row: number
      readonly refused: Refused
      readonly count: AdoptionCount
    }

/** Rows in one commit. */
const batchSize = 100
/** A list with so many faults is the wrong list; it is better to hear it after 1000 lines. */
export const mostRefusedRows = 1000

/**
 * Takes over the rows of a list, in memory that does not grow with it.
 *
 * Each certificate's signature is checked, and its key has one owner as everywhere. A row that is here
 * already is counted and left, so a list may be sent again after a fault, or a second time to catch up
 * with what was revoked meanwhile. Batches that were committed before a stop stay.
 */
export async function* adoptCertificates(
  rows: AsyncIterable<IssuedRow>,
  list: AdoptingList,
  actor: Actor,
): AsyncGenerator<AdoptionNews> {
  const adopting = new Adopting(list, actor)
  const mostRefused = list.mostRefused ?? mostRefusedRows
  let batch: IssuedRow[] = []
  for await (const row of rows) {
    batch.push(row)
    if (batch.length < batchSize) continue
    yield* adopting.take(batch)
    batch = []
    yield { kind: 'progress', count: adopting.count }
    if (adopting.count.refused >= mostRefused) {
      const told = `${mostRefused} rows were refused; mend the list, or allow more, and send it again`
      const stop = { row: row.row, refused: refuse('input-wrong', told) } as const
      yield { kind: 'stopped', ...stop, count: adopting.count }
      return
    }
  }
  yield* adopting.take(batch)
  yield { kind: 'done', count: adopting.count }
}

class Adopting {
  readonly #list: AdoptingList
  readonly #actor: Actor
  readonly #tally = {
    rows: 0,
    added: 0,
    revoked: 0,
    devices: 0,
    unchanged: 0,
    expired: 0,
    refused: 0,
  }

  constructor(list: AdoptingList, actor: Actor) {
    this.#list = list
    this.#actor = actor
  }

  get count(): AdoptionCount {
    return { ...this.#tally }
  }

  /** Checks the rows side by side, since signatures take the time, and books them in their order. */
  async *take(rows: readonly IssuedRow[]): AsyncGenerator<AdoptionNews> {
    const read = await Promise.all(rows.map((row) => readAdoptee(row, this.#list)))
    this.#tally.rows += rows.length
    let waiting: Adoptee[] = []
    const claimed = new Set<string>()
    for (const [at, adoptee] of read.entries()) {
      if (adoptee.kind === 'refused') yield this.#refuse(rows[at]?.row ?? 0, adoptee)
      else {
        // Two rows about one thing are booked one after the other: the second sees what the first did.
        if (adoptee.claims.some((claim) => claimed.has(claim))) {
          yield* this.#book(waiting)
          waiting = []
          claimed.clear()
        }
        for (const claim of adoptee.claims) claimed.add(claim)
        waiting.push(adoptee)
      }
    }
    yield* this.#book(waiting)
  }

  async *#book(adoptees: readonly Adoptee[]): AsyncGenerator<AdoptionNews> {
    const steps = await Promise.all(
      adoptees.map(async (adoptee) => ({
        row: adoptee.row,
        step: await bookAdoptee(adoptee, this.#list, this.#actor),
      })),
    )
    const good: { readonly row: number; readonly step: Step }[] = []
    for (const { row, step } of steps) {
      if (step.kind === 'refused') yield this.#refuse(row, step)
      else good.push({ row, step })
    }
    const refused = await this.#commit(good.map(({ step }) => step))
    if (refused === undefined) for (const { step } of good) this.#tell(step)
    // Somebody else changed one of them at this moment: one by one, each looks again.
    else if (adoptees.length > 1) for (const one of adoptees) yield* this.#book([one])
    else for (const { row } of good) yield this.#refuse(row, refused)
  }

  async #commit(steps: readonly Step[]): Promise<Refused | undefined> {
    const ended = steps.flatMap((step) => step.ended ?? [])
    const ending = await endingOf(ended, this.#list, this.#actor)
    const puts: readonly Put[] = [...ending.puts, ...steps.flatMap(({ puts }) => puts)]
    if (puts.length === 0) return undefined
    const devices = steps.flatMap(({ device }) => (device === undefined ? [] : [device]))
    const events: AuditEvent[] = [...ending.events, ...steps.flatMap(({ events }) => events)]
    if (devices.length > 0) {
      events.unshift({
        type: 'devices-imported',
        at: this.#list.clock.now(),
        actor: this.#actor,
        subjects: devices,
        facts: { count: devices.length },
      })
    }
    return settle({ puts, events }, this.#list.ledger)
  }

  #tell({ outcome, device }: Step): void {
    this.#tally[outcome]++
    if (device !== undefined) this.#tally.devices++
  }

  #refuse(row: number, refused: Refused): AdoptionNews {
    this.#tally.refused++
    return { kind: 'refused', row, refused }
  }
}
