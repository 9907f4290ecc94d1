// SPDX-License-Identifier: Apache-2.0
import type { Actor, AuditEvent } from '../audit/event.ts'
import { effectiveAct, toldOfAct } from '../enforcement/book-act.ts'
import { enforcementsOf } from '../enforcement/enqueue.ts'
import { endCertificate } from '../ledger/end-certificate.ts'
import type { ListQuery, Put } from '../ledger/ledger.ts'
import type {
  CertificateRecord,
  Code,
  Device,
  Endorsement,
  Key,
  Kind,
  LedgerRecord,
  RevocationRecord,
} from '../ledger/tables.ts'
import type { DevicePorts } from './ports.ts'

/** CRLReason, RFC 5280 section 5.3.1. */
const crlReasons = { superseded: 4, cessationOfOperation: 5 } as const

/** A device has a handful of certificates, keys and codes; one that went wild has any number. */
const pageSize = 1000
/** Records in one commit; all else that the house does waits for it. */
const mostInCommit = 500

/** All that a device has, taken from it. */
export interface CuttingOff {
  /** The act of it. */
  readonly record: RevocationRecord
  /** At least one, newest certificates first; nearly always there is one. */
  readonly parts: readonly CutOff[]
}

/** Some of what a device has, taken from it in one commit. */
export interface CutOff {
  readonly puts: readonly Put[]
  readonly events: readonly AuditEvent[]
}

/**
 * Revokes all certificates of a device, retires its keys, ends its codes, and expects its TPM no more.
 *
 * The act of it is booked with the first part where there is a certificate to revoke, and what integrations have
 * to do with the last.
 */
export async function cutOff(
  device: Device,
  reason: keyof typeof crlReasons,
  because: string,
  actor: Actor,
  ports: DevicePorts,
): Promise<CuttingOff> {
  const at = ports.clock.now()
  const byOwner = { by: 'owner', equal: [device.id] } as const
  const certificates = await allOf('certificate', byOwner, isLive, ports)
  const record = effectiveAct(
    {
      ...{ act: 'end', chosen: { device: device.id }, reason, because, certificates },
      ...{ by: actor.id, at },
    },
    ports,
  )
  const end = {
    ...{ at, actor, crlReason: crlReasons[reason], facts: { reason }, revocation: record.id },
  }
  const keys = await allOf(
    'key',
    byOwner,
    ({ state }) => state === 'active' || state === 'weak',
    ports,
  )
  const codes = await openCodes(device, ports)
  const tpms = await allOf(
    'endorsement',
    { by: 'device', equal: [device.id] },
    ({ state }) => state === 'expected',
    ports,
  )
  const steps: readonly Step[] = [
    ...certificates.map((one) => endCertificate(one, end)),
    ...codes.map((code) => ({ put: endedCode(code, at) })),
    ...keys.map((one) => ({ put: retiredKey(one) })),
    ...tpms.map((one) => ({ put: replacedTpm(one, at) })),
  ]
  const parts: CutOff[] = []
  do {
    const some = steps.slice(parts.length * mostInCommit, (parts.length + 1) * mostInCommit)
    parts.push({
      puts: some.map(({ put }) => put),
      events: some.flatMap(({ event }) => event ?? []),
    })
  } while (parts.length * mostInCommit < steps.length)
  if (certificates.length === 0 && device.state === 'retired') return { record, parts }
  return { record, parts: await withAct(record, parts, actor, ports) }
}

/** The first part says what is done, the last what others have to do. */
async function withAct(
  record: RevocationRecord,
  parts: readonly CutOff[],
  actor: Actor,
  ports: DevicePorts,
): Promise<readonly CutOff[]> {
  const told = toldOfAct('revocation-effective', record, actor, record.requestedAt)
  const orders = await enforcementsOf(record.id, 'end', ports)
  return parts.map(({ puts, events }, part) => ({
    puts: [
      ...(part === 0 ? [{ kind: 'revocation', record } as const] : []),
      ...puts,
      ...(part === parts.length - 1 ? orders : []),
    ],
    events: part === 0 ? [told, ...events] : events,
  }))
}

interface Step {
  readonly put: Put
  readonly event?: AuditEvent
}

function isLive({ state }: CertificateRecord): boolean {
  return state !== 'revoked' && state !== 'abandoned'
}

/** The TPM goes with its board: it is never accepted again, of this device or another. */
export function replacedTpm(tpm: Endorsement, at: Temporal.Instant): Put {
  const columns = { state: 'replaced', replacedAt: at } as const
  return { kind: 'endorsement', record: { ...tpm, ...columns, version: tpm.version + 1 } }
}

function retiredKey(key: Key): Put {
  return { kind: 'key', record: { ...key, version: key.version + 1, state: 'retired' } }
}

/** The codes of a device that could still be used. */
export async function openCodes(device: Device, ports: DevicePorts): Promise<readonly Code[]> {
  const now = ports.clock.now()
  const isOpen = ({ usedAt, expiresAt }: Code) =>
    usedAt === null && Temporal.Instant.compare(expiresAt, now) > 0
  return allOf('code', { by: 'device', equal: [device.id] }, isOpen, ports)
}

/** All of a list that are wanted, newest first, however many pages it has. */
async function allOf<K extends Kind>(
  kind: K,
  query: Pick<ListQuery<K>, 'by' | 'equal'>,
  isWanted: (record: LedgerRecord<K>) => boolean,
  { ledger }: DevicePorts,
): Promise<readonly LedgerRecord<K>[]> {
  const wanted: LedgerRecord<K>[] = []
  let after: string | null | undefined
  do {
    const page = await ledger.list(kind, {
      ...{ ...query, descending: true, limit: pageSize },
      ...(after && { after }),
    })
    wanted.push(...page.items.filter(isWanted))
    after = page.next
  } while (after !== null)
  return wanted
}

export function endedCode(code: Code, at: Temporal.Instant): Put {
  return { kind: 'code', record: { ...code, version: code.version + 1, expiresAt: at } }
}
