// SPDX-License-Identifier: Apache-2.0
/**
 * The offline check of a log's export. It shares only format and trust with the house that wrote it:
 * no clock, no store, no network.
 */
import { FormatError } from '#format/format-error.ts'
import type { Checkpoint } from '#format/tlog/checkpoint.ts'
import {
  type EndLine,
  type ErasedEventLine,
  type EventLine,
  type ExportLine,
  type HeadLine,
  parseExportLine,
} from '#format/tlog/export/line.ts'
import { type RawLine, rawLines } from '#format/tlog/export/raw-lines.ts'
import { encodeNoteKey } from '#format/tlog/note-key.ts'
import { EarlierCheck } from './export/check-earlier.ts'
import { readHead } from './export/check-head.ts'
import { RecordCheck } from './export/check-records.ts'
import { TreeCheck } from './export/check-tree.ts'
import { type Finding, Findings } from './export/findings.ts'
import { extendRuns, nameOfRun, type Run } from './export/runs.ts'

export interface VerifyExportOptions {
  /**
   * A checkpoint of the same log, fetched earlier and kept elsewhere: the text of its signed note. It may
   * bear a name that the log had before a restore.
   */
  readonly since?: string
  /** The log's key as known from elsewhere, in its text form. Without it the export's own is used. */
  readonly key?: string
}

export interface Verification {
  /** Nothing is wrong; there may be notes. */
  readonly intact: boolean
  readonly findings: readonly Finding[]
  /** How many things are wrong, also beyond those kept in `findings`. */
  readonly wrong: number
  /** What was checked; undefined if the head could not be read. */
  readonly checkpoint: Checkpoint | undefined
  /** The key that the checkpoint was checked with, in its text form. */
  readonly key: string | undefined
  readonly events: number
  readonly erasedEvents: number
  readonly records: number
}

/**
 * Checks an export to its last byte: signature, tree, ledger against log, and, if given, that it
 * continues an earlier checkpoint. Whatever was changed, removed, added, reordered or rolled back is
 * found, and named as closely as the export allows.
 *
 * Who holds the log's key can write another history; that shows only against an earlier checkpoint.
 *
 * @param chunks the export's bytes, cut anywhere
 * @throws FormatError if `options.key` is not a note key, or `options.since` not a signed note
 */
export async function verifyExport(
  chunks: AsyncIterable<Uint8Array>,
  options: VerifyExportOptions = {},
): Promise<Verification> {
  const verifier = new ExportVerifier(options)
  for await (const raw of rawLines(chunks)) verifier.take(raw)
  return verifier.finish()
}

/** The parts of an export, in their order. */
const stages = ['head', 'tree', 'records', 'end', 'nothing'] as const
type Stage = (typeof stages)[number]
const stageOf = {
  head: 'head',
  tile: 'tree',
  event: 'tree',
  'erased-event': 'tree',
  record: 'records',
  end: 'end',
} as const satisfies Record<ExportLine['line'], Stage>

class ExportVerifier {
  readonly #findings = new Findings()
  readonly #records = new RecordCheck(this.#findings)
  readonly #options: VerifyExportOptions
  /** What may come next at the earliest. */
  #stage: Stage = 'head'
  #checkpoint: Checkpoint | undefined
  #key: string | undefined
  #tree: TreeCheck | undefined
  #earlier: EarlierCheck | undefined
  #events = 0
  #erasedEvents = 0
  readonly #erased: Run[] = []

  constructor(options: VerifyExportOptions) {
    this.#options = options
  }

  take(raw: RawLine): void {
    const line = raw.kind === 'broken' ? raw.error : parseLine(raw.text)
    const about = `line ${raw.number}`
    if (line instanceof FormatError) {
      const detail = `${line.message}; expected is ${this.#expected()}`
      this.#findings.wrong('line-malformed', about, detail)
    } else if (stages.indexOf(stageOf[line.line]) < stages.indexOf(this.#stage)) {
      const detail = `${nameOf(line)} where ${this.#expected()} is expected`
      this.#findings.wrong('line-out-of-place', about, detail)
    } else {
      this.#advance(stageOf[line.line])
      this.#accept(line)
    }
  }

  finish(): Verification {
    if (this.#stage !== 'nothing') {
      this.#advance('end')
      this.#findings.wrong('export-incomplete', 'end', 'the last line is missing')
    }
    for (const run of this.#erased) {
      this.#findings.note('event-erased', nameOfRun(run), 'only the commitment is left')
    }
    return {
      intact: this.#findings.count('wrong') === 0,
      findings: this.#findings.kept,
      wrong: this.#findings.count('wrong'),
      checkpoint: this.#checkpoint,
      key: this.#key,
      events: this.#events,
      erasedEvents: this.#erasedEvents,
      records: this.#records.count,
    }
  }

  #expected(): string {
    switch (this.#stage) {
      case 'tree':
        return this.#tree?.expected ?? 'a tile or an event'
      case 'records':
        return 'a record or the end'
      default:
        return this.#stage
    }
  }

  /** Goes on to a later part, and closes those before it. */
  #advance(to: Stage): void {
    while (this.#stage !== to) {
      if (this.#stage === 'head') this.#findings.wrong('export-incomplete', 'head', 'it is missing')
      if (this.#stage === 'tree') {
        this.#earlier?.finish()
        this.#tree?.finish()
      }
      if (this.#stage === 'records') this.#records.finish()
      this.#stage = stages[stages.indexOf(this.#stage) + 1] ?? 'nothing'
    }
  }

  #accept(line: ExportLine): void {
    switch (line.line) {
      case 'head':
        this.#takeHead(line)
        break
      case 'tile':
        this.#tree?.take(line)
        break
      case 'event':
      case 'erased-event':
        this.#takeEvent(line)
        break
      case 'record':
        this.#records.takeRecord(line)
        break
      case 'end':
        this.#takeEnd(line)
    }
  }

  #takeHead(line: HeadLine): void {
    this.#stage = 'tree'
    const head = readHead(line, this.#options, this.#findings)
    const { checkpoint, key } = head
    this.#checkpoint = checkpoint
    this.#key = key && encodeNoteKey(key)
    this.#earlier = new EarlierCheck(head, this.#findings)
    if (checkpoint !== undefined) {
      this.#tree = new TreeCheck(checkpoint, this.#earlier, this.#findings)
    }
  }

  #takeEvent(line: EventLine | ErasedEventLine): void {
    this.#events++
    const position = this.#tree === undefined ? line.position : this.#tree.take(line)
    if (line.line === 'erased-event') {
      this.#erasedEvents++
      extendRuns(this.#erased, position ?? line.position)
      this.#records.takeErased()
    } else if (position !== undefined) {
      this.#earlier?.takeEvent(position, line.event)
      this.#records.takeEvent(position, line.event)
    }
  }

  #takeEnd(line: EndLine): void {
    const { count } = this.#records
    if (line.events !== this.#events || line.records !== count) {
      const detail = `it says ${line.events} events and ${line.records} records, there are ${this.#events} and ${count}`
      this.#findings.wrong('export-incomplete', 'end', detail)
    }
    this.#stage = 'nothing'
  }
}

function parseLine(text: string): ExportLine | FormatError {
  try {
    return parseExportLine(text)
  } catch (cause) {
    if (cause instanceof FormatError) return cause
    throw cause
  }
}

function nameOf(line: ExportLine): string {
  switch (line.line) {
    case 'tile':
      return `tile ${line.level}/${line.index}`
    case 'event':
    case 'erased-event':
      return `event ${line.position}`
    case 'record':
      return `record ${line.id}`
    case 'head':
    case 'end':
      return line.line
  }
}
