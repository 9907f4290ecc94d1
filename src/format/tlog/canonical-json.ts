// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [name: string]: Json
}

/** What we write is at most five deep; anything deeper is not ours. */
const maxDepth = 16

/**
 * The one canonical text of a value: no spaces, members sorted by UTF-16 code units, numbers as
 * ECMAScript prints them. A lone surrogate becomes U+FFFD, since JCS knows no text with one.
 *
 * @throws FormatError `value-not-allowed` for a number that is not finite, `too-deep`
 * @see RFC 8785 section 3.2
 */
export function encodeCanonicalJson(value: Json, depth = 0): string {
  if (depth > maxDepth) throw new FormatError('too-deep', 0)
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed())
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new FormatError('value-not-allowed', 0, `the number ${value}`)
  }
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  let text = ''
  if (isArray(value)) {
    for (const item of value) {
      text += `${text === '' ? '' : ','}${encodeCanonicalJson(item, depth + 1)}`
    }
    return `[${text}]`
  }
  for (const name of Object.keys(value).sort()) {
    const member = `${encodeCanonicalJson(name)}:${encodeCanonicalJson(value[name]!, depth + 1)}`
    text += text === '' ? member : `,${member}`
  }
  return `{${text}}`
}

/**
 * Reads a canonical text, and nothing else: another spelling of the same value is refused.
 *
 * @throws FormatError `text-malformed` with the offset of the first character that differs from the
 *   canonical text; 0 if it is not JSON at all
 */
export function parseCanonicalJson(text: string): Json {
  const value = parseJson(text)
  demandSame(text, encodeCanonicalJson(value))
  return value
}

/** @throws FormatError `text-malformed` at the first character in which the two differ */
export function demandSame(text: string, canonical: string): void {
  if (text === canonical) return
  let offset = 0
  while (text[offset] === canonical[offset]) offset++
  throw new FormatError('text-malformed', offset, 'not the canonical text')
}

/** Whether it is an object with exactly these members. */
export function hasMembers<const N extends string>(
  value: Json | undefined,
  names: readonly N[],
): value is { readonly [K in N]: Json } {
  if (value === null || typeof value !== 'object' || isArray(value)) return false
  const found = Object.keys(value)
  return found.length === names.length && names.every((name) => Object.hasOwn(value, name))
}

/** `Array.isArray` that also narrows a read-only array. */
export function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

/** Any JSON. @throws FormatError `text-malformed` */
export function parseJson(text: string): Json {
  try {
    return JSON.parse(text)
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new FormatError('text-malformed', 0, 'not JSON')
    throw cause
  }
}
