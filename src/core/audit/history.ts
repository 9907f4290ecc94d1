// SPDX-License-Identifier: Apache-2.0

import { parseEvent } from './encode-event.ts'
import type { AuditEvent } from './event.ts'
import type { LogStore } from './log-store.ts'

/** An event with its place in the log. */
export interface PlacedEvent {
  readonly position: number
  readonly event: AuditEvent
}

export interface HistoryQuery {
  readonly subject?: string | undefined
  readonly type?: string | undefined
  /** Look only before this position; absent: from the end. */
  readonly before?: number | undefined
  readonly limit: number
}

export interface HistoryPage {
  /** Newest first. */
  readonly events: readonly PlacedEvent[]
  /** Where the next page goes on; undefined at the beginning of the log. */
  readonly before: number | undefined
}

const chunk = 1000
/** A look back reads at most so many events, then gives what it found and where to go on. */
const mostRead = 50_000

/**
 * Reads the log backwards for events of a subject or type. Bodies that retention erased are passed over.
 *
 * There is no index by subject, so that issuing does not pay for one: a page may come short, even
 * empty, with a place to go on.
 */
export async function readHistory(
  query: HistoryQuery,
  log: Pick<LogStore, 'head' | 'events'>,
): Promise<HistoryPage> {
  const found: PlacedEvent[] = []
  let end = Math.min(query.before ?? Number.MAX_SAFE_INTEGER, (await log.head()).size)
  for (let read = 0; end > 0 && read < mostRead; read += chunk) {
    const from = Math.max(0, end - chunk)
    const events = await log.events(from, end - from)
    for (const { position, body } of events.toReversed()) {
      if (body === null) continue
      const event = parseEvent(body.bytes)
      if (!fits(event, query)) continue
      found.push({ position, event })
      if (found.length === query.limit) return { events: found, before: position || undefined }
    }
    end = from
  }
  return { events: found, before: end || undefined }
}

function fits(event: AuditEvent, { subject, type }: HistoryQuery): boolean {
  if (type !== undefined && event.type !== type) return false
  return subject === undefined || event.subjects.includes(subject)
}
