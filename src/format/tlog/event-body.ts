// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { encodeCanonicalJson, hasMembers, isArray, type Json } from './canonical-json.ts'

const encoder = new TextEncoder()

export type Fact = string | number | boolean | null

/**
 * An event as the log keeps it.
 *
 * Its bytes are canonical JSON (RFC 8785), so the members stand in this order: `actor` (`id`,
 * `kind`), `at`, `facts` (by name), `subjects` (in the event's own order), `type`.
 */
export interface EventBody {
  readonly actor: { readonly id: string; readonly kind: string }
  /** RFC 3339, UTC with `Z`, three digits of a second. */
  readonly at: string
  readonly facts: Readonly<Record<string, Fact>>
  readonly subjects: readonly string[]
  readonly type: string
}

/** @throws FormatError `value-not-allowed` for a number that is not finite */
export function encodeEventBody({ actor, at, facts, subjects, type }: EventBody): Uint8Array {
  const { id, kind } = actor
  const text = encodeCanonicalJson({ actor: { id, kind }, at, facts, subjects, type })
  return encoder.encode(text)
}

/** @throws FormatError `text-malformed` if it is not an event of exactly these members */
export function parseEventBody(json: Json): EventBody {
  if (!hasMembers(json, ['actor', 'at', 'facts', 'subjects', 'type'])) throw malformed('members')
  const { actor, at, facts, subjects, type } = json
  if (!hasMembers(actor, ['id', 'kind'])) throw malformed('actor')
  const { id, kind } = actor
  if (typeof id !== 'string' || typeof kind !== 'string') throw malformed('actor')
  if (typeof at !== 'string' || !isTime(at)) throw malformed('at')
  if (typeof type !== 'string') throw malformed('type')
  if (!isArray(subjects) || !subjects.every(isText)) throw malformed('subjects')
  return { actor: { id, kind }, at, facts: parseFacts(facts), subjects, type }
}

/** @throws FormatError `text-malformed` if it is not an object of plain values */
export function parseFacts(json: Json): Readonly<Record<string, Fact>> {
  if (json === null || typeof json !== 'object' || isArray(json)) throw malformed('facts')
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => {
      if (value !== null && typeof value === 'object') throw malformed(`fact ${name}`)
      return [name, value]
    }),
  )
}

function isText(value: Json): value is string {
  return typeof value === 'string'
}

function isTime(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) return false
  try {
    return Temporal.Instant.from(text).toString({ fractionalSecondDigits: 3 }) === text
  } catch (cause) {
    if (cause instanceof RangeError) return false
    throw cause
  }
}

function malformed(what: string): FormatError {
  return new FormatError('text-malformed', 0, `event: ${what}`)
}
