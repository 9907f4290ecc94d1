// SPDX-License-Identifier: Apache-2.0
/** Members of foreign documents: what is there must be of its kind, what is not needed may be missing. */
import { FormatError } from '../format-error.ts'
import { isArray, type Json, type JsonObject } from '../tlog/canonical-json.ts'

/** Of a document that lists fifty thousand components with all that a tool can say of each. */
export const documentLimits = { octets: 33_554_432, depth: 64, values: 4_000_000 } as const
const longestText = 65_536

/** @throws FormatError `text-malformed` */
export function objectIn(json: Json | undefined, path: string): JsonObject {
  if (json === undefined || json === null || typeof json !== 'object' || isArray(json))
    throw wrong(path, 'an object')
  return json
}

export function optionalObject(object: JsonObject, name: string, path: string) {
  const value = object[name]
  return value === undefined ? undefined : objectIn(value, `${path}.${name}`)
}

/** Members of a list, each an object; a list that is missing has none. */
export function objectsIn(
  object: JsonObject,
  name: string,
  path: string,
): readonly { readonly item: JsonObject; readonly path: string }[] {
  const value = object[name]
  if (value === undefined) return []
  if (!isArray(value)) throw wrong(`${path}.${name}`, 'a list')
  return value.map((one, index) => {
    const place = `${path}.${name}[${index}]`
    return { item: objectIn(one, place), path: place }
  })
}

export function textsIn(object: JsonObject, name: string, path: string): readonly string[] {
  const value = object[name]
  if (value === undefined) return []
  if (!isArray(value)) throw wrong(`${path}.${name}`, 'a list')
  return value.map((one, index) => {
    if (typeof one !== 'string') throw wrong(`${path}.${name}[${index}]`, 'text')
    return one
  })
}

/** A text that has to be there, with something in it. */
export function textIn(object: JsonObject, name: string, path: string): string {
  const text = optionalText(object, name, path)
  if (text === undefined) throw new FormatError('element-missing', 0, `${path}.${name}`)
  return text
}

/** A text; undefined: it is missing, or there is nothing in it. */
export function optionalText(object: JsonObject, name: string, path: string): string | undefined {
  const value = object[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw wrong(`${path}.${name}`, 'text')
  if (value.length > longestText) throw new FormatError('too-large', 0, `${path}.${name}`)
  const text = value.trim()
  return text === '' ? undefined : text
}

/** An instant as people write it in such documents, with any zone; undefined: it is missing. */
export function optionalInstant(
  object: JsonObject,
  name: string,
  path: string,
): Temporal.Instant | undefined {
  const text = optionalText(object, name, path)
  if (text === undefined) return undefined
  try {
    return Temporal.Instant.from(text)
  } catch (cause) {
    if (cause instanceof RangeError) throw new FormatError('time-malformed', 0, `${path}.${name}`)
    throw cause
  }
}

export function wrong(path: string, what: string): FormatError {
  return new FormatError('text-malformed', 0, `${path} is not ${what}`)
}
