// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { isArray, type Json, type JsonObject, parseJson } from '#format/tlog/canonical-json.ts'
import { parseStrictBase64 } from '#format/tlog/strict-base64.ts'

/** How strictly the members of an object are taken: a request's are all known, an answer may have grown. */
export type Strangers = 'refused' | 'passed-over'

/**
 * Reads a JSON object out of bytes.
 *
 * @throws FormatError `too-large`, `text-malformed` (not UTF-8, not JSON, no object), `value-not-allowed`
 */
export function readObject(
  bytes: Uint8Array,
  mostBytes: number,
  names: readonly string[],
  strangers: Strangers,
): Members {
  if (bytes.length > mostBytes)
    throw new FormatError('too-large', 0, `${bytes.length} bytes, at most ${mostBytes}`)
  return new Members(parseJson(utf8(bytes)), '', names, strangers)
}

/** Text of a JSON object; bytes become base64, undefined members are left out. */
export function encodeObject(members: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(members, (_, value) =>
    value instanceof Uint8Array ? value.toBase64() : value,
  )
}

/**
 * The members of one object, read by name and kind; what is wrong is told with its path.
 *
 * A name that stands twice counts once, as its last value: JSON.parse tells no more.
 */
export class Members {
  readonly #members: JsonObject
  readonly #path: string
  readonly #strangers: Strangers

  /** @throws FormatError `text-malformed`, `value-not-allowed` */
  constructor(
    value: Json | undefined,
    path: string,
    names: readonly string[],
    strangers: Strangers,
  ) {
    if (value === null || typeof value !== 'object' || isArray(value))
      throw new FormatError('text-malformed', 0, `${path || 'the whole'} is no object`)
    const stranger = Object.keys(value).find((name) => !names.includes(name))
    if (stranger !== undefined && strangers === 'refused')
      throw new FormatError(
        'value-not-allowed',
        0,
        `${path}${shown(stranger)} is not known; known are ${names.join(', ')}`,
      )
    this.#members = value
    this.#path = path
    this.#strangers = strangers
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#members, name)
  }

  /** Text of 1 to `most` characters, none of them a control character. */
  text(name: string, most: number): string {
    const value = this.#need(name)
    if (typeof value !== 'string')
      throw new FormatError('text-malformed', 0, `${this.#path}${name} is no text`)
    if (value.length === 0 || value.length > most)
      throw new FormatError(
        'too-large',
        0,
        `${this.#path}${name} has ${value.length} characters, 1 to ${most} are right`,
      )
    if (/\p{Cc}/u.test(value) || !value.isWellFormed())
      throw new FormatError('text-malformed', 0, `${this.#path}${name} has a control character`)
    return value
  }

  /** 1 to `most` bytes in base64 with padding, in its one spelling. */
  bytes(name: string, most: number): Uint8Array {
    const text = this.text(name, Math.ceil(most / 3) * 4)
    const bytes = strictBase64(text, `${this.#path}${name}`)
    if (bytes.length > most)
      throw new FormatError(
        'too-large',
        0,
        `${this.#path}${name} has ${bytes.length} bytes, at most ${most}`,
      )
    return bytes
  }

  /** An instant in RFC 3339, in UTC. */
  instant(name: string): Temporal.Instant {
    const text = this.text(name, 40)
    try {
      return Temporal.Instant.from(text)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw new FormatError('time-malformed', 0, `${this.#path}${name}`)
    }
  }

  /** A whole number from 0 to `most`; -0 is another text for 0, and refused. */
  number(name: string, most: number): number {
    const value = this.#need(name)
    const isWhole = typeof value === 'number' && Number.isInteger(value) && !Object.is(value, -0)
    if (!isWhole || value < 0 || value > most)
      throw new FormatError(
        'value-not-allowed',
        0,
        `${this.#path}${name} is no number from 0 to ${most}`,
      )
    return value
  }

  flag(name: string): boolean {
    const value = this.#need(name)
    if (typeof value === 'boolean') return value
    throw new FormatError('value-not-allowed', 0, `${this.#path}${name} is neither true nor false`)
  }

  /** `from` to `most` items; each is read out of an object that has it as its member `item`. */
  list<T>(name: string, from: number, most: number, read: (item: Members) => T): readonly T[] {
    const value = this.#need(name)
    if (!isArray(value))
      throw new FormatError('text-malformed', 0, `${this.#path}${name} is no list`)
    if (value.length < from || value.length > most)
      throw new FormatError(
        'too-many',
        0,
        `${this.#path}${name} has ${value.length} items, ${from} to ${most} are right`,
      )
    return value.map((item, index) =>
      read(new Members({ item }, `${this.#path}${name}[${index}].`, ['item'], this.#strangers)),
    )
  }

  /** The object that stands under a name. */
  object(name: string, names: readonly string[]): Members {
    const path = name === 'item' ? this.#path : `${this.#path}${name}.`
    return new Members(this.#need(name), path, names, this.#strangers)
  }

  #need(name: string): Json {
    const value = this.has(name) ? this.#members[name] : undefined
    if (value === undefined) throw new FormatError('element-missing', 0, `${this.#path}${name}`)
    return value
  }
}

function strictBase64(text: string, path: string): Uint8Array {
  try {
    return parseStrictBase64(text)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new FormatError(error.code, 0, path)
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new FormatError('text-malformed', 0, 'not UTF-8')
  }
}

/** A stranger's word as it may stand in our answer: short, one line, ASCII. */
function shown(word: string): string {
  return word.replace(/[^ -~]/g, '?').slice(0, 40)
}
