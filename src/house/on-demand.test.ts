// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onDemand } from './on-demand.ts'

test('what is made on demand is made once, for all who ask while it is made', async () => {
  let made = 0
  const room = onDemand(async () => ++made)
  assert.equal(made, 0)
  assert.deepEqual(await Promise.all([room(), room()]), [1, 1])
  assert.equal(await room(), 1)
})

test('what could not be made is told to all who asked, and made anew for the next', async () => {
  let tries = 0
  const room = onDemand(async () => {
    if (++tries === 1) throw new Error('cannot be read now')
    return tries
  })
  const asked = await Promise.allSettled([room(), room()])
  assert.deepEqual(
    asked.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal(await room(), 2)
})
