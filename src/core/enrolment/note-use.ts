// SPDX-License-Identifier: Apache-2.0
import type { AuditEvent } from '../audit/event.ts'
import type { Put } from '../ledger/ledger.ts'
import type { Refused } from '../refusal.ts'
import { type Identified, type IdentifyingPorts, identify } from './identify.ts'
import { retireReplaced } from './retire-replaced.ts'

/**
 * Identifies a device on its live connection and books the first such use of its certificate, with which those
 * that it replaces retire.
 *
 * Only the first use costs a write. A lost race means that another connection just booked it, so the
 * records are read anew.
 */
export async function identifyLive(
  chain: readonly Uint8Array[],
  ports: IdentifyingPorts,
): Promise<Identified | Refused> {
  const identified = await identify(chain, ports)
  if (identified.kind === 'refused') return identified
  if (!isFirstUse(identified) && isPlaced(identified)) return identified
  await bookUse(identified, ports)
  return identify(chain, ports)
}

function isFirstUse({ record }: Identified): boolean {
  return record !== undefined && record.usedAt === null && record.state === 'issued'
}

/** A device of before this was recorded says by its next use under whom it hangs. */
function isPlaced({ device, record }: Identified): boolean {
  return record?.kind !== 'working' || record.state !== 'issued' || device.under !== null
}

async function bookUse(identified: Identified, ports: IdentifyingPorts): Promise<void> {
  const { ledger, clock } = ports
  const { device, record } = identified
  if (record === undefined) return
  const isFirst = isFirstUse(identified)
  const at = clock.now()
  const actor = { kind: 'device', id: device.id } as const
  const used = { ...record, version: record.version + 1, usedAt: at }
  const puts: Put[] = isFirst ? [{ kind: 'certificate', record: used }] : []
  const first: AuditEvent = {
    type: 'certificate-first-used',
    at,
    actor,
    subjects: [record.id, device.id],
    facts: { serialNumber: record.serialNumber.toHex() },
  }
  const events = isFirst ? [first] : []
  const isActivated = device.state === 'provisioned' && record.kind === 'working'
  const moves = record.kind === 'working' && device.under !== record.authority
  if (isActivated || moves) {
    const version = device.version + 1
    const columns = isActivated ? ({ state: 'active', seenAt: at } as const) : {}
    puts.push({
      kind: 'device',
      record: {
        ...{ ...device, version, ...columns },
        under: record.kind === 'working' ? record.authority : device.under,
      },
    })
  }
  if (isActivated) {
    events.push({
      type: 'device-activated',
      at,
      actor,
      subjects: [device.id],
      facts: { serial: device.serial },
    })
  }
  if (isFirst && record.kind === 'working') {
    const retired = await retireReplaced(record, actor, ports)
    puts.push(...retired.puts)
    events.push(...retired.events)
  }
  await ledger.commit({ puts, events })
}
