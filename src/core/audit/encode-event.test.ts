// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { eventTypesOf, recordRules } from '#format/tlog/export/record-rules.ts'
import { encodeEvent, parseEvent } from './encode-event.ts'
import { type AuditEvent, actorKinds, type EventType, eventTypes } from './event.ts'

const types = Object.keys(eventTypes) as EventType[]
const events: fc.Arbitrary<AuditEvent> = fc.record(
  {
    type: fc.constantFrom(...types),
    at: fc
      .integer({ min: 0, max: 253_402_300_799_999 })
      .map(Temporal.Instant.fromEpochMilliseconds),
    actor: fc.record(
      { kind: fc.constantFrom(...actorKinds), id: fc.string({ unit: 'grapheme' }) },
      { noNullPrototype: true },
    ),
    subjects: fc.array(fc.string()),
    facts: fc.dictionary(
      fc.string(),
      fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.maxSafeInteger(),
        fc.boolean(),
        fc.constant(null),
      ),
      { noNullPrototype: true },
    ),
  },
  { noNullPrototype: true },
)

test('bytes and event are inverse', () => {
  fc.assert(
    fc.property(events, (event) => {
      const bytes = encodeEvent(event)
      const parsed = parseEvent(bytes)
      assert.ok(Temporal.Instant.compare(parsed.at, event.at) === 0)
      assert.deepEqual({ ...parsed, at: 0 }, { ...event, at: 0 })
      assert.deepEqual(encodeEvent(parsed), bytes)
    }),
  )
})

test('time is told in milliseconds and UTC', () => {
  const at = Temporal.Instant.from('2026-01-02T04:04:05.123456789+01:00')
  const event = {
    type: 'server-started',
    at,
    actor: { kind: 'house', id: '' },
    subjects: [],
    facts: {},
  } as const
  assert.match(new TextDecoder().decode(encodeEvent(event)), /"at":"2026-01-02T03:04:05.123Z"/)
})

test('refuses bytes that are not an event of this house', () => {
  const text =
    '{"actor":{"id":"x","kind":"house"},"at":"2026-01-02T03:04:05.678Z","facts":{},"subjects":[],"type":"server-started"}'
  assert.equal(parseEvent(bytesOf(text)).type, 'server-started')
  const wrong: readonly (readonly [Uint8Array, string])[] = [
    [bytesOf(text.replace('server-started', 'server-sighed')), 'value-not-allowed'],
    [bytesOf(text.replace('server-started', 'toString')), 'value-not-allowed'],
    [bytesOf(text.replace('house', 'horse')), 'value-not-allowed'],
    [bytesOf(`${text} `), 'text-malformed'],
    [Uint8Array.of(0xff), 'string-characters'],
  ]
  for (const [bytes, code] of wrong) assert.throws(() => parseEvent(bytes), { code })
})

test('the rules of the export speak of event types that exist', () => {
  for (const rule of Object.values(recordRules)) {
    for (const type of eventTypesOf(rule)) assert.ok(Object.hasOwn(eventTypes, type), type)
  }
})

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
