// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import { parseBase64, parseJson } from './row-text.ts'

/** The format that this program writes, and the only one that it reads. */
export const backupFormat = 'vitalsign-backup/1'

/** What a backup is: its first line. */
export interface Manifest {
  readonly format: typeof backupFormat
  /** The id of the founding record: the same for all backups of one installation. */
  readonly installation: string
  readonly environment: string
  /** The version of the program that wrote it, and of its schema. */
  readonly program: string
  readonly schema: number
  /** When the store was as it is here. RFC 3339. */
  readonly moment: string
  /** 1 until the first restore. */
  readonly epoch: number
  readonly log: {
    readonly origin: string
    /** Ed25519, 32 bytes in hexadecimal. */
    readonly publicKey: string
    readonly size: number
    /** Merkle tree hash in hexadecimal. */
    readonly root: string
    /** The newest signed checkpoint, a note; null before the first. */
    readonly checkpoint: string | null
    /** The sequence number of the last event that has a position. */
    readonly lastEvent: number
  }
  /** The tables in their order, each with its columns in the order of its rows. */
  readonly tables: readonly { readonly name: string; readonly columns: readonly string[] }[]
  /** How many rows each table has. */
  readonly counts: Readonly<Record<string, number>>
  /** Whether the root keys are in it. */
  readonly withRoot: boolean
}

/** The last line; what is cut off has none. */
export interface Trailer {
  readonly counts: Readonly<Record<string, number>>
  /** SHA-256 over a table's row lines, each with its line feed, in hexadecimal. */
  readonly digests: Readonly<Record<string, string>>
  readonly files: number
  /** SHA-256 over all lines before this one, in hexadecimal. */
  readonly sha256: string
}

/** A line that is not a row. */
export type BackupLine =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'table'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly trailer: Trailer }

/** Whether the line is a row of the table that was named before it. */
export function isRow(text: string): boolean {
  return text.startsWith('[')
}

/** One line with its line feed. */
export function encodeLine(line: BackupLine): string {
  switch (line.kind) {
    case 'manifest':
      return `${JSON.stringify(line.manifest)}\n`
    case 'table':
      return `${JSON.stringify({ table: line.name })}\n`
    case 'file':
      return `${JSON.stringify({ file: line.path, bytes: line.bytes.toBase64() })}\n`
    case 'end':
      return `${JSON.stringify({ end: line.trailer })}\n`
  }
}

/**
 * Reads a line that is not a row.
 *
 * @throws FormatError `version-unknown` for a backup of another format, else as parsing goes wrong
 */
export function parseLine(text: string): BackupLine {
  const value = record(parseJson(text), 'line')
  if (typeof value['table'] === 'string') return { kind: 'table', name: value['table'] }
  if (typeof value['file'] === 'string') {
    return { kind: 'file', path: value['file'], bytes: parseBase64(string(value, 'bytes')) }
  }
  if (value['end'] !== undefined) return { kind: 'end', trailer: parseTrailer(value['end']) }
  if (value['format'] !== undefined) return { kind: 'manifest', manifest: parseManifest(value) }
  throw wrong('line', 'neither manifest, table, file nor end')
}

function parseManifest(value: Record<string, unknown>): Manifest {
  const format = string(value, 'format')
  if (format !== backupFormat)
    throw new FormatError('version-unknown', 0, `${format}, known is ${backupFormat}`)
  const log = record(value['log'], 'log')
  const { tables, withRoot } = value
  const { checkpoint } = log
  if (!Array.isArray(tables)) throw wrong('tables', 'not a list')
  if (typeof withRoot !== 'boolean') throw wrong('withRoot', 'not a boolean')
  if (checkpoint !== null && typeof checkpoint !== 'string') throw wrong('checkpoint', 'not text')
  return {
    format,
    installation: string(value, 'installation'),
    environment: string(value, 'environment'),
    program: string(value, 'program'),
    schema: whole(value, 'schema'),
    moment: instant(value, 'moment'),
    epoch: whole(value, 'epoch'),
    log: {
      origin: string(log, 'origin'),
      publicKey: hex(log, 'publicKey'),
      size: whole(log, 'size'),
      root: hex(log, 'root'),
      checkpoint,
      lastEvent: whole(log, 'lastEvent'),
    },
    tables: tables.map((one) => {
      const table = record(one, 'table')
      const { columns } = table
      if (!Array.isArray(columns) || !columns.every((name) => typeof name === 'string'))
        throw wrong('columns', 'not a list of names')
      return { name: string(table, 'name'), columns }
    }),
    counts: counts(value['counts']),
    withRoot,
  }
}

function parseTrailer(value: unknown): Trailer {
  const end = record(value, 'end')
  const digests = record(end['digests'], 'digests')
  return {
    counts: counts(end['counts']),
    digests: Object.fromEntries(Object.keys(digests).map((name) => [name, hex(digests, name)])),
    files: whole(end, 'files'),
    sha256: hex(end, 'sha256'),
  }
}

function counts(value: unknown): Readonly<Record<string, number>> {
  const all = record(value, 'counts')
  return Object.fromEntries(Object.keys(all).map((name) => [name, whole(all, name)]))
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw wrong(name, 'not an object')
}

function string(value: Readonly<Record<string, unknown>>, name: string): string {
  const member = value[name]
  if (typeof member === 'string') return member
  throw wrong(name, 'not text')
}

function whole(value: Readonly<Record<string, unknown>>, name: string): number {
  const member = value[name]
  if (typeof member === 'number' && Number.isSafeInteger(member) && member >= 0) return member
  throw wrong(name, 'not a whole number from 0')
}

function hex(value: Readonly<Record<string, unknown>>, name: string): string {
  const member = string(value, name)
  if (/^[0-9a-f]{64}$/.test(member)) return member
  throw wrong(name, 'not 32 bytes in hexadecimal')
}

function instant(value: Readonly<Record<string, unknown>>, name: string): string {
  const member = string(value, name)
  try {
    return Temporal.Instant.from(member).toString()
  } catch (cause) {
    if (cause instanceof RangeError) throw wrong(name, 'not an instant')
    throw cause
  }
}

function wrong(name: string, what: string): FormatError {
  return new FormatError('value-not-allowed', 0, `${name}: ${what}`)
}
