// SPDX-License-Identifier: Apache-2.0
import { FormatError } from './format-error.ts'
import type { Json } from './tlog/canonical-json.ts'

export interface JsonLimits {
  readonly octets: number
  /** Arrays and objects within each other. */
  readonly depth: number
  /** Values in all, and members of objects besides. */
  readonly values: number
}

/**
 * Reads JSON that everybody reads alike: a member that stands twice is refused, since of two readers one takes the
 * first and the other the last. Objects have no prototype.
 *
 * @throws FormatError `text-malformed`, `too-large`, `too-deep`, `too-many`, with the offset in characters
 * @see RFC 8259; RFC 7493 section 2.3
 */
export function parseStrictJson(bytes: Uint8Array, limits: JsonLimits): Json {
  if (bytes.length > limits.octets) throw new FormatError('too-large', limits.octets)
  return new JsonReader(textOf(bytes), limits).whole()
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new FormatError('text-malformed', 0, 'not UTF-8')
  }
}

const blank = /[ \t\n\r]*/y
const word = /true|false|null/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const string =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON lets none of them stand in a string
  /"([^"\\\u0000-\u001f]*)((?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*)"/y

class JsonReader {
  readonly #text: string
  readonly #limits: JsonLimits
  #at = 0
  #values = 0

  constructor(text: string, limits: JsonLimits) {
    this.#text = text
    this.#limits = limits
  }

  whole(): Json {
    const value = this.#value(0)
    this.#take(blank)
    if (this.#at < this.#text.length) throw this.#wrong('something follows')
    return value
  }

  #value(depth: number): Json {
    this.#spend()
    this.#take(blank)
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth + 1)
      case '[':
        return this.#array(depth + 1)
      case '"':
        return this.#string()
      default:
        return this.#plain()
    }
  }

  #object(depth: number): Json {
    this.#enter(depth)
    const object: Record<string, Json> = Object.create(null)
    if (this.#closes('}')) return object
    do {
      this.#spend()
      this.#take(blank)
      const at = this.#at
      const name = this.#string()
      if (Object.hasOwn(object, name))
        throw new FormatError(
          'text-malformed',
          at,
          `the member ${JSON.stringify(name)} stands twice`,
        )
      this.#demand(':')
      object[name] = this.#value(depth)
    } while (this.#goesOn('}'))
    return object
  }

  #array(depth: number): Json {
    this.#enter(depth)
    const items: Json[] = []
    if (this.#closes(']')) return items
    do items.push(this.#value(depth))
    while (this.#goesOn(']'))
    return items
  }

  #string(): string {
    const found = this.#match(string)
    if (found === undefined) throw this.#wrong('no string')
    const [all, plain = '', escaped] = found
    return escaped === '' ? plain : JSON.parse(all)
  }

  #plain(): Json {
    const said = this.#match(word)?.[0]
    if (said !== undefined) return JSON.parse(said)
    const digits = this.#match(number)?.[0]
    if (digits === undefined) throw this.#wrong('no value')
    return Number(digits)
  }

  #enter(depth: number): void {
    if (depth > this.#limits.depth) throw new FormatError('too-deep', this.#at)
    this.#at++
  }

  #closes(end: string): boolean {
    this.#take(blank)
    if (this.#text[this.#at] !== end) return false
    this.#at++
    return true
  }

  #goesOn(end: string): boolean {
    if (this.#closes(end)) return false
    this.#demand(',')
    return true
  }

  #demand(sign: string): void {
    this.#take(blank)
    if (this.#text[this.#at] !== sign) throw this.#wrong(`no ${sign}`)
    this.#at++
  }

  #match(form: RegExp): RegExpExecArray | undefined {
    form.lastIndex = this.#at
    const found = form.exec(this.#text) ?? undefined
    if (found !== undefined) this.#at += found[0].length
    return found
  }

  #take(form: RegExp): void {
    this.#match(form)
  }

  #spend(): void {
    if (++this.#values > this.#limits.values) throw new FormatError('too-many', this.#at)
  }

  #wrong(what: string): FormatError {
    return this.#at >= this.#text.length
      ? new FormatError('truncated', this.#at)
      : new FormatError('text-malformed', this.#at, what)
  }
}
