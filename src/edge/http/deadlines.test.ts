// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deadlines } from './deadlines.ts'

const late = () => new Error('late')

test('work that is done in time gives what it gives, and no timer is left behind', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const deadlines = new Deadlines(800)
  assert.equal(await deadlines.within(Promise.resolve(7), late), 7)
  await assert.rejects(deadlines.within(Promise.reject(new Error('broken')), late), /broken/)
  const { promise, resolve } = Promise.withResolvers<number>()
  const slow = deadlines.within(promise, late)
  context.mock.timers.tick(700)
  resolve(8)
  assert.equal(await slow, 8)
})

test('work is late once its span is over, not before, and is counted once though it ends after', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const deadlines = new Deadlines(800)
  const { promise, resolve } = Promise.withResolvers<number>()
  let said = 'nothing'
  const slow = deadlines.within(promise, late).catch((error: Error) => {
    said = error.message
  })
  for (let part = 0; part < 8; part++) context.mock.timers.tick(100)
  await Promise.resolve()
  assert.equal(said, 'nothing')
  context.mock.timers.tick(100)
  await slow
  assert.equal(said, 'late')
  resolve(9)
  await promise
  // The next one has a span of its own.
  const next = Promise.withResolvers<number>()
  const waiting = deadlines.within(next.promise, late)
  context.mock.timers.tick(800)
  next.resolve(10)
  assert.equal(await waiting, 10)
})
