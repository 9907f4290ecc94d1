// SPDX-License-Identifier: Apache-2.0
/** What the fields of a release manifest are read by; each throws FormatError for what does not stand there. */
import { FormatError } from '../format-error.ts'
import { isArray, type Json } from '../tlog/canonical-json.ts'

/** A name that every file system and every container of firmware can hold. */
export const fileNameForm = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/
/** One line without anything that a terminal obeys. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it keeps out
export const lineForm = /^[^\u0000-\u001f\u007f-\u009f]{1,200}$/

/** A list in ascending order of its keys, none of which stands twice. */
export function list<T>(
  json: Json,
  what: string,
  least: number,
  most: number,
  read: (one: Json) => T,
  keyOf: (one: T) => string,
): readonly T[] {
  if (!isArray(json)) throw malformed(what)
  if (json.length > most) throw new FormatError('too-many', 0, `${what}, at most ${most}`)
  if (json.length < least) throw new FormatError('element-missing', 0, what)
  const items = json.map(read)
  for (let index = 1; index < items.length; index++)
    if (keyOf(items[index - 1]!) >= keyOf(items[index]!))
      throw new FormatError('set-not-sorted', 0, `${what}: ${keyOf(items[index]!)}`)
  return items
}

export function matching(json: Json, what: string, form: RegExp): string {
  if (typeof json === 'string' && form.test(json)) return json
  throw new FormatError('value-not-allowed', 0, `release manifest: ${what}`)
}

export function digest(json: Json): string {
  return matching(json, 'sha256', /^[0-9a-f]{64}$/)
}

export function oneOf<const W extends readonly string[]>(
  json: Json,
  what: string,
  words: W,
): W[number] {
  const found = words.find((word) => word === json)
  if (found !== undefined) return found
  throw new FormatError('value-not-allowed', 0, `${what}: not one of ${words.join(', ')}`)
}

export function whole(
  json: Json,
  what: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof json === 'number' && Number.isSafeInteger(json) && json >= least && json <= most)
    return json
  throw new FormatError('value-not-allowed', 0, `${what}: not a whole number from ${least}`)
}

export function instant(json: Json): string {
  const text = matching(json, 'supportUntil', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  try {
    if (Temporal.Instant.from(text).toString() === text) return text
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
  }
  throw new FormatError('time-malformed', 0, text)
}

export function malformed(what: string): FormatError {
  return new FormatError('text-malformed', 0, `release manifest: ${what}`)
}
