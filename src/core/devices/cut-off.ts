// SPDX-License-Identifier: Apache-2.0
import type { Actor, AuditEvent } from '../audit/event.ts'
import { endCertificate } from '../ledger/end-certificate.ts'
import type { Put } from '../ledger/ledger.ts'
import type { Code, Device } from '../ledger/tables.ts'
import type { DevicePorts } from './ports.ts'

/** CRLReason, RFC 5280 section 5.3.1. */
const crlReasons = { superseded: 4, cessationOfOperation: 5 } as const

/** Certificates, keys and codes of one device that are looked through; a device has a handful. */
const mostOfOneDevice = 1000

/** What a device has, taken from it: to be committed together with the reason for it. */
export interface CutOff {
  readonly puts: readonly Put[]
  readonly events: readonly AuditEvent[]
}

/** Revokes all certificates of a device, retires its keys and ends its codes. */
export async function cutOff(
  device: Device,
  reason: keyof typeof crlReasons,
  actor: Actor,
  ports: DevicePorts,
): Promise<CutOff> {
  const at = ports.clock.now()
  const query = { by: 'owner', equal: [device.id], limit: mostOfOneDevice } as const
  const ended = (await ports.ledger.list('certificate', query)).items
    .filter(({ state }) => state === 'issued' || state === 'retired' || state === 'reserved')
    .map((one) =>
      endCertificate(one, { at, actor, crlReason: crlReasons[reason], facts: { reason } }),
    )
  const keys = (await ports.ledger.list('key', query)).items.filter((one) => one.state === 'active')
  return {
    puts: [
      ...ended.map(({ put }) => put),
      ...keys.map((one): Put => {
        return { kind: 'key', record: { ...one, version: one.version + 1, state: 'retired' } }
      }),
      ...(await openCodes(device, ports)).map((code) => endedCode(code, at)),
    ],
    events: ended.map(({ event }) => event),
  }
}

/** The codes of a device that could still be used. */
export async function openCodes(device: Device, ports: DevicePorts): Promise<readonly Code[]> {
  const { items } = await ports.ledger.list('code', {
    by: 'device',
    equal: [device.id],
    descending: true,
    limit: mostOfOneDevice,
  })
  const now = ports.clock.now()
  return items.filter(
    (code) => code.usedAt === null && Temporal.Instant.compare(code.expiresAt, now) > 0,
  )
}

export function endedCode(code: Code, at: Temporal.Instant): Put {
  return { kind: 'code', record: { ...code, version: code.version + 1, expiresAt: at } }
}
