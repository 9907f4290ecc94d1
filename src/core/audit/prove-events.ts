// SPDX-License-Identifier: Apache-2.0
import { parseCheckpoint } from '#format/tlog/checkpoint.ts'
import { parseNote } from '#format/tlog/note.ts'
import { proveInclusion } from '#trust/tlog/prove.ts'
import { type HistoryPage, type PlacedEvent, readHistory } from './history.ts'
import type { LogStore } from './log-store.ts'
import { tileReader } from './sequencer.ts'

/** An event with what leads from it to the root of the log. */
export interface ProvedEvent {
  readonly placed: PlacedEvent
  readonly salt: Uint8Array
  readonly body: Uint8Array
  /** Hashes of 32 bytes, as RFC 9162 section 2.1.3 orders them. */
  readonly path: readonly Uint8Array[]
}

export interface ProvedHistory {
  /** Newest first; all of them lie within the checkpoint. */
  readonly events: readonly ProvedEvent[]
  /** Of the newest checkpoint: for its tree each path is made. */
  readonly size: number
  readonly root: Uint8Array | undefined
  readonly checkpoint: string | undefined
}

/**
 * The latest events about a record, each proved to be in the log whose checkpoint is signed. What was not numbered
 * or signed yet, a second's worth, is not among them.
 */
export async function proveEvents(
  subject: string,
  limit: number,
  log: Pick<LogStore, 'head' | 'events' | 'tile'>,
): Promise<ProvedHistory> {
  const { checkpoint } = await log.head()
  if (checkpoint === null) return { events: [], size: 0, root: undefined, checkpoint: undefined }
  const { size, note } = checkpoint
  const events = await historyOf(subject, limit, size, log)
  const read = tileReader(log)
  const proved: ProvedEvent[] = []
  for (const placed of events) {
    const [logged] = await log.events(placed.position, 1)
    if (logged?.body == null) continue
    const { bytes, salt } = logged.body
    proved.push({
      ...{ placed, salt, body: bytes },
      path: await proveInclusion(placed.position, size, read),
    })
  }
  return {
    events: proved,
    size,
    root: parseCheckpoint(parseNote(note).text).root,
    checkpoint: note,
  }
}

/** How often the log is looked back through, by 50,000 events each: what is older is on other pages (`log show`). */
const mostLooks = 10

async function historyOf(
  subject: string,
  limit: number,
  size: number,
  log: Pick<LogStore, 'head' | 'events'>,
): Promise<readonly PlacedEvent[]> {
  const found: PlacedEvent[] = []
  let before: number | undefined = size
  for (let look = 0; look < mostLooks && before !== undefined && found.length < limit; look++) {
    const page: HistoryPage = await readHistory(
      { subject, limit: limit - found.length, before },
      log,
    )
    found.push(...page.events)
    before = page.before
  }
  return found
}
