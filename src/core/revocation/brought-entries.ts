// SPDX-License-Identifier: Apache-2.0
/** What a whole revocation list changes here that somebody else signed. */
import type { RevokedCertificate } from '#format/x509/crl.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { effectiveAct, toldOfAct } from '../enforcement/book-act.ts'
import { enforcementsOf } from '../enforcement/enqueue.ts'
import { type Ended, endCertificate } from '../ledger/end-certificate.ts'
import {
  certificateHold,
  handOverHold,
  holdCertificate,
  releaseCertificate,
} from '../ledger/hold-certificate.ts'
import type { Put } from '../ledger/ledger.ts'
import type { Authority, CertificateRecord, RevocationRecord } from '../ledger/tables.ts'
import type { BringingPorts } from './bring-crl.ts'
import { heldByLists } from './held-by-lists.ts'
import { heldUp, stopped } from './held-up.ts'
import { revocationReasons } from './revoke.ts'
import { compromised, othersOfKeys } from './stolen-key.ts'

/** A list that is believed. */
export interface BroughtList {
  /** The id of its record. */
  readonly id: string
  readonly number: number
  readonly authority: Authority
  readonly entries: Iterable<RevokedCertificate>
}

export interface BroughtChanges {
  /** Certificates that were in force here until now. */
  readonly revoked: number
  readonly puts: readonly Put[]
  readonly events: readonly AuditEvent[]
}

interface Listed {
  readonly certificate: CertificateRecord
  /** CRLReason, RFC 5280 section 5.3.1. */
  readonly reason: number
  readonly because: string
}

/**
 * What is listed ends, for good, though something of ours holds it; what is listed as on hold is held, and what an
 * earlier list held and this one does not name is released.
 *
 * @see RFC 5280 section 5.3.1: certificateHold alone is ever taken back
 */
export async function changesOf(
  list: BroughtList,
  actor: Actor,
  ports: BringingPorts,
): Promise<BroughtChanges> {
  const ends: Listed[] = []
  const holds: Listed[] = []
  for (const { serialNumber, revokedAt, reason = 0 } of list.entries) {
    const sought = [list.authority.id, serialNumber]
    const certificate = await ports.ledger.find('certificate', 'serialNumber', sought)
    if (certificate === undefined) continue
    const because = `list ${list.number} of ${list.authority.name} revoked it ${revokedAt}`
    const listed = { certificate, reason, because }
    if (reason === certificateHold && canHold(certificate)) holds.push(listed)
    else if (!isOver(certificate)) ends.push(listed)
  }
  const held = await heldByLists(list.authority, ports.ledger)
  const named = new Set([...ends, ...holds].map(({ certificate }) => certificate.id))
  const stolen = ends.filter(({ reason }) => reason === revocationReasons.keyCompromise)
  const robbed = stolen.map(({ certificate }) => certificate)
  for (const certificate of await othersOfKeys(robbed, ports.ledger)) {
    if (named.has(certificate.id)) continue
    const because = `list ${list.number} of ${list.authority.name} says that its key was stolen`
    ends.push({ certificate, reason: revocationReasons.keyCompromise, because })
    named.add(certificate.id)
  }
  const fresh = holds.filter(({ certificate }) => certificate.revokedAt === null)
  const gone = held.certificates.filter(({ id }) => !named.has(id))
  const ending = ends.map(({ certificate }) => certificate)
  const changed = [...ending, ...fresh.map(({ certificate }) => certificate), ...gone]
  const owners = await heldUp(changed, ports.ledger)
  const over = held.acts.filter(({ id }) =>
    held.certificates.every(
      (one) => one.revocation !== id || changed.some((other) => other.id === one.id),
    ),
  )
  const parts = [
    await endings(ends, list, actor, ports),
    await holdings(fresh, list, actor, ports),
    await releases(gone, over, owners, list, actor, ports),
  ]
  return {
    revoked: changed.filter(({ revokedAt }) => revokedAt === null).length,
    puts: [
      ...parts.flatMap(({ puts }) => puts),
      ...owners,
      ...(await stopped(ending, ports.ledger)),
      ...(await compromised(robbed, ports.ledger)),
    ],
    events: parts.flatMap(({ events }) => events),
  }
}

type Part = Pick<BroughtChanges, 'puts' | 'events'>

const nothing: Part = { puts: [], events: [] }

async function endings(
  ends: readonly Listed[],
  list: BroughtList,
  actor: Actor,
  ports: BringingPorts,
): Promise<Part> {
  if (ends.length === 0) return nothing
  const at = ports.clock.now()
  const certificates = ends.map(({ certificate }) => certificate)
  const act = actOf('end', 'unspecified', certificates, list, actor, at, ports)
  const ended = ends.map(({ certificate, reason, because }) =>
    endCertificate(certificate, {
      ...{ at, actor, crlReason: reason, revocation: act.id, facts: { because } },
    }),
  )
  return booked(act, 'end', ended, actor, at, ports)
}

async function holdings(
  holds: readonly Listed[],
  list: BroughtList,
  actor: Actor,
  ports: BringingPorts,
): Promise<Part> {
  if (holds.length === 0) return nothing
  const at = ports.clock.now()
  const certificates = holds.map(({ certificate }) => certificate)
  const act = actOf('hold', 'certificateHold', certificates, list, actor, at, ports)
  const held = holds.map(({ certificate, because }) =>
    holdCertificate(certificate, { at, actor, facts: { because }, revocation: act.id }),
  )
  return booked(act, 'end', held, actor, at, ports)
}

/** A device that is in quarantine keeps what this list gives back on hold until it is released itself. */
async function releases(
  gone: readonly CertificateRecord[],
  over: readonly RevocationRecord[],
  owners: readonly Put[],
  list: BroughtList,
  actor: Actor,
  ports: BringingPorts,
): Promise<Part> {
  const at = ports.clock.now()
  const ended = over.map((one) => ({
    ...{ ...one, version: one.version + 1, state: 'released' as const },
    ...{ releasedBy: actor.id, releasedAt: at },
  }))
  const puts = ended.map((record): Put => ({ kind: 'revocation', record }))
  if (gone.length === 0) return { puts, events: [] }
  const act = actOf('release', 'certificateHold', gone, list, actor, at, ports)
  const facts = { because: act.because }
  const released = gone.map((one) => {
    const owner = owners.find(({ record }) => record.id === one.owner)
    const quarantine = owner?.kind === 'device' ? owner.record.quarantine : null
    return quarantine === null
      ? releaseCertificate(one, { at, actor, facts, revocation: act.id })
      : handOverHold(one, { at, actor, facts, revocation: quarantine })
  })
  const part = await booked(act, 'restore', released, actor, at, ports)
  const told = ended.map((one) => toldOfAct('revocation-released', one, actor, at, { by: act.id }))
  return { puts: [...part.puts, ...puts], events: [...part.events, ...told] }
}

async function booked(
  act: RevocationRecord,
  orders: 'end' | 'restore',
  changed: readonly Ended[],
  actor: Actor,
  at: Temporal.Instant,
  ports: BringingPorts,
): Promise<Part> {
  return {
    puts: [
      { kind: 'revocation', record: act },
      ...(await enforcementsOf(act.id, orders, ports)),
      ...changed.map(({ put }) => put),
    ],
    events: [
      toldOfAct('revocation-effective', act, actor, at),
      ...changed.map(({ event }) => event),
    ],
  }
}

function actOf(
  act: 'end' | 'hold' | 'release',
  reason: string,
  certificates: readonly CertificateRecord[],
  { id, number, authority }: BroughtList,
  actor: Actor,
  at: Temporal.Instant,
  ports: BringingPorts,
): RevocationRecord {
  const because = `list ${number} of ${authority.name} says so`
  const chosen = { list: id }
  return effectiveAct({ act, chosen, reason, because, certificates, by: actor.id, at }, ports)
}

/** An authority that others held is not trusted again by itself: it is ended. */
function canHold({ state, owner }: CertificateRecord): boolean {
  return state !== 'reserved' && !owner.startsWith('aut_')
}

function isOver({ state }: CertificateRecord): boolean {
  return state === 'revoked' || state === 'abandoned'
}
