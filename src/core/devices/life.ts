// SPDX-License-Identifier: Apache-2.0
/** What may happen to a device between its first day and its last. */
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { Device, Exception } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { type CutOff, cutOff } from './cut-off.ts'
import type { DevicePorts } from './ports.ts'

export type DeviceChanged = { readonly kind: 'changed'; readonly device: Device } | Refused

/** Gives a device a new board: what the old board had is revoked, and the device may enrol once. */
export async function rebind(
  before: Device,
  reason: string,
  actor: Actor,
  ports: DevicePorts,
): Promise<DeviceChanged> {
  const barred = refuseIfBarred(before)
  if (barred !== undefined) return barred
  const { parts } = await cutOff(before, 'superseded', reason, actor, ports)
  // It may enrol once the last certificate of the old board is gone, not before.
  const change = (part: number): Change =>
    part === parts.length - 1
      ? {
          columns: {
            ...{ state: 'expected', enrolmentsLeft: 1, seenAt: null, missedSince: null },
            ...{ under: null, anchors: null },
          },
          events: [told('device-rebound', before, reason, actor, ports)],
        }
      : { columns: {}, events: [] }
  return takeAway(before, parts, change, ports)
}

/**
 * Lets a device enrol once more with what proofs its profile admits; what it has stays good.
 *
 * The relaxation is kept as an exception. Nothing changes if the device may enrol anyway.
 */
export async function allowReEnrolment(
  before: Device,
  reason: string,
  actor: Actor,
  ports: DevicePorts,
): Promise<DeviceChanged> {
  const barred = refuseIfBarred(before)
  if (barred !== undefined) return barred
  if (before.enrolmentsLeft > 0) return { kind: 'changed', device: before }
  const device: Device = { ...before, version: before.version + 1, enrolmentsLeft: 1 }
  const exception: Exception = {
    id: newId('exception', ports),
    version: 1,
    rule: 'device-already-enrolled',
    subject: device.id,
    grantedBy: actor.id,
    reason,
    until: null,
    createdAt: ports.clock.now(),
  }
  const refused = await settle(
    {
      puts: [
        { kind: 'device', record: device },
        { kind: 'exception', record: exception },
      ],
      events: [told('device-re-enrolment-allowed', device, reason, actor, ports, exception.id)],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'changed', device }
}

/**
 * Takes a device out of service for ever. To retire it again ends what an interrupted retirement left,
 * which is nearly always nothing.
 */
export async function retire(
  before: Device,
  reason: string,
  actor: Actor,
  ports: DevicePorts,
): Promise<DeviceChanged> {
  const { parts } = await cutOff(before, 'cessationOfOperation', reason, actor, ports)
  const isNew = before.state !== 'retired'
  if (!isNew && parts.every(({ puts }) => puts.length === 0)) {
    return { kind: 'changed', device: before }
  }
  const change = (part: number): Change => ({
    columns: {
      ...{ state: 'retired', enrolmentsLeft: 0, missedSince: null },
      ...{ under: null, anchors: null, quarantine: null, stateBefore: null },
    },
    events: isNew && part === 0 ? [told('device-retired', before, reason, actor, ports)] : [],
  })
  return takeAway(before, parts, change, ports)
}

/** What one part of a cut-off brings with it. */
interface Change {
  readonly columns: Partial<Device>
  readonly events: readonly AuditEvent[]
}

/**
 * Commits a cut-off part by part, each with the device's next version: a certificate that is issued in
 * between stops the rest, and whoever asked looks again and repeats it.
 */
async function takeAway(
  before: Device,
  parts: readonly CutOff[],
  change: (part: number) => Change,
  { ledger }: DevicePorts,
): Promise<DeviceChanged> {
  let device = before
  for (const [part, taken] of parts.entries()) {
    const { columns, events } = change(part)
    device = { ...device, ...columns, version: device.version + 1 }
    const refused = await settle(
      {
        puts: [{ kind: 'device', record: device }, ...taken.puts],
        events: [...events, ...taken.events],
      },
      ledger,
    )
    if (refused !== undefined) return refused
  }
  return { kind: 'changed', device }
}

/** Why nothing more may be done for a device, if so. */
export function refuseIfBarred(device: Device): Refused | undefined {
  if (device.state === 'retired') {
    return refuse('device-retired', `device ${device.serial} was taken out of service for ever`)
  }
  if (device.state === 'quarantined') {
    return refuse(
      'device-quarantined',
      `device ${device.serial} is in quarantine; release it first ("device release"), or retire it`,
    )
  }
  return undefined
}

function told(
  type: AuditEvent['type'],
  device: Device,
  reason: string,
  actor: Actor,
  ports: DevicePorts,
  ...others: readonly string[]
): AuditEvent {
  return {
    type,
    at: ports.clock.now(),
    actor,
    subjects: [device.id, device.product, ...others],
    facts: { serial: device.serial, reason },
  }
}
