// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DoorKeeper } from './door-keeper.ts'

test('doors that could not be read are read again, and nothing is signed by old ones for long', async () => {
  const given = keeper()
  const { keeper: kept } = given
  await kept.renew()
  assert.ok(kept.isCurrent)
  given.isBroken = true
  await kept.renew()
  assert.ok(kept.isCurrent, 'a moment is borne')
  given.now += 10_001
  assert.ok(!kept.isCurrent)
  assert.throws(kept.demandCurrent, { code: 'store-unreachable' })
  assert.deepEqual(given.reported, ['away'])
  given.isBroken = false
  await given.goOn()
  assert.ok(kept.isCurrent)
  kept.demandCurrent()
})

test('a reading that hangs counts as one that broke', async () => {
  const given = keeper()
  given.hangs = true
  void given.keeper.renew()
  assert.ok(given.keeper.isCurrent)
  given.now += 10_001
  assert.ok(!given.keeper.isCurrent)
})

test('a node that does not hear the others is not current', () => {
  const given = keeper()
  given.hears = false
  assert.throws(given.keeper.demandCurrent, { code: 'store-unreachable' })
})

test('a house that closes tries no more', async () => {
  const given = keeper()
  given.isBroken = true
  await given.keeper.renew()
  given.keeper.close()
  await given.goOn()
  assert.equal(given.tries, 1)
})

function keeper() {
  const pauses: (() => void)[] = []
  const given = {
    ...{ now: 0, hears: true, isBroken: false, hangs: false, tries: 0 },
    reported: [] as string[],
    /** Ends the pauses, and lets what follows them happen. */
    async goOn() {
      for (const end of pauses.splice(0)) end()
      for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate)
    },
    get keeper() {
      return kept
    },
  }
  const kept = new DoorKeeper({
    doors: {
      async reload() {
        given.tries++
        if (given.hangs) await new Promise(() => {})
        if (given.isBroken) throw new Error('away')
      },
    },
    elsewhere: { hears: () => given.hears },
    report: (_, cause) => given.reported.push(cause instanceof Error ? cause.message : ''),
    pause: () => new Promise((resolve) => pauses.push(resolve)),
    now: () => given.now,
  })
  return given
}
