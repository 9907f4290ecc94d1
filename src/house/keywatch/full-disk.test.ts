// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { Fault } from '#core/fault.ts'
import { temporaryDirectory } from '../../../test/support/house.ts'
import { whileFull, withoutPrlimit } from '../../../test/support/small-files.ts'
import { newPrime, primeToBeTold, subsetOf, toldOf } from '../../../test/support/watched-fleet.ts'
import type { Core } from '../core.ts'
import { openPrimeWatch } from './prime-watch.ts'
import type { KeyWatch } from './runner.ts'
import { keywatchVerbs } from './verbs.ts'

const shared = newPrime()
const keys = [...subsetOf(1, 60, [shared]), ...subsetOf(101, 60, [shared])]
const told = [primeToBeTold(shared, [1, 101])]

test('a watch whose products have no room says so, keeps the keys, and goes on', {
  skip: withoutPrlimit,
}, async () => {
  const directory = temporaryDirectory()
  const watch = await openPrimeWatch(directory)
  await watch.add(keys.slice(0, 60))
  await watch.run()
  await watch.add(keys.slice(60))
  const full = { name: 'Fault', code: 'store-full' }
  // In the thread that makes the product, and where it is joined with the one of before.
  await whileFull(1_000, () => assert.rejects(watch.run(), full))
  assert.equal((await watch.state()).waiting, 60, 'none counts as tested')
  await whileFull(4_000, () => assert.rejects(watch.run(), full))
  assert.equal((await watch.state()).waiting, 0, 'what had room is done')
  await watch.close()
  const again = await openPrimeWatch(directory)
  assert.deepEqual(toldOf(await again.run()), told)
  await again.close()
  const names = readdirSync(directory).map((name) => name.split('.').slice(1).join('.'))
  const products = ['branches', 'branches', 'product', 'product']
  assert.deepEqual(names.sort(), [products, 'json', 'keys', 'keys', 'keys'].flat().sort())
})

test('who asks for a run that breaks for want of room is told what to do', async () => {
  const cause = new Fault('store-full', 'cannot write')
  const watch = { runNow: async () => ({ kind: 'failed', cause }) } as unknown as KeyWatch
  const answer = await keywatchVerbs({} as Core, watch)['keywatch.run']({}, {} as never)
  assert.ok(Symbol.asyncIterator in answer)
  const [line] = await Array.fromAsync(answer)
  assert.ok(line?.kind === 'refused')
  assert.equal(line.reason, 'store-full')
  assert.match(line.detail, /what was tested is booked: free space, and it goes on by itself/)
})
