// SPDX-License-Identifier: Apache-2.0
import type { RevocationLimit, RevocationRecord } from '../ledger/tables.ts'
import { peopleMissing } from '../people/second-person.ts'
import { approvalsMissing } from '../revocation/acts/decide-act.ts'
import { limitWords, waitingLimit } from '../revocation/acts/limit-change.ts'
import { type AlarmPorts, clear, raise } from './alarm.ts'
import type { AlarmKind } from './kinds.ts'

/** An act that runs so long is either very large or stands still: a thousand certificates take a second. */
const longestRun = Temporal.Duration.from({ minutes: 10 })

/** Lists are made within seconds; after so long somebody has to look why one is not. */
const longestUnpublished = Temporal.Duration.from({ minutes: 15 })

const kinds = [
  ...(['revocation-waiting', 'revocation-slow', 'revocation-unpublished'] as const),
] satisfies readonly AlarmKind[]

/** Acts that lack something; more at once are no more news. */
const mostLookedAt = 200

const walks = [
  { by: 'state', equal: ['waiting'] },
  { by: 'state', equal: ['running'] },
  { by: 'unpublished' },
] as const

/**
 * Tells people of acts, and of a limit on them, that wait for one of them, of acts that run long, or that are in force
 * and not published; and takes back what is over. Doing it twice does no harm.
 */
export async function watchRevocations(ports: AlarmPorts): Promise<void> {
  const found = new Map<string, RevocationRecord>()
  for (const walk of walks) {
    const { items } = await ports.ledger.list('revocation', { ...walk, limit: mostLookedAt })
    for (const one of items) found.set(one.id, one)
  }
  for (const one of found.values()) await tell(one, ports)
  const limit = await waitingLimit(ports.ledger)
  if (limit !== undefined) await tellLimit(limit, ports)
  await clearOver(found, limit, ports)
}

async function tellLimit(limit: RevocationLimit, ports: AlarmPorts): Promise<void> {
  const { id, owners, was, because } = limit
  const missing = peopleMissing(limit)
  const people = missing === 1 ? 'another person' : `${missing} people`
  await raise(
    {
      ...{ kind: 'revocation-waiting', subject: id, severity: 'warning' },
      text: `waits for ${people}: one person is to end ${limitWords(owners)} alone instead of ${limitWords(was)}: ${because}`,
      facts: { owners, was },
    },
    ports,
  )
}

async function tell(record: RevocationRecord, ports: AlarmPorts): Promise<void> {
  const { id, act, owners, total, because } = record
  const about = `${act} of ${total} certificates (${owners} owners): ${because}`
  const kind = kindOf(record, ports.clock.now())
  if (kind === undefined) return
  const missing = approvalsMissing(record)
  const words = {
    'revocation-waiting': `waits for ${missing === 1 ? 'another person' : `${missing} people`}: ${about}`,
    'revocation-slow': `runs for long and is in force for ${record.done}: ${about}`,
    'revocation-unpublished': `is in force and not yet on every list: ${about}`,
  }
  await raise(
    {
      ...{ kind, subject: id, severity: kind === 'revocation-waiting' ? 'warning' : 'critical' },
      ...{ text: words[kind], facts: { act, certificates: total, owners } },
    },
    ports,
  )
}

function kindOf(
  { state, decidedAt, requestedAt, unpublishedSince }: RevocationRecord,
  now: Temporal.Instant,
): (typeof kinds)[number] | undefined {
  if (state === 'waiting') return 'revocation-waiting'
  if (state === 'running')
    return isOver(decidedAt ?? requestedAt, longestRun, now) ? 'revocation-slow' : undefined
  return unpublishedSince !== null && isOver(unpublishedSince, longestUnpublished, now)
    ? 'revocation-unpublished'
    : undefined
}

async function clearOver(
  found: ReadonlyMap<string, RevocationRecord>,
  limit: RevocationLimit | undefined,
  ports: AlarmPorts,
): Promise<void> {
  for (const kind of kinds) {
    const { items } = await ports.ledger.list('alarm', {
      ...{ by: 'kind', equal: [kind, 'open'], limit: 1000 },
    })
    for (const { subject } of items) {
      if (subject === limit?.id) continue
      // Of more than are looked at each still lacks what it lacks.
      const record = found.get(subject) ?? (await ports.ledger.read('revocation', subject))
      const still = record && kindOf(record, ports.clock.now())
      if (still !== kind) await clear(kind, subject, ports)
    }
  }
}

function isOver(since: Temporal.Instant, span: Temporal.Duration, now: Temporal.Instant): boolean {
  return Temporal.Instant.compare(since.add(span), now) <= 0
}
