// SPDX-License-Identifier: Apache-2.0
import { createHash, type Hash } from 'node:crypto'
import { Fault } from '#core/fault.ts'
import {
  type BackupLine,
  isRow,
  type Manifest,
  parseLine,
  type Trailer,
} from '#format/backup/line.ts'
import { type Cell, parseRow } from '#format/backup/row-text.ts'
import { FormatError } from '#format/format-error.ts'

/** What is done with a backup as it passes by; nothing of it is proven before the reading ends. */
export interface BackupReader {
  manifest(manifest: Manifest): void | Promise<void>
  file(path: string, bytes: Uint8Array): void | Promise<void>
  /** Some rows of a table, in the order of the backup; the tables in that of the manifest. */
  rows(table: string, rows: readonly (readonly Cell[])[]): void | Promise<void>
}

export interface ReadBackup {
  readonly manifest: Manifest
  readonly trailer: Trailer
  readonly rows: number
  /** Of the plain lines. */
  readonly bytes: number
}

/** A full revocation list of some million entries still fits. */
const maxLineBytes = 256 * 1024 * 1024
const portionRows = 500
const portionBytes = 512 * 1024
const lineFeed = 0x0a

/**
 * Reads the plain lines of a backup to the last one, and checks every count and digest.
 *
 * @throws Fault `backup-damaged`; `backup-format-unknown` for another format; what `reader` throws
 */
export async function readBackup(
  plain: AsyncIterable<Uint8Array>,
  reader: BackupReader,
): Promise<ReadBackup> {
  const reading = new Reading(reader)
  try {
    for await (const line of linesOf(plain)) {
      const waiting = reading.take(line)
      if (waiting !== undefined) await waiting
    }
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    const code = cause.code === 'version-unknown' ? 'backup-format-unknown' : 'backup-damaged'
    throw new Fault(code, `line ${reading.lines} of the backup: ${cause.message}`, { cause })
  }
  return reading.finish()
}

class Reading {
  readonly #reader: BackupReader
  readonly #whole = createHash('sha256')
  readonly #counts: Record<string, number> = {}
  readonly #digests: Record<string, string> = {}
  #manifest: Manifest | undefined
  #trailer: Trailer | undefined
  /** How many tables of the manifest have begun. */
  #tables = 0
  #table: { readonly name: string; readonly width: number; readonly digest: Hash } | undefined
  #portion: (readonly Cell[])[] = []
  #portionBytes = 0
  #files = 0
  #rows = 0
  #bytes = 0
  lines = 0

  constructor(reader: BackupReader) {
    this.#reader = reader
  }

  /** @param line with its line feed */
  take(line: Uint8Array): Promise<void> | undefined {
    this.lines++
    this.#bytes += line.length
    if (this.#trailer !== undefined) throw damaged('lines follow the last one')
    const text = textOf(line)
    if (isRow(text)) return this.#row(text, line)
    return this.#line(parseLine(text), line)
  }

  finish(): ReadBackup {
    if (this.#manifest === undefined || this.#trailer === undefined)
      throw damaged('it ends before its last line')
    const read = { rows: this.#rows, bytes: this.#bytes }
    return { manifest: this.#manifest, trailer: this.#trailer, ...read }
  }

  #row(text: string, line: Uint8Array): Promise<void> | undefined {
    if (this.#table === undefined) throw damaged('a row stands before its table')
    this.#whole.update(line)
    this.#table.digest.update(line)
    this.#portion.push(parseRow(text, this.#table.width))
    this.#portionBytes += line.length
    const isFull = this.#portion.length >= portionRows || this.#portionBytes >= portionBytes
    return isFull ? this.#flush() : undefined
  }

  async #line(line: BackupLine, bytes: Uint8Array): Promise<void> {
    await this.#flush()
    if (line.kind !== 'end') this.#whole.update(bytes)
    if ((line.kind === 'manifest') !== (this.#manifest === undefined))
      throw damaged('it does not begin with its manifest')
    switch (line.kind) {
      case 'manifest':
        this.#manifest = line.manifest
        return this.#reader.manifest(line.manifest)
      case 'file':
        this.#files++
        return this.#reader.file(line.path, line.bytes)
      case 'table':
        return this.#begin(line.name)
      case 'end':
        this.#endTable()
        return this.#end(line.trailer)
    }
  }

  #begin(name: string): void {
    this.#endTable()
    const next = this.#manifest?.tables[this.#tables++]
    if (next?.name !== name)
      throw damaged(`table ${name} stands where ${next?.name ?? 'none'} is expected`)
    this.#counts[name] = 0
    this.#table = { name, width: next.columns.length, digest: createHash('sha256') }
  }

  #endTable(): void {
    if (this.#table === undefined) return
    this.#digests[this.#table.name] = this.#table.digest.digest('hex')
    this.#table = undefined
  }

  #end(trailer: Trailer): void {
    const whole = this.#whole.digest('hex')
    if (trailer.sha256 !== whole)
      throw damaged(`its lines have SHA-256 ${whole}, its end says ${trailer.sha256}`)
    if (trailer.files !== this.#files)
      throw damaged(`it has ${this.#files} files, its end says ${trailer.files}`)
    const tables = this.#manifest?.tables ?? []
    for (const { name } of tables) {
      const said = this.#manifest?.counts[name]
      for (const count of [trailer.counts[name], said])
        if (count !== this.#counts[name])
          throw damaged(`${name} has ${this.#counts[name]} rows, it says ${count}`)
      if (trailer.digests[name] !== this.#digests[name])
        throw damaged(`the rows of ${name} have another digest than it says`)
    }
    this.#trailer = trailer
  }

  async #flush(): Promise<void> {
    const rows = this.#portion
    if (rows.length === 0 || this.#table === undefined) return
    const { name } = this.#table
    this.#portion = []
    this.#portionBytes = 0
    this.#counts[name] = (this.#counts[name] ?? 0) + rows.length
    this.#rows += rows.length
    await this.#reader.rows(name, rows)
  }
}

/** Lines with their line feeds; one view or copy each, good until the next is asked for. */
async function* linesOf(plain: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of plain) {
    let start = 0
    for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, start)) {
      const rest = chunk.subarray(start, at + 1)
      yield parts.length === 0 ? rest : joined([...parts, rest], length + rest.length)
      parts = []
      length = 0
      start = at + 1
    }
    if (start === chunk.length) continue
    parts.push(chunk.slice(start))
    length += chunk.length - start
    if (length > maxLineBytes) throw damaged(`a line is over ${maxLineBytes} bytes`)
  }
  if (length > 0) throw damaged('it ends within a line')
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    all.set(part, offset)
    offset += part.length
  }
  return all
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(line: Uint8Array): string {
  try {
    return utf8.decode(line.subarray(0, -1))
  } catch (cause) {
    if (cause instanceof TypeError) throw damaged('a line is not UTF-8')
    throw cause
  }
}

function damaged(why: string): Fault {
  return new Fault('backup-damaged', `the backup is damaged: ${why}`)
}
