// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { Importing, type ImportNews, importInBatches, type WrongRow } from '../importing.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Device, Product } from '../ledger/tables.ts'
import { expectedDevice, type NewDevice, serialTaken, whatIsTaken } from './add.ts'
import { announcedByHash, tpmExpected, tpmOfHash } from './announced-tpm.ts'
import type { DevicePorts } from './ports.ts'

/** What one row of a list says of a device. */
export interface DeviceRow {
  readonly kind: 'device'
  /** Where it stands in the file, the head being row 1. */
  readonly row: number
  readonly device: NewDevice
  readonly product: Product
}

/** Devices in one commit: each costs some 400 bytes of change and its id in the event. */
const batchSize = 200

/** Expects the devices of a list. A device that is here with the same particulars is left as it is. */
export function importDevices(
  rows: AsyncIterable<DeviceRow | WrongRow>,
  actor: Actor,
  ports: DevicePorts,
): AsyncGenerator<ImportNews> {
  const remedy = 'mend the file and send it again'
  return importInBatches(rows, new DeviceImport(actor, ports), { batchSize, remedy })
}

class DeviceImport extends Importing<DeviceRow> {
  readonly #actor: Actor
  readonly #ports: DevicePorts

  constructor(actor: Actor, ports: DevicePorts) {
    super()
    this.#actor = actor
    this.#ports = ports
  }

  async *book(rows: readonly DeviceRow[]): AsyncGenerator<ImportNews> {
    const fresh = new Map<string, DeviceRow>()
    for (const row of rows) {
      const name = `${row.product.id} ${row.device.serial}`
      const known =
        fresh.get(name)?.device ??
        (await this.#ports.ledger.find('device', 'serial', [row.product.id, row.device.serial]))
      if (known === undefined) fresh.set(name, row)
      else if (sameParticulars(known, row.device) && (await this.#sameTpm(known, row.device)))
        this.unchanged++
      else yield this.refuse(row.row, serialTaken(row.device.serial, row.product))
    }
    if (fresh.size > 0) yield* this.#commit([...fresh.values()])
  }

  async *#commit(rows: readonly DeviceRow[]): AsyncGenerator<ImportNews> {
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
    if (refused === undefined) this.added += devices.length
    // Somebody else added one of them at this moment: one by one, each is found or added.
    else if (rows.length > 1) for (const row of rows) yield* this.book([row])
    else {
      for (const { row, device, product } of rows) {
        const isTaken = refused.reason === 'exists-already'
        yield this.refuse(row, isTaken ? await whatIsTaken(device, product, this.#ports) : refused)
      }
    }
  }

  #expect({ device: asked, product }: DeviceRow) {
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
