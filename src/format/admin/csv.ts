// SPDX-License-Identifier: Apache-2.0
import { type FormatCode, FormatError } from '../format-error.ts'

/** One record; `row` counts from 1, the head included, and blank lines too. */
export interface CsvRow {
  readonly row: number
  readonly fields: readonly string[]
}

/** What cannot be read as CSV, and the row in which that was found; nothing after it can be read. */
export class CsvError extends FormatError {
  readonly row: number

  constructor(code: FormatCode, offset: number, detail: string, row: number) {
    super(code, offset, detail)
    this.row = row
  }
}

/** What one record may hold, since it is kept in memory whole. */
export interface CsvLimits {
  readonly mostCharactersInRow: number
  readonly mostFields: number
}

/** A row of a device list has some 60 characters. */
const usualLimits: CsvLimits = { mostCharactersInRow: 4096, mostFields: 32 }

/**
 * Reads CSV as it arrives, one record at a time; memory is bounded by one chunk and one record.
 *
 * UTF-8, with or without a byte order mark; lines end with CRLF or LF; a quote stands at both ends of
 * a field or nowhere, doubled inside. Blank lines are passed over. That all records have as many
 * fields as the first is not checked.
 *
 * @throws CsvError `csv-malformed`, `text-malformed`, `too-large`, `too-many`; offsets in characters
 * @see RFC 4180 section 2
 */
export async function* readCsv(
  chunks: AsyncIterable<Uint8Array>,
  limits: CsvLimits = usualLimits,
): AsyncGenerator<CsvRow> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const reader = new CsvReader(limits)
  for await (const chunk of chunks) yield* reader.read(decode(decoder, chunk, reader))
  yield* reader.read(decode(decoder, undefined, reader))
  yield* reader.end()
}

function decode(decoder: TextDecoder, chunk: Uint8Array | undefined, reader: CsvReader): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw reader.wrong('text-malformed', 'not UTF-8')
  }
}

const notClosed = 'a quote is not closed'

/** Where the reader stands: before a field, in one, in a quoted one, after its end, after a CR. */
type Place = 'start' | 'plain' | 'quoted' | 'closed' | 'return'

class CsvReader {
  readonly #limits: CsvLimits
  #place: Place = 'start'
  #row = 1
  #fields: string[] = []
  #field = ''
  #length = 0
  #offset = 0

  constructor(limits: CsvLimits) {
    this.#limits = limits
  }

  /** What is wrong at the place that has been reached. */
  wrong(code: FormatCode, detail: string): CsvError {
    return new CsvError(code, this.#offset, detail, this.#row)
  }

  *read(text: string): Generator<CsvRow> {
    for (const sign of text) {
      const ended = this.#step(sign)
      this.#offset += sign.length
      if (++this.#length > this.#limits.mostCharactersInRow) {
        throw this.wrong('too-large', this.#place === 'quoted' ? notClosed : 'a row')
      }
      if (!ended) continue
      const row = this.#finish()
      if (row !== undefined) yield row
    }
  }

  /** The last record may lack its line end. */
  *end(): Generator<CsvRow> {
    if (this.#place === 'quoted') throw this.#malformed(notClosed)
    if (this.#place === 'return') throw this.#malformed('a carriage return without line feed')
    if (this.#length === 0) return
    this.#close()
    const row = this.#finish()
    if (row !== undefined) yield row
  }

  /** @returns whether the record ended with this sign */
  #step(sign: string): boolean {
    switch (this.#place) {
      case 'quoted':
        if (sign === '"') this.#place = 'closed'
        else this.#field += sign
        return false
      case 'closed':
        if (sign !== '"') return this.#separate(sign)
        this.#field += '"'
        this.#place = 'quoted'
        return false
      case 'return':
        if (sign !== '\n') throw this.#malformed('a carriage return without line feed')
        return true
      case 'start':
        if (sign !== '"') return this.#separate(sign)
        this.#place = 'quoted'
        return false
      case 'plain':
        if (sign === '"')
          throw this.#malformed('a quote inside a field that does not begin with one')
        return this.#separate(sign)
    }
  }

  #separate(sign: string): boolean {
    switch (sign) {
      case ',':
        this.#close()
        this.#place = 'start'
        return false
      case '\r':
        this.#close()
        this.#place = 'return'
        return false
      case '\n':
        this.#close()
        return true
      default:
        if (this.#place === 'closed') throw this.#malformed('text after a closing quote')
        this.#field += sign
        this.#place = 'plain'
        return false
    }
  }

  #close(): void {
    if (this.#fields.length === this.#limits.mostFields) {
      throw this.wrong('too-many', 'fields')
    }
    this.#fields.push(this.#field)
    this.#field = ''
  }

  #finish(): CsvRow | undefined {
    const row = { row: this.#row++, fields: this.#fields }
    this.#fields = []
    this.#length = 0
    this.#place = 'start'
    const isBlank = row.fields.length === 1 && row.fields[0] === ''
    return isBlank ? undefined : row
  }

  #malformed(detail: string): CsvError {
    return this.wrong('csv-malformed', detail)
  }
}
