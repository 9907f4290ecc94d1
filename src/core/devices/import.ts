// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Device, Product } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { expectedDevice, type NewDevice, serialTaken, whatIsTaken } from './add.ts'
import { announcedByHash, tpmExpected, tpmOfHash } from './announced-tpm.ts'
import type { DevicePorts } from './ports.ts'

/** One row of a list of devices: what it says, or what is wrong with it. */
export type ImportRow =
  | {
      readonly kind: 'device'
      /** Where it stands in the file, the head being row 1. */
      readonly row: number
      readonly device: NewDevice
      readonly product: Product
    }
  | { readonly kind: 'wrong'; readonly row: number; readonly refused: Refused }
  /** Neither this row nor any after it can be read. */
  | { readonly kind: 'unreadable'; readonly row: number; readonly refused: Refused }

/** How far an import has come. */
export interface ImportCount {
  readonly rows: number
  readonly added: number
  readonly unchanged: number
  readonly refused: number
}

export type ImportNews =
  | { readonly kind: 'refused'; readonly row: number; readonly refused: Refused }
  /** Everything up to here is durable. */
  | { readonly kind: 'progress'; readonly count: ImportCount }
  | { readonly kind: 'done'; readonly count: ImportCount }
  | {
      readonly kind: 'stopped'
      readonly row: number
      readonly refused: Refused
      readonly count: ImportCount
    }

/** Devices in one commit: each costs some 400 bytes of change and its id in the event. */
const batchSize = 200
/** A file with so many faults is the wrong file; it is better to hear it after 1000 lines. */
export const mostRefusedRows = 1000

type Sound = ImportRow & { readonly kind: 'device' }

/**
 * Expects the devices of a list, in memory that does not grow with it.
 *
 * A device that is here with the same particulars is left as it is, so that a list may be sent again
 * after a fault or a broken connection. Batches that were committed before a stop stay.
 */
export async function* importDevices(
  rows: AsyncIterable<ImportRow>,
  actor: Actor,
  ports: DevicePorts,
): AsyncGenerator<ImportNews> {
  const importing = new Importing(actor, ports)
  let batch: Sound[] = []
  for await (const row of rows) {
    if (row.kind === 'unreadable') {
      yield* importing.book(batch)
      yield { kind: 'stopped', row: row.row, refused: row.refused, count: importing.count }
      return
    }
    if (row.kind === 'wrong') yield importing.refuse(row.row, row.refused)
    else batch.push(row)
    if (batch.length === batchSize) {
      yield* importing.book(batch)
      batch = []
      yield { kind: 'progress', count: importing.count }
    }
    if (importing.count.refused >= mostRefusedRows) {
      yield* importing.book(batch)
      yield { kind: 'stopped', row: row.row, refused: tooManyRefused, count: importing.count }
      return
    }
  }
  yield* importing.book(batch)
  yield { kind: 'done', count: importing.count }
}

const tooManyRefused = refuse(
  'input-wrong',
  `${mostRefusedRows} rows were refused; mend the file and send it again`,
)

/** One import under way: what it has counted, and how it books. */
class Importing {
  readonly #actor: Actor
  readonly #ports: DevicePorts
  #added = 0
  #unchanged = 0
  #refused = 0

  constructor(actor: Actor, ports: DevicePorts) {
    this.#actor = actor
    this.#ports = ports
  }

  get count(): ImportCount {
    const [added, unchanged, refused] = [this.#added, this.#unchanged, this.#refused]
    return { rows: added + unchanged + refused, added, unchanged, refused }
  }

  refuse(row: number, refused: Refused): ImportNews {
    this.#refused++
    return { kind: 'refused', row, refused }
  }

  /** Commits what is new among the rows. */
  async *book(rows: readonly Sound[]): AsyncGenerator<ImportNews> {
    const fresh = new Map<string, Sound>()
    for (const row of rows) {
      const name = `${row.product.id} ${row.device.serial}`
      const known =
        fresh.get(name)?.device ??
        (await this.#ports.ledger.find('device', 'serial', [row.product.id, row.device.serial]))
      if (known === undefined) fresh.set(name, row)
      else if (sameParticulars(known, row.device) && (await this.#sameTpm(known, row.device)))
        this.#unchanged++
      else yield this.refuse(row.row, serialTaken(row.device.serial, row.product))
    }
    if (fresh.size > 0) yield* this.#commit([...fresh.values()])
  }

  async *#commit(rows: readonly Sound[]): AsyncGenerator<ImportNews> {
    const made = rows.map((row) => this.#expect(row))
    const devices = made.map(({ device }) => device)
    const refused = await settle(
      {
        puts: made.flatMap(({ puts }) => puts),
        events: [
          devicesImported(devices, this.#actor, this.#ports.clock.now()),
          ...made.flatMap(({ events }) => events),
        ],
      },
      this.#ports.ledger,
    )
    if (refused === undefined) this.#added += devices.length
    // Somebody else added one of them at this moment: one by one, each is found or added.
    else if (rows.length > 1) for (const row of rows) yield* this.book([row])
    else {
      for (const { row, device, product } of rows) {
        const isTaken = refused.reason === 'exists-already'
        yield this.refuse(row, isTaken ? await whatIsTaken(device, product, this.#ports) : refused)
      }
    }
  }

  #expect({ device: asked, product }: Sound) {
    const device = expectedDevice(asked, product.id, this.#ports)
    const puts: Put[] = [{ kind: 'device', record: device }]
    if (asked.ekSha256 === undefined) return { device, puts, events: [] }
    const tpm = announcedByHash(device, asked.ekSha256, this.#actor, this.#ports)
    puts.push({ kind: 'endorsement', record: tpm })
    return { device, puts, events: [tpmExpected(tpm, device, this.#actor)] }
  }

  /** A device whose row names no TPM is the same whatever it has. */
  async #sameTpm(known: NewDevice & { readonly id?: string }, { ekSha256 }: NewDevice) {
    if (ekSha256 === undefined) return true
    if (known.id === undefined) return sameHash(known.ekSha256, ekSha256)
    return (await tpmOfHash(ekSha256, this.#ports.ledger))?.device === known.id
  }
}

function sameHash(left: Uint8Array | undefined, right: Uint8Array): boolean {
  return left !== undefined && sameBytes(left, right)
}

function sameParticulars(left: NewDevice, right: NewDevice): boolean {
  return (
    left.hardwareRevision === right.hardwareRevision &&
    left.lot === right.lot &&
    left.udiDi === right.udiDi
  )
}

/** One event a batch; it names every device, so that log and ledger can be matched one to one. */
function devicesImported(
  devices: readonly Device[],
  actor: Actor,
  at: Temporal.Instant,
): AuditEvent {
  return {
    type: 'devices-imported',
    at,
    actor,
    subjects: devices.map((device) => device.id),
    facts: { count: devices.length },
  }
}
