// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'

/** One member of an object that JSON gave, by type; the place is named in what is thrown. @throws FormatError */
export function memberOf<T>(
  from: Readonly<Record<string, unknown>>,
  name: string,
  is: (value: unknown) => value is T,
  what: string,
): T {
  const value = Object.hasOwn(from, name) ? from[name] : undefined
  if (is(value)) return value
  const fault = value === undefined ? 'is missing' : `is not ${what}`
  throw new FormatError('value-not-allowed', 0, `${name} ${fault}`)
}

export function isText(value: unknown): value is string {
  return typeof value === 'string'
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

/** @throws FormatError `text-malformed` for what is no JSON object */
export function parseObject(text: string, what: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new FormatError('text-malformed', 0, `${what} is not JSON`)
  }
  if (!isRecord(value)) throw new FormatError('text-malformed', 0, `${what} is no object`)
  return value
}
