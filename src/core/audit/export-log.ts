// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { parseCanonicalJson } from '#format/tlog/canonical-json.ts'
import { encodeCheckpoint } from '#format/tlog/checkpoint.ts'
import { type EventBody, type Fact, parseEventBody } from '#format/tlog/event-body.ts'
import { ExportLayout } from '#format/tlog/export/layout.ts'
import { type ExportLine, encodeExportLine, type RecordLine } from '#format/tlog/export/line.ts'
import { boundColumns, recordRules } from '#format/tlog/export/record-rules.ts'
import { encodeNoteKey } from '#format/tlog/note-key.ts'
import { tileWidth } from '#format/tlog/tile.ts'
import { signNote } from '#trust/tlog/note.ts'
import { rootOf } from '#trust/tlog/tiles.ts'
import { Fault } from '../fault.ts'
import type { LoggedEvent, LogSnapshot, LogStore, SnapshotRecord } from './log-store.ts'
import { type LogSigner, tileReader } from './sequencer.ts'

export interface ExportPorts {
  readonly store: LogStore
  readonly signer: LogSigner
  /** Sees to it that what waits now is numbered: `sequenceOnce`, or a wait for who does it. */
  sequence(): Promise<unknown>
}

export interface ExportOptions {
  /** Leaves out salts, bodies and records: it tells nothing, and can still be checked as a tree. */
  readonly commitmentsOnly?: boolean
}

/**
 * Writes the log, and the records of the ledger that it tells of, as one file for an auditor.
 *
 * Log and ledger are of one moment: a checkpoint is signed for exactly the events that were committed
 * when the ledger was looked at.
 *
 * @returns the file's bytes in pieces, each one or more whole lines
 * @throws Fault `ledger-damaged` if an event is not where it should be, or is not canonical
 */
export async function* exportLog(
  ports: ExportPorts,
  options: ExportOptions = {},
): AsyncGenerator<Uint8Array> {
  const snapshot = await ports.store.snapshot()
  try {
    const encoder = new TextEncoder()
    for await (const line of linesOf(snapshot, ports, options)) {
      yield encoder.encode(`${encodeExportLine(line)}\n`)
    }
  } finally {
    await snapshot.close()
  }
}

async function* linesOf(
  snapshot: LogSnapshot,
  ports: ExportPorts,
  options: ExportOptions,
): AsyncGenerator<ExportLine> {
  const size = snapshot.events
  if ((await ports.store.head()).size < size) await ports.sequence()
  if ((await ports.store.head()).size < size) {
    throw new Fault('store-unreachable', `the log does not reach its event ${size} yet; try again`)
  }
  yield {
    line: 'head',
    key: encodeNoteKey(ports.signer.key),
    checkpoint: await checkpointAt(size, ports),
  }
  yield* treeLines(size, ports.store, options)
  let records = 0
  for (const kind of Object.keys(recordRules).sort()) {
    if (options.commitmentsOnly) break
    for await (const record of snapshot.records(kind)) {
      const line = recordLine(kind, record)
      if (line === undefined) continue
      records++
      yield line
    }
  }
  yield { line: 'end', events: size, records }
}

/** The published checkpoint if it is of this size, else one for this size: the tree had it once. */
async function checkpointAt(size: number, { store, signer }: ExportPorts): Promise<string> {
  const { checkpoint } = await store.head()
  if (checkpoint?.size === size) return checkpoint.note
  const root = await rootOf(size, tileReader(store))
  const text = encodeCheckpoint({ origin: signer.key.name, size, root })
  return signNote(text, signer.key, (toBeSigned) => signer.sign(toBeSigned))
}

async function* treeLines(
  size: number,
  store: LogStore,
  options: ExportOptions,
): AsyncGenerator<ExportLine> {
  const layout = new ExportLayout(size)
  const readTile = tileReader(store)
  for (let next = 0; next < layout.slots; ) {
    const slot = layout.at(next)
    if (slot.kind === 'tile') {
      const { level, index, width } = slot
      const hashes = (await readTile(level, index, width)).slice(0, width * 32)
      yield { line: 'tile', level, index, hashes }
      next++
      continue
    }
    const count = Math.min(tileWidth, size - slot.position)
    const events = await store.events(slot.position, count)
    for (const [at, event] of events.entries()) yield eventLine(slot.position + at, event, options)
    if (events.length < count) {
      throw new Fault('ledger-damaged', `the log lacks event ${slot.position + events.length}`)
    }
    next += count
  }
}

function eventLine(
  position: number,
  { position: stored, commitment, body }: LoggedEvent,
  { commitmentsOnly = false }: ExportOptions,
): ExportLine {
  if (stored !== position) throw new Fault('ledger-damaged', `the log lacks event ${position}`)
  if (body === null || commitmentsOnly) return { line: 'erased-event', position, commitment }
  return { line: 'event', position, salt: body.salt, event: readBody(position, body.bytes) }
}

function readBody(position: number, bytes: Uint8Array): EventBody {
  try {
    return parseEventBody(parseCanonicalJson(new TextDecoder().decode(bytes)))
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    throw new Fault('ledger-damaged', `event ${position} of the log cannot be read`, { cause })
  }
}

function recordLine(kind: string, record: SnapshotRecord): RecordLine | undefined {
  const state = typeof record.state === 'string' ? record.state : null
  const rule = recordRules[kind]
  const columns = rule && boundColumns(rule, state)
  if (columns === undefined) return undefined
  return {
    line: 'record',
    kind,
    id: record.id,
    state,
    columns: Object.fromEntries(columns.map((column) => [column, factOf(record[column])])),
  }
}

/** A column's value as events tell it. */
function factOf(value: unknown): Fact {
  if (value instanceof Uint8Array) return value.toHex()
  if (value instanceof Temporal.Instant) return value.toString()
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value
  }
  return null
}
