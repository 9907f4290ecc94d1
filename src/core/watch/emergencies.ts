// SPDX-License-Identifier: Apache-2.0
import { endEmergency } from '../approvals/emergency.ts'
import type { Emergency } from '../ledger/tables.ts'
import { type AlarmPorts, clear, raise } from './alarm.ts'

/** Emergencies that are looked at; more at once are no more news. */
const mostLookedAt = 200

/**
 * Tells people of releases that one person approved in an emergency and that nobody has reviewed yet, or that a
 * reviewer did not agree to; and takes back what was reviewed. Doing it twice does no harm.
 */
export async function watchEmergencies(ports: AlarmPorts): Promise<void> {
  const told: Emergency[] = []
  for (const state of ['open', 'disputed'] as const)
    for (const one of await emergenciesIn(state, ports)) {
      if (await isOver(one, ports)) await lapse(one, ports)
      else told.push(one)
    }
  for (const one of told) await tell(one, ports)
  const standing = new Set(told.map(({ id }) => id))
  const { items } = await ports.ledger.list('alarm', {
    ...{ by: 'kind', equal: ['emergency-release', 'open'], limit: 1000 },
  })
  for (const { subject } of items)
    if (!standing.has(subject)) await clear('emergency-release', subject, ports)
}

async function emergenciesIn(
  state: Emergency['state'],
  { ledger }: AlarmPorts,
): Promise<readonly Emergency[]> {
  const { items } = await ledger.list('emergency', {
    ...{ by: 'state', equal: [state], descending: true, limit: mostLookedAt },
  })
  return items
}

/** Nothing of it went out, or will: the release was changed or refused, or was withdrawn before it was signed. */
async function isOver(
  { release: id, manifestSha256, state }: Emergency,
  { ledger }: AlarmPorts,
): Promise<boolean> {
  const release = await ledger.read('release', id)
  if (release?.manifestSha256?.toHex() !== manifestSha256.toHex()) return true
  // Devices may have what was signed: a withdrawal is no review.
  if (release.state === 'withdrawn') return state === 'disputed' || release.signedAt === null
  return state === 'disputed' && release.state === 'submitted'
}

async function lapse(emergency: Emergency, { ledger, clock }: AlarmPorts): Promise<void> {
  if (emergency.state !== 'open') return
  const actor = { kind: 'house', id: 'watch' } as const
  const { put, event } = endEmergency(emergency, 'lapsed', actor, clock.now())
  // A conflict means that another node, or a reviewer, was first: the next look sees what became of it.
  await ledger.commit({ puts: [put], events: [event] })
}

async function tell(emergency: Emergency, ports: AlarmPorts): Promise<void> {
  const { id, release, incident, because, state, reviewBy } = emergency
  const isLate = Temporal.Instant.compare(reviewBy, ports.clock.now()) <= 0
  const words =
    state === 'disputed'
      ? 'and a reviewer does not agree'
      : isLate
        ? `and should have been reviewed by ${shown(reviewBy)}`
        : `to be reviewed by ${shown(reviewBy)}`
  await raise(
    {
      ...{ kind: 'emergency-release', subject: id, severity: 'critical' },
      text: `one person approved ${release} (${incident}: ${because}), ${words}`,
      facts: { release, incident, state, late: isLate },
    },
    ports,
  )
}

function shown(at: Temporal.Instant): string {
  return at.toString({ smallestUnit: 'second' })
}
