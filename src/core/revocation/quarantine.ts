// SPDX-License-Identifier: Apache-2.0
/** Trust in a device that is suspended until somebody has looked at it, and given back. */
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import type { DeviceChanged } from '../devices/life.ts'
import type { DevicePorts } from '../devices/ports.ts'
import { effectiveAct, toldOfAct } from '../enforcement/book-act.ts'
import { enforcementsOf } from '../enforcement/enqueue.ts'
import { type Ended, endCertificate } from '../ledger/end-certificate.ts'
import { holdCertificate, releaseCertificate } from '../ledger/hold-certificate.ts'
import type { ListName, Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { CertificateRecord, Device, RevocationRecord } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'

/** CRLReason, RFC 5280 section 5.3.1: of what nobody was handed. */
const cessationOfOperation = 5

/** Records in one commit; all else that the house does waits for it. */
const mostInCommit = 500

/** Of a release, while the house writes to the acts that it ends. */
const mostTries = 5

/**
 * Puts a device in quarantine: it gets nothing more here, and all its certificates are held, until it is
 * released. To ask it again holds what an interrupted quarantine left.
 */
export async function quarantine(
  before: Device,
  because: string,
  actor: Actor,
  ports: DevicePorts,
): Promise<DeviceChanged> {
  const retired = refuseRetired(before)
  if (retired !== undefined) return retired
  const isNew = before.state !== 'quarantined'
  const live = await certificatesOf('owner', before.id, ports)
  const meant = live.filter(({ revokedAt }) => revokedAt === null)
  if (!isNew && meant.length === 0) return { kind: 'changed', device: before }
  const at = ports.clock.now()
  const record = actOf('quarantine', before, meant, because, actor, at, ports)
  const facts = { reason: 'certificateHold', because }
  const held = meant.map((one) =>
    // Whether it was signed is not known yet: who signs it meets a changed record, and the device asks again.
    one.state === 'reserved'
      ? endCertificate(one, {
          ...{ at, actor, facts, crlReason: cessationOfOperation, revocation: record.id },
        })
      : holdCertificate(one, { at, actor, facts, revocation: record.id }),
  )
  const columns = isNew
    ? ({ state: 'quarantined', stateBefore: stateOf(before), quarantine: record.id } as const)
    : {}
  const events = [
    toldOfAct('revocation-effective', record, actor, at),
    ...(isNew ? [told('device-quarantined', before, record, actor)] : []),
  ]
  const puts: readonly Put[] = [
    { kind: 'revocation', record },
    ...(await enforcementsOf(record.id, 'end', ports)),
  ]
  return inParts({ ...before, ...columns }, held, { first: { puts, events } }, ports)
}

/**
 * Ends the quarantine of a device: it is what it was before, and the certificates that the quarantine held are
 * believed again; those that something else holds or ended are not. Nothing changes if it is in none.
 */
export async function release(
  before: Device,
  because: string,
  actor: Actor,
  ports: DevicePorts,
): Promise<DeviceChanged> {
  for (let tries = 1; ; tries++) {
    const done = await releaseOnce(before, because, actor, ports)
    if (done.kind !== 'refused' || done.reason !== 'conflict' || tries === mostTries) return done
    // The house notes on the acts when lists tell of them: nobody who releases has to know. Whoever changed the
    // device does.
    if ((await ports.ledger.read('device', before.id))?.version !== before.version) return done
  }
}

async function releaseOnce(
  before: Device,
  because: string,
  actor: Actor,
  ports: DevicePorts,
): Promise<DeviceChanged> {
  const retired = refuseRetired(before)
  if (retired !== undefined) return retired
  if (before.state !== 'quarantined') return { kind: 'changed', device: before }
  const acts = await quarantinesOf(before, ports)
  const certificates = await Promise.all(
    acts.map(({ id }) => certificatesOf('revocation', id, ports)),
  )
  const held = certificates.flat().filter(({ state }) => state === 'held')
  const at = ports.clock.now()
  const record = actOf('release', before, held, because, actor, at, ports)
  const released = held.map((one) =>
    releaseCertificate(one, { at, actor, facts: { because }, revocation: record.id }),
  )
  const puts: readonly Put[] = [
    { kind: 'revocation', record },
    ...(await enforcementsOf(record.id, 'restore', ports)),
    ...acts.map((act): Put => ({ kind: 'revocation', record: ended(act, actor, at) })),
  ]
  const columns = {
    ...{ state: before.stateBefore ?? stateOf(before), stateBefore: null, quarantine: null },
  } as const
  const events = [
    toldOfAct('revocation-effective', record, actor, at),
    ...acts.map((act) => toldOfAct('revocation-released', act, actor, at, { by: record.id })),
    told('device-released', before, record, actor),
  ]
  // Refused at the door until the last of its certificates is believed again.
  return inParts(before, released, { last: { puts, events, columns } }, ports)
}

interface Change {
  readonly puts: readonly Put[]
  readonly events: readonly AuditEvent[]
  readonly columns?: Partial<Device>
}

/** Commits certificates part by part, each with the device's next version, so that none is issued in between. */
async function inParts(
  before: Device,
  certificates: readonly Ended[],
  { first, last }: { readonly first?: Change; readonly last?: Change },
  { ledger }: DevicePorts,
): Promise<DeviceChanged> {
  let device = before
  const parts = Math.max(1, Math.ceil(certificates.length / mostInCommit))
  for (let part = 0; part < parts; part++) {
    const some = certificates.slice(part * mostInCommit, (part + 1) * mostInCommit)
    const more = [...(part === 0 ? [first] : []), ...(part === parts - 1 ? [last] : [])]
    const columns = more.flatMap((one) => one?.columns ?? [])
    device = Object.assign({}, device, ...columns, { version: device.version + 1 })
    const refused = await settle(
      {
        puts: [
          { kind: 'device', record: device },
          ...more.flatMap((one) => one?.puts ?? []),
          ...some.map(({ put }) => put),
        ],
        events: [...more.flatMap((one) => one?.events ?? []), ...some.map(({ event }) => event)],
      },
      ledger,
    )
    if (refused !== undefined) return refused
  }
  return { kind: 'changed', device }
}

function refuseRetired({ state, serial }: Device): Refused | undefined {
  if (state !== 'retired') return undefined
  return refuse('device-retired', `device ${serial} was taken out of service for ever`)
}

/** The state of a device that is in no quarantine, or of one from before that was kept. */
function stateOf({ state, seenAt }: Device): NonNullable<Device['stateBefore']> {
  if (state === 'expected' || state === 'provisioned' || state === 'active') return state
  return seenAt === null ? 'expected' : 'active'
}

function actOf(
  act: 'quarantine' | 'release',
  { id }: Device,
  certificates: readonly CertificateRecord[],
  because: string,
  actor: Actor,
  at: Temporal.Instant,
  ports: DevicePorts,
): RevocationRecord {
  return effectiveAct(
    {
      ...{ act, chosen: { device: id }, reason: 'certificateHold', because },
      ...{ certificates, by: actor.id, at },
    },
    ports,
  )
}

/** All acts that put this device in quarantine and are not released: a second one held what came meanwhile. */
async function quarantinesOf(
  { id, quarantine: first }: Device,
  ports: DevicePorts,
): Promise<readonly RevocationRecord[]> {
  const ids = new Set(first === null ? [] : [first])
  for (const { state, revocation } of await certificatesOf('owner', id, ports))
    if (state === 'held' && revocation !== null) ids.add(revocation)
  const acts = await Promise.all([...ids].map((one) => ports.ledger.read('revocation', one)))
  return acts.flatMap((act) =>
    act?.act === 'quarantine' && act.chosen.device === id && act.state !== 'released' ? [act] : [],
  )
}

function ended(act: RevocationRecord, actor: Actor, at: Temporal.Instant): RevocationRecord {
  const version = act.version + 1
  return { ...act, version, state: 'released', releasedBy: actor.id, releasedAt: at }
}

async function certificatesOf(
  by: ListName<'certificate'> & ('owner' | 'revocation'),
  id: string,
  { ledger }: DevicePorts,
): Promise<readonly CertificateRecord[]> {
  const found: CertificateRecord[] = []
  let after: string | null | undefined
  do {
    const page = await ledger.list('certificate', {
      ...{ by, equal: [id], descending: true, limit: 1000 },
      ...(after && { after }),
    })
    found.push(...page.items)
    after = page.next
  } while (after !== null)
  return found
}

function told(
  type: 'device-quarantined' | 'device-released',
  { id, product, serial }: Device,
  { id: revocation, because, total, requestedAt }: RevocationRecord,
  actor: Actor,
): AuditEvent {
  return {
    ...{ type, at: requestedAt, actor, subjects: [id, product, revocation] },
    facts: { serial, reason: because, certificates: total },
  }
}
