// SPDX-License-Identifier: Apache-2.0
import { type PlacedEvent, readHistory } from '#core/audit/history.ts'
import type { LogStore } from '#core/audit/log-store.ts'
import type { EventView } from '#format/admin/views.ts'

/** An event as people and machines see it. */
export function showEvent({ position, event }: PlacedEvent): EventView {
  const { type, at, actor, subjects, facts } = event
  return {
    index: position,
    type,
    at: at.toString(),
    actor,
    subjects: [...subjects],
    facts: { ...facts },
  }
}

/** The latest events about a record, within reach of one look back. */
export async function historyAbout(
  subject: string,
  limit: number,
  log: LogStore,
): Promise<readonly EventView[]> {
  const { events } = await readHistory({ subject, limit }, log)
  return events.map(showEvent)
}
