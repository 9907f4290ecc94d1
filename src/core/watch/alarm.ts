// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Change, Ledger } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Alarm } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { deliveriesOf } from './enqueue.ts'
import { type AlarmKind, reaches, type Severity } from './kinds.ts'

export interface AlarmPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/** What is wrong, said by whoever found it. */
export interface Finding {
  readonly kind: AlarmKind
  /** The id that it is about, or a name where there is no record; one alarm is open for each. */
  readonly subject: string
  readonly severity: Severity
  /** One line for people: lower case, no full stop, no secret. */
  readonly text: string
  readonly facts: Alarm['facts']
}

/** An alarm that stands is written anew at most so often, unless something about it changed. */
const seenAgainAfter = Temporal.Duration.from({ hours: 1 })

/** Two nodes, or a person who acknowledges, may write at the same moment. */
const mostTries = 5

/**
 * Raises an alarm, or says of the open one that it still stands.
 *
 * It is told to every target that wants it, in the same commit: once when it is raised, and once more
 * when it gets worse.
 */
export async function raise(finding: Finding, ports: AlarmPorts): Promise<void> {
  await commitAnew(() => raising(finding, ports), ports)
}

/** Clears the open alarm of this kind about this subject; nothing happens if there is none. */
export async function clear(kind: AlarmKind, subject: string, ports: AlarmPorts): Promise<void> {
  await commitAnew(() => clearing(kind, subject, ports), ports)
}

/** What raises an alarm, to be committed together with its cause; undefined: nothing has to be written. */
export async function raising(finding: Finding, ports: AlarmPorts): Promise<Change | undefined> {
  const now = ports.clock.now()
  const open = await openAlarm(finding.kind, finding.subject, ports.ledger)
  if (open === undefined) {
    const alarm = newAlarm(finding, now, ports)
    return {
      puts: [
        { kind: 'alarm', record: alarm },
        ...(await deliveriesOf('raised', alarm, now, ports)),
      ],
      events: [told('alarm-raised', alarm, now)],
    }
  }
  const isWorse = finding.severity !== open.severity && reaches(finding.severity, open.severity)
  const { severity, text, facts } = finding
  const isSame = text === open.text && severity === open.severity && sameFacts(facts, open.facts)
  const isFresh = now.since(open.lastSeenAt).total('hours') < seenAgainAfter.total('hours')
  if (isSame && isFresh) return undefined
  const alarm: Alarm = {
    ...{ ...open, version: open.version + 1, severity, text, facts, lastSeenAt: now },
    // What got worse has not been seen by anybody.
    ...(isWorse && { acknowledgedBy: null, acknowledgedAt: null }),
  }
  return {
    puts: [
      { kind: 'alarm', record: alarm },
      ...(isWorse ? await deliveriesOf('raised', alarm, now, ports) : []),
    ],
    events: isWorse ? [told('alarm-raised', alarm, now)] : [],
  }
}

async function clearing(
  kind: AlarmKind,
  subject: string,
  ports: AlarmPorts,
): Promise<Change | undefined> {
  const open = await openAlarm(kind, subject, ports.ledger)
  if (open === undefined) return undefined
  const now = ports.clock.now()
  const alarm: Alarm = {
    ...open,
    ...{ version: open.version + 1, state: 'cleared', openKey: null, clearedAt: now },
  }
  return {
    puts: [{ kind: 'alarm', record: alarm }, ...(await deliveriesOf('cleared', alarm, now, ports))],
    events: [told('alarm-cleared', alarm, now)],
  }
}

export type Acknowledged = { readonly kind: 'acknowledged'; readonly alarm: Alarm } | Refused

/** What happened once has no cause that could go: it is over when somebody has seen it. */
const once: readonly string[] = [
  ...([
    ...(['break-glass-used', 'key-held-twice', 'key-of-another-shown', 'key-recovered'] as const),
    'upstream-certificate-astray',
  ] satisfies readonly AlarmKind[]),
]

/** Says that somebody has seen an alarm and takes care; it stays open until its cause is gone. */
export async function acknowledge(
  before: Alarm,
  actor: Actor,
  ports: AlarmPorts,
): Promise<Acknowledged> {
  if (before.state === 'cleared')
    return refuse('conflict', `this alarm was cleared at ${before.clearedAt}`)
  const now = ports.clock.now()
  const alarm: Alarm = {
    ...before,
    ...{ version: before.version + 1, acknowledgedBy: actor.id, acknowledgedAt: now },
    ...(once.includes(before.kind) && { state: 'cleared', openKey: null, clearedAt: now }),
  }
  const event: AuditEvent = { ...told('alarm-acknowledged', alarm, now), actor }
  const refused = await settle(
    { puts: [{ kind: 'alarm', record: alarm }], events: [event] },
    ports.ledger,
  )
  return refused ?? { kind: 'acknowledged', alarm }
}

/** The one open alarm of a kind about a subject. */
export function openAlarm(
  kind: AlarmKind,
  subject: string,
  ledger: Ledger,
): Promise<Alarm | undefined> {
  return ledger.find('alarm', 'open', [openKeyOf(kind, subject)])
}

function openKeyOf(kind: string, subject: string): string {
  return `${kind} ${subject}`
}

function newAlarm(finding: Finding, now: Temporal.Instant, ports: AlarmPorts): Alarm {
  return {
    ...finding,
    ...{ id: newId('alarm', ports), version: 1, state: 'open', raisedAt: now, lastSeenAt: now },
    ...{ clearedAt: null, acknowledgedBy: null, acknowledgedAt: null },
    openKey: openKeyOf(finding.kind, finding.subject),
  }
}

async function commitAnew(
  change: () => Promise<Change | undefined>,
  { ledger }: AlarmPorts,
): Promise<void> {
  for (let tries = 1; tries <= mostTries; tries++) {
    const wanted = await change()
    if (wanted === undefined) return
    if ((await ledger.commit(wanted)).kind === 'committed') return
  }
  // Whoever was always first has said the same; the next look says it again.
}

function told(
  type: 'alarm-raised' | 'alarm-cleared' | 'alarm-acknowledged',
  { id, kind, subject, severity }: Alarm,
  at: Temporal.Instant,
): AuditEvent {
  const actor = { kind: 'house', id: 'watch' } as const
  return { type, at, actor, subjects: [id, subject], facts: { kind, severity } }
}

function sameFacts(left: Alarm['facts'], right: Alarm['facts']): boolean {
  return (
    JSON.stringify(Object.entries(left).sort()) === JSON.stringify(Object.entries(right).sort())
  )
}
