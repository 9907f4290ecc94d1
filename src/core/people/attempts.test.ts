// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Attempts } from './attempts.ts'

const start = Temporal.Instant.from('2027-01-01T00:00:00Z')

/** Attempts that are let through in a row before the first that is refused. */
function admitted(
  attempts: Attempts,
  name: () => string,
  source: () => string,
  now = start,
): number {
  let count = 0
  while (count < 100 && attempts.begin(name(), source(), now) === undefined) count++
  return count
}

test('a name bears five failures, a source ten, wherever the others go', () => {
  let turn = 0
  assert.equal(
    admitted(
      new Attempts(),
      () => 'ada',
      () => `source ${turn++}`,
    ),
    5,
  )
  assert.equal(
    admitted(
      new Attempts(),
      () => `name ${turn++}`,
      () => 'somewhere',
    ),
    10,
  )
})

test('the wait doubles, up to a minute for a name', () => {
  const attempts = new Attempts()
  let now = start
  let source = 0
  const waits: number[] = []
  for (let count = 0; count < 14; count++) {
    let waited = 0
    while (attempts.begin('ada', `source ${source++}`, now) !== undefined) {
      now = now.add({ seconds: 1 })
      waited++
    }
    waits.push(waited)
  }
  assert.deepEqual(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60])
})

test('attempts side by side do not slip past the count', () => {
  const attempts = new Attempts()
  const begun = Array.from({ length: 20 }, () => attempts.begin('ada', 'somewhere', start))
  assert.equal(begun.filter((refused) => refused === undefined).length, 5)
  assert.ok(begun.at(-1)?.detail.includes('wait 1 seconds'))
})

test('a good attempt clears the name, and an hour clears all', () => {
  const attempts = new Attempts()
  admitted(
    attempts,
    () => 'ada',
    () => 'somewhere',
  )
  attempts.succeeded('ada', 'somewhere')
  assert.equal(attempts.begin('ada', 'somewhere', start), undefined)
  admitted(
    attempts,
    () => 'eve',
    () => 'elsewhere',
  )
  const later = start.add({ hours: 1 })
  assert.equal(
    admitted(
      attempts,
      () => 'eve',
      () => 'elsewhere',
      later,
    ),
    5,
  )
})

test('memory is bounded: the oldest name is forgotten first', () => {
  const attempts = new Attempts()
  admitted(
    attempts,
    () => 'ada',
    () => 'somewhere',
  )
  for (let count = 0; count < 5000; count++)
    attempts.begin(`name ${count}`, `source ${count}`, start)
  assert.equal(attempts.begin('ada', 'somewhere', start), undefined)
})
