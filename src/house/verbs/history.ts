// SPDX-License-Identifier: Apache-2.0
import { type PlacedEvent, readHistory } from '#core/audit/history.ts'
import type { LogStore } from '#core/audit/log-store.ts'
import { epochAt, type Restore } from '#core/recovery/epoch.ts'
import type { EventView } from '#format/admin/views.ts'

/** An event as people and machines see it. */
export function showEvent(
  { position, event }: PlacedEvent,
  restores: readonly Restore[],
): EventView {
  const { type, at, actor, subjects, facts } = event
  return {
    index: position,
    type,
    at: at.toString(),
    actor,
    subjects: [...subjects],
    facts: { ...facts },
    ...(restores.length > 0 && { epoch: epochAt(position, restores) }),
  }
}

/** The latest events about a record, within reach of one look back. */
export async function historyAbout(
  subject: string,
  limit: number,
  log: LogStore,
  restores: readonly Restore[],
): Promise<readonly EventView[]> {
  const { events } = await readHistory({ subject, limit }, log)
  return events.map((event) => showEvent(event, restores))
}
