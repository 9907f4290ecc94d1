// SPDX-License-Identifier: Apache-2.0

import { FormatError } from '#format/format-error.ts'
import { parseCanonicalJson } from '#format/tlog/canonical-json.ts'
import { encodeEventBody, parseEventBody } from '#format/tlog/event-body.ts'
import { type Actor, type AuditEvent, actorKinds, type EventType, eventTypes } from './event.ts'

/**
 * The bytes of an event that the log commits to: canonical JSON as `EventBody` documents it.
 *
 * Time is cut to milliseconds. The bytes are stored as they are and never made again.
 *
 * @throws FormatError `value-not-allowed` if a fact is a number that is not finite
 */
export function encodeEvent({ type, at, actor, subjects, facts }: AuditEvent): Uint8Array {
  const time = at.toString({ fractionalSecondDigits: 3 })
  return encodeEventBody({ type, at: time, actor, subjects, facts })
}

/**
 * Reads the stored bytes of an event.
 *
 * @throws FormatError `text-malformed`, or `value-not-allowed` for a type or actor that this version
 *   does not know
 */
export function parseEvent(bytes: Uint8Array): AuditEvent {
  const body = parseEventBody(parseCanonicalJson(decodeUtf8(bytes)))
  const { subjects, facts } = body
  const { id } = body.actor
  const at = Temporal.Instant.from(body.at)
  return {
    type: parseType(body.type),
    at,
    actor: { kind: parseKind(body.actor.kind), id },
    subjects,
    facts,
  }
}

function parseType(type: string): EventType {
  if (!Object.hasOwn(eventTypes, type)) {
    throw new FormatError('value-not-allowed', 0, `event type ${type}`)
  }
  return type as EventType
}

function parseKind(kind: string): Actor['kind'] {
  const known = actorKinds.find((one) => one === kind)
  if (known === undefined) throw new FormatError('value-not-allowed', 0, `actor kind ${kind}`)
  return known
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    if (cause instanceof TypeError) throw new FormatError('string-characters', 0, 'not UTF-8')
    throw cause
  }
}
