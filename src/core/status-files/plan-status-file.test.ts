// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StatusFile } from '#format/compact-status/status-file.ts'
import { applyDelta, makeDelta } from '#trust/compact-status/delta.ts'
import { statusOf } from '#trust/compact-status/status-of.ts'
import { Random, seedOfRun } from '../../../test/fuzz/random.ts'
import { keyOf, World } from '../../../test/support/status-history.ts'

/** Holds what a file says against what the ledger knows. */
function check(file: StatusFile, { rows }: World): void {
  for (const row of rows.all) {
    const isNewer = row.reservedAtMilliseconds >= file.coversUntil.epochMilliseconds
    const isOver = row.notAfterMilliseconds < file.coversUntil.epochMilliseconds
    if (isOver) continue // it says that by itself
    const said = statusOf(file, keyOf(row.authority), row.serialNumber)
    const wanted = isNewer ? 'not-covered' : row.state
    assert.equal(said, wanted, `${row.authority} ${row.serialNumber.toHex()}`)
  }
}

test('over a random history every file says of each certificate what the ledger says', async () => {
  const world = new World(new Random(seedOfRun()))
  for (let step = 0; step < 60; step++) {
    world.live()
    const made = await world.make()
    check(made.file, world)
    if (world.before !== undefined) {
      const applied = applyDelta(world.before.file.bytes, makeDelta(world.before.file, made.file))
      assert.deepEqual(applied, { kind: 'applied', bytes: made.file.bytes })
    }
    // One that goes on from nothing says the same.
    const fresh = new World(world.random)
    fresh.rows.all.push(...world.rows.all)
    fresh.now = world.now
    check((await fresh.make()).file, world)
    world.before = made
  }
})

test('what is younger than the file is not covered, whoever issued it', async () => {
  const world = new World(new Random(seedOfRun()))
  for (let step = 0; step < 10; step++) world.live()
  const { file } = await world.make()
  for (const name of ['aut_a', 'aut_b', 'aut_elsewhere'] as const) {
    for (let count = 0; count < 50; count++) world.issue(name, 30)
  }
  check(file, world)
})

test('one revocation reads the rows of one block', async () => {
  const world = new World(new Random(seedOfRun()))
  for (let count = 0; count < 1_000; count++) {
    world.pass(5)
    world.issue('aut_a', 4000)
  }
  world.pass(1)
  world.before = await world.make()
  world.rows.all[500]!.state = 'revoked'
  world.rows.read = 0
  const { file } = await world.make()
  check(file, world)
  assert.ok(world.rows.read < 100, `${world.rows.read} rows were read`)
  const delta = makeDelta(world.before.file, file)
  assert.ok(delta.length < 500, `the delta has ${delta.length} bytes`)
})

test('a block whose certificates have all expired says so, and costs nothing more', async () => {
  const world = new World(new Random(seedOfRun()))
  for (let count = 0; count < 200; count++) {
    world.pass(5)
    const row = world.issue('aut_a', 3)
    if (world.random.chance(3)) row.state = 'revoked'
  }
  world.pass(1)
  world.before = await world.make()
  world.pass(30 * 86_400)
  const { file } = await world.make()
  assert.ok(file.bytes.length < world.before.file.bytes.length)
  for (const { authority, serialNumber } of world.rows.all)
    assert.equal(statusOf(file, keyOf(authority), serialNumber), 'expired')
})

test('what is known to have ended is revoked, though nobody has the certificate', async () => {
  const world = new World(new Random(seedOfRun()))
  for (let step = 0; step < 5; step++) world.live()
  for (const authority of ['aut_a', 'aut_b', 'aut_elsewhere'] as const) {
    const { rows } = world
    const row = world.issue(authority, 30)
    rows.all.splice(rows.all.indexOf(row), 1)
    rows.allBare.push({ ...row, state: 'revoked' })
  }
  world.pass(1)
  const { file } = await world.make()
  for (const { authority, serialNumber } of world.rows.allBare)
    assert.equal(statusOf(file, keyOf(authority), serialNumber), 'revoked', authority)
  check(file, world)
})

test('what ended is told for an hour more, to readers whose clock is behind', async () => {
  const world = new World(new Random(seedOfRun()))
  const rows = [world.issue('aut_a', 3), world.issue('aut_elsewhere', 3)]
  for (let count = 0; count < 100; count++) world.issue('aut_a', 30)
  world.pass(3 * 86_400)
  for (const row of rows) row.state = 'revoked'
  const said = async () => {
    const { file } = await world.make()
    return rows.map((row) => statusOf(file, keyOf(row.authority), row.serialNumber))
  }
  world.pass(3_600)
  assert.deepEqual(await said(), ['revoked', 'revoked'])
  world.pass(1)
  assert.deepEqual(await said(), ['fine', 'not-covered'])
})

test('a certificate that is learnt later of a time that was covered is in the next file', async () => {
  const world = new World(new Random(seedOfRun()))
  for (let count = 0; count < 200; count++) {
    world.pass(5)
    if (world.random.chance(2)) world.issue('aut_a', 4000).state = 'revoked'
    else world.issue('aut_a', 4000)
  }
  const now = world.now
  world.pass(10)
  world.before = await world.make()
  world.now = now.subtract({ seconds: 400 })
  for (let count = 0; count < 30; count++) world.issue('aut_a', 4000)
  world.now = now.add({ seconds: 60 })
  check((await world.make()).file, world)
})
