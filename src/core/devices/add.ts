// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { Device, Product } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { announcedByHash, tpmExpected } from './announced-tpm.ts'
import type { DevicePorts } from './ports.ts'

/** What is said of a device before it has ever been seen. */
export type NewDevice = Pick<Device, 'serial' | 'hardwareRevision' | 'lot' | 'udiDi'> & {
  /** Of the TPM that the factory put in: SHA-256 of its endorsement key, or of the certificate of that. */
  readonly ekSha256?: Uint8Array | undefined
}

export type DeviceAdded = { readonly kind: 'added'; readonly device: Device } | Refused

/** Expects one device. */
export async function addDevice(
  asked: NewDevice,
  product: Product,
  actor: Actor,
  ports: DevicePorts,
): Promise<DeviceAdded> {
  const device = expectedDevice(asked, product.id, ports)
  const tpm = asked.ekSha256 && announcedByHash(device, asked.ekSha256, actor, ports)
  const refused = await settle(
    {
      puts: [
        { kind: 'device', record: device },
        ...(tpm === undefined ? [] : [{ kind: 'endorsement', record: tpm } as const]),
      ],
      events: [
        {
          type: 'device-added',
          at: device.createdAt,
          actor,
          subjects: [device.id, product.id],
          facts: { serial: device.serial, lot: device.lot },
        },
        ...(tpm === undefined ? [] : [tpmExpected(tpm, device, actor)]),
      ],
    },
    ports.ledger,
  )
  if (refused?.reason === 'exists-already') return whatIsTaken(asked, product, ports)
  return refused ?? { kind: 'added', device }
}

/** Of serial and TPM, which one another device has. */
export async function whatIsTaken(
  { serial, ekSha256 }: NewDevice,
  product: Product,
  { ledger }: DevicePorts,
): Promise<Refused> {
  const device = await ledger.find('device', 'serial', [product.id, serial])
  return device === undefined && ekSha256 !== undefined
    ? refuse('tpm-of-another-device', `the TPM of ${serial} is registered for another device`)
    : serialTaken(serial, product)
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
    quarantine: null,
    stateBefore: null,
  }
}

export function serialTaken(serial: string, product: Product): Refused {
  return refuse('exists-already', `${product.name} has a device with serial ${serial} already`)
}
