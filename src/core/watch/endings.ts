// SPDX-License-Identifier: Apache-2.0
/** What comes to its end, besides what devices renew by themselves. */
import type { Authority, CertificateRecord } from '../ledger/tables.ts'
import { fullCrl, latestCrl } from '../revocation/publish.ts'
import { type AlarmPorts, clear, raise } from './alarm.ts'
import { allOf, endingBetween } from './pages.ts'
import { manyCodes, reached, type Threshold, thresholds } from './thresholds.ts'

/** Roots and issuers of our own, and foreign ones: few, so each is looked at every time. */
export async function watchAuthorities(now: Temporal.Instant, ports: AlarmPorts): Promise<void> {
  const elsewhere = await authoritiesElsewhere(ports)
  for await (const authority of allOf('authority', ports.ledger)) {
    const end = authority.kind === 'issuing' ? authority.issueUntil : authority.notAfter
    const table = elsewhere.has(authority.id) ? thresholds.upstream : tableOf(authority)
    const near = authority.state === 'active' ? reached(table, end, now) : undefined
    if (near === undefined) await clear('authority-ending', authority.id, ports)
    else await raise({ ...endingOf(authority, end, now, near), kind: 'authority-ending' }, ports)
    await watchStatus(authority, now, ports)
  }
}

/** Those of upstreams that may sign for us. */
async function authoritiesElsewhere({ ledger }: AlarmPorts): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for await (const { state, authorities } of allOf('upstream', ledger))
    if (state === 'active') for (const id of authorities) found.add(id)
  return found
}

function tableOf({ kind, environment }: Authority): readonly Threshold[] {
  return environment === 'trial' && kind !== 'foreign' ? thresholds.trial : thresholds[kind]
}

function endingOf(
  { id, name, kind }: Authority,
  end: Temporal.Instant,
  now: Temporal.Instant,
  { severity, because }: Threshold,
) {
  const does = kind === 'issuing' ? 'issues until' : 'ends'
  return {
    ...{ subject: id, severity },
    text: `authority ${name} ${does} ${dayOf(end)}, ${daysLeft(end, now)}: ${because}`,
    facts: { authority: name, end: end.toString() },
  }
}

/** By so much the clocks of verifiers differ anyhow; OpenSSL and most others allow nothing at all. */
const mostAhead = Temporal.Duration.from({ minutes: 5 })

/** RFC 5280 section 5.1.2.5: a list past half of its life leaves only the other half to mend it. */
async function watchStatus(
  authority: Authority,
  now: Temporal.Instant,
  ports: AlarmPorts,
): Promise<void> {
  if (authority.kind === 'foreign' || authority.state === 'retired') return
  const latest = await latestCrl(authority.id, fullCrl, ports.ledger)
  if (latest === undefined) return watchMissing(authority, ports)
  const { thisUpdate, nextUpdate, number } = latest
  const halfMilliseconds = nextUpdate.since(thisUpdate).total('milliseconds') / 2
  const isStale = now.since(thisUpdate).total('milliseconds') >= halfMilliseconds
  // Made under a clock that was ahead: verifiers take it for what has not begun, and refuse all.
  const isAhead = Temporal.Instant.compare(thisUpdate, now.add(mostAhead)) > 0
  if (!isStale && !isAhead) return clear('status-stale', authority.id, ports)
  const isOver = isAhead || Temporal.Instant.compare(now, nextUpdate) >= 0
  await raise(
    {
      kind: 'status-stale',
      subject: authority.id,
      severity: isOver ? 'critical' : 'warning',
      text: isAhead
        ? `the revocation list of ${authority.name} is of ${thisUpdate}, which is still to come: a clock was ahead when it was made`
        : `the revocation list of ${authority.name} is of ${dayOf(thisUpdate)}, good until ${dayOf(nextUpdate)}, and has no successor`,
      facts: {
        authority: authority.name,
        number,
        thisUpdate: thisUpdate.toString(),
        nextUpdate: nextUpdate.toString(),
      },
    },
    ports,
  )
}

/** What a root of a ceremony certified points here for its list, which its act made and may have ended before it came. */
async function watchMissing({ id, name, kind, origin }: Authority, ports: AlarmPorts) {
  if (kind !== 'root' || origin !== 'ceremony') return
  await raise(
    {
      ...{ kind: 'status-stale', subject: id, severity: 'critical' },
      text: `no revocation list of ${name} is here that is in force, and its certificates point here for it`,
      facts: { authority: name },
    },
    ports,
  )
}

/**
 * Certificates of the server, of people and of machines whose threshold fell between two instants, and
 * those that were told before and are gone.
 */
export async function watchCertificates(
  since: Temporal.Instant | undefined,
  now: Temporal.Instant,
  signal: AbortSignal,
  ports: AlarmPorts,
): Promise<void> {
  const all = [...thresholds.server, ...thresholds.other].map(({ before }) => before)
  // The first look begins at the beginning: its widest band holds all others.
  const widest = all.toSorted((one, other) => Temporal.Duration.compare(other, one)).slice(0, 1)
  for (const before of since === undefined ? widest : all) {
    const band = { from: since?.add(before), below: now.add(before) }
    for await (const certificate of endingBetween(band, ports.ledger)) {
      signal.throwIfAborted()
      await watchCertificate(certificate, now, ports)
    }
  }
  for await (const { subject } of allOf('alarm', ports.ledger, {
    ...{ by: 'kind', equal: ['certificate-ending', 'open'] },
  })) {
    const certificate = await ports.ledger.read('certificate', subject)
    if (certificate?.state !== 'issued' || (await isFollowed(certificate, ports)))
      await clear('certificate-ending', subject, ports)
  }
}

/**
 * Birth identities end with their root, which has an alarm of its own; working ones are `missed`, and with
 * the next of those comes the next attestation certificate.
 */
const watchedElsewhere = new Set(['birth', 'working', 'attestation', 'issuing', 'root'])

/** Tells of one that is within a threshold and has no successor. */
export async function watchCertificate(
  certificate: CertificateRecord,
  now: Temporal.Instant,
  ports: AlarmPorts,
): Promise<void> {
  const { id, kind, subject, notAfter, owner } = certificate
  if (watchedElsewhere.has(kind)) return
  // An application renews its own as the server does, whatever it is for.
  const renewsItself = kind === 'server' || owner.startsWith('app_')
  const table = renewsItself ? thresholds.server : thresholds.other
  const near = reached(table, notAfter, now)
  if (near === undefined || (await isFollowed(certificate, ports))) return
  await raise(
    {
      kind: 'certificate-ending',
      subject: id,
      severity: near.severity,
      text: `the ${kind} certificate of ${subject} ends ${dayOf(notAfter)}, ${daysLeft(notAfter, now)}: ${near.because}`,
      facts: { kind, subject, end: notAfter.toString() },
    },
    ports,
  )
}

/** Whether its owner has a newer one of the same kind. */
async function isFollowed(
  { id, owner, kind }: CertificateRecord,
  { ledger }: AlarmPorts,
): Promise<boolean> {
  const { items } = await ledger.list('certificate', {
    ...{ by: 'owner', equal: [owner], where: { kind, state: 'issued' } },
    ...{ descending: true, limit: 1 },
  })
  const [newest] = items
  return newest !== undefined && newest.id !== id
}

/** Codes that nobody used within a day of their end: a line that stands still, or codes sent to nobody. */
export async function watchCodes(now: Temporal.Instant, ports: AlarmPorts): Promise<void> {
  let [unused, looked] = [0, 0]
  const walk = { by: 'expires', below: now.add({ hours: 24 }), descending: true } as const
  for await (const code of allOf('code', ports.ledger, walk)) {
    if (Temporal.Instant.compare(code.expiresAt, now) < 0 || ++looked > mostCodes) break
    if (code.usedAt === null && code.attestation === null) unused++
  }
  if (unused < manyCodes) return clear('codes-unused', 'codes', ports)
  await raise(
    {
      kind: 'codes-unused',
      subject: 'codes',
      severity: 'notice',
      text: `${unused === mostCodes ? `${mostCodes} or more` : unused} enrolment codes end within a day and were not used`,
      facts: { unused },
    },
    ports,
  )
}

/** Codes that are looked at, used ones too: a line that makes more in a day is told of all the same. */
const mostCodes = 10_000

/** Invitations on their last day. */
export async function watchInvitations(now: Temporal.Instant, ports: AlarmPorts): Promise<void> {
  const [{ before, severity, because }] = thresholds.invitation
  const walk = { by: 'expires', below: now.add(before), descending: true } as const
  const ending = new Set<string>()
  for await (const { id, person, expiresAt, usedAt } of allOf('invitation', ports.ledger, walk)) {
    if (Temporal.Instant.compare(expiresAt, now) <= 0) break
    const invited = person === null ? undefined : await ports.ledger.read('person', person)
    if (usedAt !== null || invited?.state !== 'invited') continue
    ending.add(id)
    await raise(
      {
        ...{ kind: 'invitation-ending', subject: id, severity },
        text: `the invitation of ${invited.name} ends ${expiresAt}: ${because}`,
        facts: { name: invited.name, end: expiresAt.toString() },
      },
      ports,
    )
  }
  for await (const { subject } of allOf('alarm', ports.ledger, {
    ...{ by: 'kind', equal: ['invitation-ending', 'open'] },
  })) {
    if (!ending.has(subject)) await clear('invitation-ending', subject, ports)
  }
}

export function dayOf(at: Temporal.Instant): string {
  return at.toString().slice(0, 10)
}

export function daysLeft(end: Temporal.Instant, now: Temporal.Instant): string {
  const days = Math.floor(end.since(now).total('hours') / 24)
  if (days < 0) return `${-days} days ago`
  return days === 1 ? 'in 1 day' : `in ${days} days`
}
