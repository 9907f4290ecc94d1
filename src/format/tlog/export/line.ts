// SPDX-License-Identifier: Apache-2.0
/**
 * The export of a log: everything that an auditor needs to check it with no server at hand.
 *
 * A text file, UTF-8. Each line is canonical JSON (RFC 8785) and ends in one line feed, the last too:
 *
 *   head                       format, public key, checkpoint
 *   tile, level 1 and up       highest level first, by index: hashes of full tiles below
 *   for each 256 events:
 *     tile, level 0            their leaf hashes
 *     event or erased-event    by position
 *   record                     of the ledger, by kind, then id
 *   end                        how many events and records there were
 *
 * Tiles could be computed from the events; they are here so that a change is not only found but
 * pinned to its event. Every line has one spelling only, so no byte of the file is free.
 */
import { FormatError } from '#format/format-error.ts'
import {
  demandSame,
  encodeCanonicalJson,
  hasMembers,
  type Json,
  parseJson,
} from '../canonical-json.ts'
import { type EventBody, type Fact, parseEventBody, parseFacts } from '../event-body.ts'
import { parseStrictBase64 } from '../strict-base64.ts'
import { tileWidth } from '../tile.ts'

export const exportFormat = 'vitalsign-log-export/1'

export interface HeadLine {
  readonly line: 'head'
  /** `encodeNoteKey` of the log's key. */
  readonly key: string
  /** The signed note; its size is the number of events in this export. */
  readonly checkpoint: string
}
export interface TileLine {
  readonly line: 'tile'
  readonly level: number
  readonly index: number
  /** 1 to 256 hashes of 32 bytes; base64 in the file. */
  readonly hashes: Uint8Array
}
export interface EventLine {
  readonly line: 'event'
  readonly position: number
  /** 32 bytes; hexadecimal in the file. */
  readonly salt: Uint8Array
  readonly event: EventBody
}
export interface ErasedEventLine {
  readonly line: 'erased-event'
  readonly position: number
  /** 32 bytes; hexadecimal in the file. */
  readonly commitment: Uint8Array
}
/** A record of the ledger, with the columns that its events bind (`recordRules`). */
export interface RecordLine {
  readonly line: 'record'
  readonly kind: string
  readonly id: string
  /** Null for a kind without states. */
  readonly state: string | null
  readonly columns: Readonly<Record<string, Fact>>
}
export interface EndLine {
  readonly line: 'end'
  readonly events: number
  readonly records: number
}
export type ExportLine = HeadLine | TileLine | EventLine | ErasedEventLine | RecordLine | EndLine

/** The line as it stands in the file, without the line feed. */
export function encodeExportLine(line: ExportLine): string {
  return encodeCanonicalJson(asJson(line))
}

/**
 * Reads a line, without its line feed, in its one spelling.
 *
 * @throws FormatError `text-malformed`, `base64-malformed`, or `version-unknown` for another format
 */
export function parseExportLine(text: string): ExportLine {
  const line = parseShape(parseJson(text))
  demandSame(text, encodeExportLine(line))
  return line
}

function asJson(line: ExportLine): Json {
  switch (line.line) {
    case 'head':
      return { ...line, format: exportFormat }
    case 'tile':
      return { ...line, hashes: line.hashes.toBase64() }
    case 'event':
      return { ...line, salt: line.salt.toHex(), event: { ...line.event } }
    case 'erased-event':
      return { ...line, commitment: line.commitment.toHex() }
    case 'record':
    case 'end':
      return { ...line }
  }
}

function parseShape(json: Json): ExportLine {
  const named = json !== null && typeof json === 'object' && 'line' in json ? json.line : undefined
  const kind = lineKinds.find((one) => one === named)
  const line = kind === undefined ? undefined : parsers[kind](json)
  if (line === undefined) throw new FormatError('text-malformed', 0, 'not a line of an export')
  return line
}

const lineKinds = ['head', 'tile', 'event', 'erased-event', 'record', 'end'] as const

/** Each gives nothing for an object of another shape. */
const parsers: Readonly<Record<ExportLine['line'], (json: Json) => ExportLine | undefined>> = {
  head(json) {
    if (!hasMembers(json, ['line', 'format', 'key', 'checkpoint'])) return undefined
    const { format, key, checkpoint } = json
    if (format !== exportFormat) throw new FormatError('version-unknown', 0, String(format))
    if (typeof key !== 'string' || typeof checkpoint !== 'string') return undefined
    return { line: 'head', key, checkpoint }
  },
  tile(json) {
    if (!hasMembers(json, ['line', 'level', 'index', 'hashes'])) return undefined
    const { level, index, hashes } = json
    if (!isCount(level) || !isCount(index) || typeof hashes !== 'string') return undefined
    const bytes = parseStrictBase64(hashes)
    const width = bytes.length / 32
    if (!Number.isInteger(width) || width < 1 || width > tileWidth) return undefined
    return { line: 'tile', level, index, hashes: bytes }
  },
  event(json) {
    if (!hasMembers(json, ['line', 'position', 'salt', 'event'])) return undefined
    const salt = parseHash(json.salt)
    if (!isCount(json.position) || salt === undefined) return undefined
    return { line: 'event', position: json.position, salt, event: parseEventBody(json.event) }
  },
  'erased-event'(json) {
    if (!hasMembers(json, ['line', 'position', 'commitment'])) return undefined
    const commitment = parseHash(json.commitment)
    if (!isCount(json.position) || commitment === undefined) return undefined
    return { line: 'erased-event', position: json.position, commitment }
  },
  record(json) {
    if (!hasMembers(json, ['line', 'kind', 'id', 'state', 'columns'])) return undefined
    const { kind, id, state } = json
    if (typeof kind !== 'string' || typeof id !== 'string') return undefined
    if (state !== null && typeof state !== 'string') return undefined
    return { line: 'record', kind, id, state, columns: parseFacts(json.columns) }
  },
  end(json) {
    if (!hasMembers(json, ['line', 'events', 'records'])) return undefined
    const { events, records } = json
    if (!isCount(events) || !isCount(records)) return undefined
    return { line: 'end', events, records }
  },
}

function isCount(json: Json): json is number {
  return typeof json === 'number' && Number.isSafeInteger(json) && json >= 0
}

/** 32 bytes in lower-case hexadecimal. */
function parseHash(json: Json): Uint8Array | undefined {
  if (typeof json !== 'string' || !/^[0-9a-f]{64}$/.test(json)) return undefined
  return Uint8Array.fromHex(json)
}
