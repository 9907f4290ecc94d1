// SPDX-License-Identifier: Apache-2.0
/** What statements that people sign are read by: canonical JSON, and fields that mean one thing. */
import { FormatError } from '../format-error.ts'
import { hasMembers, type Json, parseCanonicalJson } from '../tlog/canonical-json.ts'

/** Printable text of one line, without blanks at its ends and without anything that a terminal obeys. */
export const printedForm = /^[^\p{C}\p{Z}](?:[^\p{C}\p{Zl}\p{Zp}]*[^\p{C}\p{Z}])?$/u

/** RFC 3339, whole seconds, with the offset of the place where it was written. */
const zonedForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)$/

/** A statement's members, whatever they hold. @throws FormatError unless it is canonical and has exactly these */
export function readStatement<const N extends string>(
  bytes: Uint8Array,
  most: number,
  names: readonly N[],
): { readonly [K in N]: Json } {
  if (bytes.length > most) throw new FormatError('too-large', most)
  const json = parseCanonicalJson(textOf(bytes))
  if (!hasMembers(json, names)) throw new FormatError('text-malformed', 0, 'members of a statement')
  return json
}

/** @throws FormatError */
export function matching(json: Json, what: string, form: RegExp): string {
  if (typeof json === 'string' && form.test(json)) return json
  throw new FormatError('value-not-allowed', 0, what)
}

/** Printable text of at most so many characters. @throws FormatError */
export function printed(json: Json, what: string, most: number): string {
  const text = matching(json, what, printedForm)
  if (text.length > most) throw new FormatError('too-large', most, what)
  return text
}

/** @throws FormatError */
export function oneOf<const W extends readonly string[]>(
  json: Json,
  what: string,
  words: W,
): W[number] {
  const found = words.find((word) => word === json)
  if (found !== undefined) return found
  throw new FormatError('value-not-allowed', 0, `${what}: not one of ${words.join(', ')}`)
}

/** An instant as somebody wrote it, with its offset. @throws FormatError */
export function zoned(json: Json, what: string): string {
  const text = matching(json, what, zonedForm)
  try {
    Temporal.Instant.from(text)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new FormatError('time-malformed', 0, text)
  }
  // What the calendar has not is rounded by some readers: the text has to come out again as it is.
  const day = Temporal.PlainDateTime.from(text.slice(0, 19)).toString({ smallestUnit: 'second' })
  if (day !== text.slice(0, 19)) throw new FormatError('time-malformed', 0, text)
  return text
}

/** Octets in the one base64 of them. @throws FormatError */
export function octets(json: Json, what: string): Uint8Array {
  const text = matching(json, what, /^[A-Za-z0-9+/]+={0,2}$/)
  try {
    const bytes = Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' })
    if (bytes.toBase64() === text) return bytes
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new FormatError('text-malformed', 0, `${what}: not base64`)
}

/** @throws FormatError */
export function version(json: Json, known: number): void {
  if (json !== known) throw new FormatError('version-unknown', 0, `only format ${known} is known`)
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new FormatError('text-malformed', 0, 'not UTF-8')
  }
}
