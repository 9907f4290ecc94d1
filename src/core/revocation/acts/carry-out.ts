// SPDX-License-Identifier: Apache-2.0
import { actorOf, toldOfAct } from '#core/enforcement/book-act.ts'
import { enforcementsLeft } from '#core/enforcement/enqueue.ts'
import { type Ended, endCertificate } from '#core/ledger/end-certificate.ts'
import { handOverHold, holdCertificate, releaseCertificate } from '#core/ledger/hold-certificate.ts'
import type { Change, Put } from '#core/ledger/ledger.ts'
import type { CertificateRecord, RevocationRecord } from '#core/ledger/tables.ts'
import { heldUp } from '../held-up.ts'
import { revocationReasons } from '../revoke.ts'
import { compromised, othersOfKeys } from '../stolen-key.ts'
import type { ActPorts } from './ask.ts'
import { carryOutAuthority, isOfOneAuthority } from './authority-end.ts'
import { type Chosen, readChosen } from './chosen.ts'
import { ActsOfHolds, isMeant, isOfAuthority, type Meaning } from './meant-set.ts'
import { walkChosen } from './walk.ts'

/**
 * Certificates in one commit, each of which may bring its device and its key: some 500 records, for which all
 * else that the house does waits.
 */
const mostInPart = 240

/** How often a part is put together anew if its devices were doing something at the same moment. */
const mostTries = 5

/** CRLReason cessationOfOperation, RFC 5280 section 5.3.1: of what nobody was handed. */
const cessationOfOperation = 5

/**
 * Carries out an act that runs, part by part, until it is in force for all that it means; what a crash left
 * undone is done by the next call, on whichever node.
 *
 * Each part moves the act's own record: of two that carry out the same act one loses, and leaves it to the
 * other. What a device of the set was given while it ran goes with it.
 *
 * @returns the record as it then stands; undefined if there is none
 */
export async function carryOut(
  id: string,
  ports: ActPorts,
  signal?: AbortSignal,
): Promise<RevocationRecord | undefined> {
  let record = await ports.ledger.read('revocation', id)
  while (record?.state === 'running' && signal?.aborted !== true) {
    const before = record.version
    if (isOfOneAuthority(record)) return carryOutAuthority(record, ports)
    const moved = await pass(record, ports, signal)
    if (moved === 'lost') return ports.ledger.read('revocation', id)
    // Only a walk that found nothing says that nothing is left.
    record = moved.version === before ? await finish(moved, ports) : moved
  }
  return record
}

/** Walks once over all that was chosen. @returns the record as its last part left it */
async function pass(
  before: RevocationRecord,
  ports: ActPorts,
  signal: AbortSignal | undefined,
): Promise<RevocationRecord | 'lost'> {
  const meaning = meaningOf(before)
  const acts = new ActsOfHolds(ports.ledger)
  let record = before
  let part: CertificateRecord[] = []
  for await (const page of walkChosen(meaning.chosen, meaning.at, ports.ledger)) {
    for (const one of page) {
      if (isOfAuthority(one) || !isMeant(one, meaning) || !(await acts.allow(one, meaning)))
        continue
      if (!(await isOfSet(one, record, ports))) continue
      part.push(one)
      if (part.length < mostInPart) continue
      if (signal?.aborted === true) return record
      const moved = await commitPart(record, part, ports)
      if (moved === 'lost') return moved
      record = moved
      part = []
    }
  }
  return part.length === 0 ? record : commitPart(record, part, ports)
}

/** What was certified after the act was asked belongs to it only if its owner has lost something by it. */
async function isOfSet(
  { reservedAt, owner }: CertificateRecord,
  { id, requestedAt }: RevocationRecord,
  { ledger }: ActPorts,
): Promise<boolean> {
  if (Temporal.Instant.compare(reservedAt, requestedAt) <= 0) return true
  const { items } = await ledger.list('certificate', {
    ...{ by: 'owner', equal: [owner], where: { revocation: id }, limit: 1 },
  })
  return items.length > 0
}

async function commitPart(
  before: RevocationRecord,
  wanted: readonly CertificateRecord[],
  ports: ActPorts,
): Promise<RevocationRecord | 'lost'> {
  let part = wanted
  for (let tries = 1; part.length > 0; tries++) {
    const record = {
      ...{ ...before, version: before.version + 1, done: before.done + part.length },
    }
    const { moved, change } = await changeOf(record, part, ports)
    const committed = await ports.ledger.commit(change)
    if (committed.kind === 'committed') return moved
    if (committed.record === 'revocation') return 'lost'
    // Some device was doing something: what is left of these is met by the next walk.
    if (tries === mostTries) return nudged(before, ports)
    const anew = await Promise.all(part.map(({ id }) => ports.ledger.read('certificate', id)))
    const meaning = meaningOf(before)
    part = anew.flatMap((one) => (one !== undefined && isMeant(one, meaning) ? [one] : []))
  }
  return before
}

/** Moves the record alone, so that the walk is repeated. */
async function nudged(
  before: RevocationRecord,
  { ledger }: ActPorts,
): Promise<RevocationRecord | 'lost'> {
  const record = { ...before, version: before.version + 1 }
  const committed = await ledger.commit({ puts: [{ kind: 'revocation', record }], events: [] })
  return committed.kind === 'committed' ? record : 'lost'
}

async function changeOf(
  record: RevocationRecord,
  part: readonly CertificateRecord[],
  ports: ActPorts,
): Promise<{ readonly moved: RevocationRecord; readonly change: Change }> {
  const { clock, ledger } = ports
  const owners = await heldUp(part, ledger)
  const isStolen = record.reason === 'keyCompromise'
  // Whoever has the key has all of its certificates: those that were not chosen go with it, as renewals do.
  const all = isStolen ? [...part, ...(await othersOfKeys(part, ledger))] : part
  const changed = all.map((one) => changedBy(record, one, quarantineOf(one, owners), clock.now()))
  const moved = { ...record, done: record.done + all.length - part.length }
  const puts: readonly Put[] = [
    { kind: 'revocation', record: moved },
    ...changed.map(({ put }) => put),
    ...owners,
    ...(isStolen ? await compromised(part, ledger) : []),
    ...(isFirstOfMany(record, part) ? await enforcementsLeft(record, ports) : []),
  ]
  return { moved, change: { puts, events: changed.map(({ event }) => event) } }
}

/** The quarantine that the device of a certificate is in, if so. */
function quarantineOf({ owner }: CertificateRecord, owners: readonly Put[]): string | undefined {
  const put = owners.find(({ record }) => record.id === owner)
  return (put?.kind === 'device' && put.record.quarantine) || undefined
}

/** Sessions of a long act begin to end with its first part; those of a short one with all of it. */
function isFirstOfMany({ done, total }: RevocationRecord, part: readonly unknown[]): boolean {
  return done === part.length && total > mostInPart
}

function changedBy(
  record: RevocationRecord,
  certificate: CertificateRecord,
  quarantine: string | undefined,
  at: Temporal.Instant,
): Ended {
  const { id: revocation, act, reason, because, requestedBy } = record
  const how = { at, actor: actorOf(requestedBy), facts: { reason, because }, revocation }
  if (act === 'release') {
    // What a device in quarantine has is believed again with the device, and not before.
    return quarantine === undefined
      ? releaseCertificate(certificate, how)
      : handOverHold(certificate, { ...how, revocation: quarantine })
  }
  // Whether it was signed is not known yet: who signs it meets a changed record, and its device asks again.
  if (certificate.state === 'reserved')
    return endCertificate(certificate, { ...how, crlReason: cessationOfOperation })
  if (act === 'hold') return holdCertificate(certificate, how)
  return endCertificate(certificate, { ...how, crlReason: crlReasonOf(reason) })
}

function crlReasonOf(reason: string): number {
  const known: Readonly<Record<string, number>> = revocationReasons
  return known[reason] ?? revocationReasons.unspecified
}

/** In force for all: what integrations have to do is booked with it, where it was not with its first part. */
async function finish(before: RevocationRecord, ports: ActPorts): Promise<RevocationRecord> {
  const { ledger, clock } = ports
  const at = clock.now()
  const actor = actorOf(before.requestedBy)
  const record: RevocationRecord = {
    ...{ ...before, version: before.version + 1, state: 'effective', effectiveAt: at },
    unpublishedSince: at,
  }
  const { key } = readChosen(record.chosen)
  const stolen = record.reason === 'keyCompromise' && key !== undefined ? [{ key }] : []
  const released = record.act === 'release' ? await actsOver(record, ports) : []
  const committed = await ledger.commit({
    puts: [
      { kind: 'revocation', record },
      ...(await enforcementsLeft(record, ports)),
      ...(await compromised(stolen, ledger)),
      ...released.map((act): Put => ({ kind: 'revocation', record: act })),
    ],
    events: [
      toldOfAct('revocation-effective', record, actor, at, { done: record.done }),
      ...released.map((act) => toldOfAct('revocation-released', act, actor, at, { by: record.id })),
    ],
  })
  // Somebody else was first, or released at the same moment: the record says what became of it.
  if (committed.kind === 'committed') return record
  return (await ledger.read('revocation', before.id)) ?? before
}

/** Holds of which nothing is held any more. There are few that are not over. */
async function actsOver(
  { requestedBy }: RevocationRecord,
  { ledger, clock }: ActPorts,
): Promise<readonly RevocationRecord[]> {
  const over: RevocationRecord[] = []
  let after: string | null | undefined
  do {
    const page = await ledger.list('revocation', {
      ...{ by: 'state', equal: ['effective'], where: { act: 'hold' }, limit: 1000 },
      ...(after && { after }),
    })
    for (const act of page.items) {
      const held = await ledger.list('certificate', {
        ...{ by: 'revocation', equal: [act.id], where: { state: 'held' }, limit: 1 },
      })
      if (held.items.length > 0) continue
      over.push({
        ...{ ...act, version: act.version + 1, state: 'released' },
        ...{ releasedBy: requestedBy, releasedAt: clock.now() },
      })
    }
    after = page.next
  } while (after !== null)
  return over
}

function meaningOf({ act, chosen, requestedAt }: RevocationRecord): Meaning & { chosen: Chosen } {
  // A quarantine is carried out in one go (core/revocation/quarantine.ts), and never runs.
  return {
    act: act === 'quarantine' ? 'hold' : act,
    ...{ chosen: readChosen(chosen), at: requestedAt },
  }
}

/** All acts that run and that nobody is at: what a crash left. @returns how many there were */
export async function carryOutAll(ports: ActPorts, signal: AbortSignal): Promise<number> {
  const { items } = await ports.ledger.list('revocation', {
    ...{ by: 'state', equal: ['running'], limit: 100 },
  })
  for (const { id } of items) {
    if (signal.aborted) break
    await carryOut(id, ports, signal)
  }
  return items.length
}
