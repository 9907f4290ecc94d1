// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { Device, Product } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { DevicePorts } from './ports.ts'

/** What is said of a device before it has ever been seen. */
export type NewDevice = Pick<Device, 'serial' | 'hardwareRevision' | 'lot' | 'udiDi'>

export type DeviceAdded = { readonly kind: 'added'; readonly device: Device } | Refused

/** Expects one device. */
export async function addDevice(
  asked: NewDevice,
  product: Product,
  actor: Actor,
  ports: DevicePorts,
): Promise<DeviceAdded> {
  const device = expectedDevice(asked, product.id, ports)
  const refused = await settle(
    {
      puts: [{ kind: 'device', record: device }],
      events: [
        {
          type: 'device-added',
          at: device.createdAt,
          actor,
          subjects: [device.id, product.id],
          facts: { serial: device.serial, lot: device.lot },
        },
      ],
    },
    ports.ledger,
  )
  if (refused?.reason === 'exists-already') return serialTaken(asked.serial, product)
  return refused ?? { kind: 'added', device }
}

/** A device that has not been seen yet and may enrol once. */
export function expectedDevice(asked: NewDevice, product: string, ports: DevicePorts): Device {
  return {
    id: newId('device', ports),
    version: 1,
    product,
    serial: asked.serial,
    hardwareRevision: asked.hardwareRevision,
    lot: asked.lot,
    udiDi: asked.udiDi,
    state: 'expected',
    enrolmentsLeft: 1,
    createdAt: ports.clock.now(),
    seenAt: null,
    missedSince: null,
    under: null,
    anchors: null,
  }
}

export function serialTaken(serial: string, product: Product): Refused {
  return refuse('exists-already', `${product.name} has a device with serial ${serial} already`)
}
