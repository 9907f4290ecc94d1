// SPDX-License-Identifier: Apache-2.0
import type { Actor, AuditEvent } from '../audit/event.ts'
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

/** Revokes all certificates of a device, retires its keys and ends its codes (DESIGN: what always holds, 10). */
export async function cutOff(
  device: Device,
  reason: keyof typeof crlReasons,
  actor: Actor,
  ports: DevicePorts,
): Promise<CutOff> {
  const at = ports.clock.now()
  const query = { by: 'owner', equal: [device.id], limit: mostOfOneDevice } as const
  const certificates = (await ports.ledger.list('certificate', query)).items.filter(
    // One that is being signed right now is revoked too: its completion then meets a changed record.
    (one) => one.state === 'issued' || one.state === 'retired' || one.state === 'reserved',
  )
  const keys = (await ports.ledger.list('key', query)).items.filter((one) => one.state === 'active')
  return {
    puts: [
      ...certificates.map((one): Put => {
        const record = {
          ...one,
          version: one.version + 1,
          state: 'revoked',
          revokedAt: at,
          revocationReason: crlReasons[reason],
        } as const
        return { kind: 'certificate', record }
      }),
      ...keys.map((one): Put => {
        return { kind: 'key', record: { ...one, version: one.version + 1, state: 'retired' } }
      }),
      ...(await openCodes(device, ports)).map((code) => endedCode(code, at)),
    ],
    events: certificates.map((one) => ({
      type: 'certificate-revoked',
      at,
      actor,
      subjects: [one.id, one.owner, one.authority],
      facts: { serialNumber: one.serialNumber.toHex(), reason },
    })),
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
