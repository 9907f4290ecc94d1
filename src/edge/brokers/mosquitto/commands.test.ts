// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mutateText } from '../../../../test/fuzz/mutate-text.ts'
import { Random, seedOfRun } from '../../../../test/fuzz/random.ts'
import { barredAsFoundRole, barredRole, isFulfilled, readClient } from './commands.ts'

const seed = seedOfRun()
const barringRoles: readonly string[] = [barredRole, barredAsFoundRole]
const said = {
  client: {
    ...{ username: 'PUMP-1', disabled: true, textname: 'made by Vitalsign to be barred' },
    roles: [{ rolename: barredRole, priority: 1_000_000 }],
  },
}

test(`what a broker says of a client that was bent is read as that client, or not at all (seed ${seed})`, () => {
  const random = new Random(seed)
  const original = new TextEncoder().encode(JSON.stringify(said))
  let read = 0
  for (let count = 0; count < 5000; count++) {
    let bent: unknown
    try {
      bent = JSON.parse(new TextDecoder().decode(mutateText(random, original)))
    } catch (error) {
      assert.ok(error instanceof SyntaxError)
      continue
    }
    const known = readClient('PUMP-1', bent)
    if (known === undefined) continue
    read++
    assert.ok(known.roles.every((role) => typeof role === 'string'))
    // Barred is who is disabled and has one of the roles, whatever else is said.
    const isBarred = known.roles.some((role) => barringRoles.includes(role))
    assert.equal(isFulfilled('bar', known), isBarred && known.isDisabled)
    assert.equal(isFulfilled('admit', known), !isBarred)
  }
  assert.ok(read > 0 && read < 5000)
})

test('a client is not read from what is said of another, or of nobody', () => {
  assert.equal(readClient('PUMP-2', said), undefined)
  for (const nothing of [undefined, null, 1, 'PUMP-1', [], {}, { client: null }])
    assert.equal(readClient('PUMP-1', nothing), undefined)
  assert.equal(readClient('PUMP-1', { client: { username: 'PUMP-1' } }), undefined)
  assert.equal(isFulfilled('bar', undefined), false)
  assert.equal(isFulfilled('bar', { isDisabled: false, roles: [barredRole], isOurs: true }), false)
  assert.equal(isFulfilled('bar', { isDisabled: true, roles: ['service'], isOurs: true }), false)
})
