// SPDX-License-Identifier: Apache-2.0
/** One entry of a manifest, as it stands in the file; rows count from 1. */
export interface ManifestEntry {
  readonly row: number
  readonly text: string
}

/** The text is no array of objects; nothing after this row can be read. */
export class ManifestFault extends Error {
  override readonly name = 'ManifestFault'
  readonly row: number

  constructor(row: number, message: string) {
    super(message)
    this.row = row
  }
}

/** An entry of five keys with a chain of two certificates has 9 kB; memory is bounded by this. */
const mostCharactersInEntry = 65_536

/**
 * Reads the objects of a JSON array as they arrive, one at a time, without a parse of the whole: a manifest of a
 * hundred thousand elements has half a gigabyte.
 *
 * That each is JSON is for who parses it; here it ends where its braces do.
 *
 * @throws ManifestFault
 */
export async function* readManifestEntries(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ManifestEntry> {
  const splitter = new Splitter()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const decode = (chunk?: Uint8Array) => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined })
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      throw new ManifestFault(splitter.row, 'the text is not UTF-8')
    }
  }
  for await (const chunk of chunks) yield* splitter.take(decode(chunk))
  yield* splitter.take(decode())
  splitter.end()
}

/** What may come next outside an object. */
type Expected = 'open' | 'first' | 'comma' | 'object' | 'nothing'

const blank = /[ \t\r\n]/

class Splitter {
  #expected: Expected = 'open'
  #rows = 0
  #text = ''
  #depth = 0
  #inString = false
  #escaped = false

  /** The row that is being read. */
  get row(): number {
    return this.#rows + 1
  }

  *take(text: string): Generator<ManifestEntry> {
    let start = 0
    for (let at = 0; at < text.length; at++) {
      if (this.#depth === 0) {
        this.#between(text[at]!)
        start = at
      } else if (this.#inside(text[at]!)) {
        yield this.#close(text.slice(start, at + 1))
        start = at + 1
      }
    }
    if (this.#depth > 0) this.#keep(text.slice(start))
  }

  end(): void {
    if (this.#expected !== 'nothing' || this.#depth > 0)
      throw new ManifestFault(this.row, 'the file ends inside the list')
  }

  /** Outside every object: a bracket, a comma, or an object that begins. */
  #between(sign: string): void {
    if (blank.test(sign)) return
    const opens = this.#expected === 'first' || this.#expected === 'object'
    if (sign === '[' && this.#expected === 'open') this.#expected = 'first'
    else if (sign === '{' && opens) this.#depth = 1
    else if (sign === ',' && this.#expected === 'comma') this.#expected = 'object'
    else if (sign === ']' && (this.#expected === 'first' || this.#expected === 'comma'))
      this.#expected = 'nothing'
    else throw new ManifestFault(this.row, `"${sign}" stands where it must not: no list of objects`)
  }

  /** Whether the object ends with this sign. */
  #inside(sign: string): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false
      else if (sign === '\\') this.#escaped = true
      else if (sign === '"') this.#inString = false
      return false
    }
    if (sign === '"') this.#inString = true
    else if (sign === '{') this.#depth++
    else if (sign === '}') this.#depth--
    return this.#depth === 0
  }

  #close(last: string): ManifestEntry {
    this.#keep(last)
    const text = this.#text
    this.#text = ''
    this.#rows++
    this.#expected = 'comma'
    return { row: this.#rows, text }
  }

  #keep(part: string): void {
    this.#text += part
    if (this.#text.length > mostCharactersInEntry)
      throw new ManifestFault(this.row, `an entry of more than ${mostCharactersInEntry} characters`)
  }
}
