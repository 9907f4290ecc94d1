// SPDX-License-Identifier: Apache-2.0

import { eventTypes } from '#core/audit/event.ts'
import { addDevice } from '#core/devices/add.ts'
import { newCode } from '#core/devices/code.ts'
import { importDevices } from '#core/devices/import.ts'
import { allowReEnrolment, type DeviceChanged, rebind, retire } from '#core/devices/life.ts'
import { type Sighting, watchDevice } from '#core/devices/watch.ts'
import type { Device } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { quarantine, release } from '#core/revocation/quarantine.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import type { DeviceView } from '#format/admin/views.ts'
import { refuse } from '#trust/refusal.ts'
import type { Call, Verbs } from '../verbs.ts'
import { setOf } from './anchors.ts'
import { importLines, importRows } from './import.ts'
import { keysOf } from './keys.ts'
import type { LedgerVerbPorts } from './ports.ts'
import { deviceQuery } from './queries.ts'
import { checkVersion, notFound } from './record.ts'
import { showCertificate, showDevice } from './show.ts'

type DeviceVerbs = Pick<
  Verbs,
  | 'code.new'
  | 'device.add'
  | 'device.allow-re-enrol'
  | 'device.import'
  | 'device.list'
  | 'device.quarantine'
  | 'device.rebind'
  | 'device.release'
  | 'device.retire'
  | 'device.show'
  | 'device.watch'
>

/** Certificates and events shown with a device. */
const mostShown = 100

export function deviceVerbs(ports: LedgerVerbPorts): DeviceVerbs {
  const { ledger } = ports
  return {
    'device.add': async ({ product: id, serial, ...said }, { caller }) => {
      const product = await ledger.read('product', id)
      if (product === undefined) return notFound(id)
      const asked = {
        serial,
        hardwareRevision: said.hardwareRevision ?? null,
        lot: said.lot ?? null,
        udiDi: said.udiDi ?? null,
        ekSha256: said.ekSha256 === undefined ? undefined : Uint8Array.fromHex(said.ekSha256),
      }
      const added = await addDevice(asked, product, caller.actor, ports)
      return added.kind === 'refused' ? added : showDevice(added.device)
    },

    'device.import': async ({ product: id }, call) => {
      const product = id === undefined ? undefined : await ledger.read('product', id)
      if (id !== undefined && product === undefined) return notFound(id)
      const counted = { bytes: 0 }
      const rows = importRows(call.body, product, counted, ledger)
      return importLines(importDevices(rows, call.caller.actor, ports), counted)
    },

    'device.list': async (asked) => {
      if (asked.missed && asked.serialPrefix !== undefined) {
        return refuse('input-wrong', 'missed and serialPrefix cannot be asked together')
      }
      const { items, next } = await ledger.list('device', deviceQuery(asked))
      return { items: items.map(showDevice), next }
    },

    'device.show': async ({ device: id }) => {
      const device = await ledger.read('device', id)
      if (device === undefined) return notFound(id)
      const [product, certificates, keys, events] = await Promise.all([
        ledger.read('product', device.product),
        ledger.list('certificate', {
          by: 'owner',
          equal: [id],
          descending: true,
          limit: mostShown,
        }),
        keysOf(id, mostShown, ledger),
        ports.history.about(id, mostShown),
      ])
      return {
        ...showDevice(device),
        productName: product?.name ?? device.product,
        anchorSet: await setOf(device, ledger),
        certificates: certificates.items.map(showCertificate),
        keys,
        events: [...events],
      }
    },

    'device.watch': async ({ device: id }, { signal }) => {
      if ((await ledger.read('device', id)) === undefined) return notFound(id)
      return sightings(watchDevice(id, signal, ports))
    },

    'device.rebind': changing(ports, rebind),
    'device.allow-re-enrol': changing(ports, allowReEnrolment),
    'device.retire': changing(ports, retire),
    'device.quarantine': changing(ports, quarantine),
    'device.release': changing(ports, release),

    'code.new': async ({ device: id, validForHours }, { caller }) => {
      const device = await ledger.read('device', id)
      if (device === undefined) return notFound(id)
      const made = await newCode(device, validForHours, caller.actor, ports)
      if (made.kind === 'refused') return made
      return {
        id: made.code.id,
        device: device.id,
        serial: device.serial,
        code: made.text,
        expiresAt: made.code.expiresAt.toString(),
      }
    },
  }
}

/** The verbs that change a device for a reason are asked alike. */
function changing(
  ports: LedgerVerbPorts,
  change: (
    device: Device,
    reason: string,
    actor: Call['caller']['actor'],
    ports: LedgerVerbPorts,
  ) => Promise<DeviceChanged>,
): (
  input: { readonly device: string; readonly reason: string },
  call: Call,
) => Promise<DeviceView | Refused> {
  return async ({ device: id, reason }, call) => {
    const device = await ports.ledger.read('device', id)
    if (device === undefined) return notFound(id)
    const differs = checkVersion(device, call)
    if (differs !== undefined) return differs
    const changed = await change(device, reason, call.caller.actor, ports)
    return changed.kind === 'refused' ? changed : showDevice(changed.device)
  }
}

async function* sightings(seen: AsyncIterable<Sighting>): AsyncGenerator<OutputOf<'device.watch'>> {
  for await (const { device, event } of seen) {
    const here = device.seenAt !== null
    const words = event === null ? `waiting for ${device.serial}` : eventTypes[event.type]
    yield {
      here,
      device: showDevice(device),
      event: event?.type ?? null,
      words: here ? `${device.serial} is here` : words,
    }
  }
}
