// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fault } from '../fault.ts'
import { type Refusal, refusals } from '../refusal.ts'
import type { AuditEvent } from './event.ts'
import { RefusalMeter } from './refusal-meter.ts'

function world() {
  let now = Temporal.Instant.from('2026-01-01T00:00:00Z')
  let failure: Error | undefined
  const written: AuditEvent[] = []
  const meter = new RefusalMeter(
    {
      clock: { now: () => now },
      async write(events) {
        if (failure !== undefined) throw failure
        written.push(...events)
      },
    },
    { perSourceAndReason: 2, inAll: 5 },
  )
  return {
    meter,
    written,
    pass: (seconds: number) => {
      now = now.add({ seconds })
    },
    failWith: (error: Error | undefined) => {
      failure = error
    },
  }
}

function refused(source: string, reason: Refusal = 'code-wrong') {
  return { reason, detail: 'no such code', source, subjects: ['PUMP-0001'] }
}

/** How many refusals the events tell of, one by one or by number. */
function told(events: readonly AuditEvent[]): number {
  return events.reduce((sum, { type, facts }) => {
    if (type === 'request-refused') return sum + 1
    const counts = refusals.map((reason) => facts[reason] ?? 0)
    return sum + counts.reduce<number>((all, count) => all + Number(count), 0)
  }, 0)
}

test('the first refusals of a source are told in detail, the rest by number', async () => {
  const { meter, written } = world()
  for (let at = 0; at < 10; at++) await meter.note(refused('192.0.2.1'))
  assert.equal(written.length, 2)
  assert.deepEqual(written[0], {
    type: 'request-refused',
    at: Temporal.Instant.from('2026-01-01T00:00:00Z'),
    actor: { kind: 'stranger', id: '192.0.2.1' },
    subjects: ['PUMP-0001'],
    facts: { reason: 'code-wrong', detail: 'no such code' },
  })
  await meter.flush()
  const summary = written.at(-1)
  assert.equal(summary?.type, 'requests-refused')
  assert.deepEqual(summary?.facts, { since: '2026-01-01T00:00:00Z', 'code-wrong': 8 })
})

test('another reason, another source and another minute are told anew', async () => {
  const { meter, written, pass } = world()
  for (let at = 0; at < 3; at++) await meter.note(refused('a'))
  await meter.note(refused('a', 'key-too-weak'))
  await meter.note(refused('b'))
  assert.equal(written.length, 4)
  pass(60)
  await meter.note(refused('a'))
  assert.equal(written.length, 5)
})

test('many sources together stay under one limit a minute', async () => {
  const { meter, written } = world()
  for (let at = 0; at < 1000; at++) await meter.note(refused(`source ${at}`))
  assert.equal(written.length, 5)
  await meter.flush()
  assert.equal(told(written), 1000)
})

test('a clock set back opens a new minute', async () => {
  const { meter, written, pass } = world()
  for (let at = 0; at < 3; at++) await meter.note(refused('a'))
  pass(-7200)
  await meter.note(refused('a'))
  assert.equal(written.length, 3)
})

test('nothing is written when there is nothing to count', async () => {
  const { meter, written } = world()
  await meter.flush()
  await meter.note(refused('a'))
  await meter.flush()
  assert.equal(written.length, 1)
})

test('a long detail is cut', async () => {
  const { meter, written } = world()
  await meter.note({ ...refused('a'), detail: 'x'.repeat(10_000) })
  assert.equal(String(written[0]?.facts.detail).length, 500)
})

test('on a full disk the refusal is counted, and told when there is space', async () => {
  const { meter, written, failWith } = world()
  failWith(new Fault('store-full', 'no space'))
  await meter.note(refused('a'))
  await assert.rejects(meter.flush(), { code: 'store-full' })
  await meter.note(refused('a'))
  failWith(undefined)
  await meter.flush()
  assert.deepEqual(
    written.map(({ facts }) => facts['code-wrong']),
    [2],
  )
})

test('another break is not swallowed', async () => {
  const { meter, failWith } = world()
  failWith(new Fault('store-unreachable', 'gone'))
  await assert.rejects(meter.note(refused('a')), { code: 'store-unreachable' })
})

test('every refusal is told once, whatever comes when', async () => {
  const act = fc.oneof(
    fc.record({
      kind: fc.constant('note' as const),
      source: fc.nat(3),
      reason: fc.constantFrom(...refusals),
    }),
    fc.record({ kind: fc.constant('pass' as const), seconds: fc.nat(90) }),
    fc.record({ kind: fc.constant('flush' as const), full: fc.boolean() }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 80 }), async (acts) => {
      const { meter, written, pass, failWith } = world()
      let notes = 0
      for (const one of acts) {
        if (one.kind === 'note') {
          notes++
          await meter.note(refused(`source ${one.source}`, one.reason))
        } else if (one.kind === 'pass') {
          pass(one.seconds)
        } else {
          failWith(one.full ? new Fault('store-full', 'no space') : undefined)
          await meter.flush().catch((error) => assert.ok(error instanceof Fault))
          failWith(undefined)
        }
      }
      await meter.flush()
      assert.equal(told(written), notes)
    }),
  )
})
