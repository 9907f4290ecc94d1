// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { bytesOf } from '#trust/weak-keys/shared-primes/octets.ts'
import { temporaryDirectory } from '../../../test/support/house.ts'
import {
  newPrime,
  primeToBeTold,
  subsetOf,
  toldOf,
  watchedId,
  watchedKeys,
} from '../../../test/support/watched-fleet.ts'
import { openPrimeWatch, type PrimeWatchProgress } from './prime-watch.ts'

/** Four subsets: two that were tested on days of their own, and two that come on one day. */
const firsts = { a: 1, b: 1_001, c: 2_001, d: 3_001 }
const sizes = { a: 700, b: 300, c: 70, d: 30 }
type Name = keyof typeof firsts

const combinations: readonly (readonly Name[])[] = [
  ...(['aa', 'ab', 'ac', 'ad', 'bb', 'bc', 'bd', 'cc', 'cd', 'dd'] as const),
  ...(['abc', 'abcd', 'aabbccdd'] as const),
].map((names) => [...names] as Name[])

function plantedFleet() {
  const planted: Record<Name, bigint[]> = { a: [], b: [], c: [], d: [] }
  const primes = combinations.map((names) => {
    const prime = newPrime()
    const members = names.map((name) => {
      planted[name].push(prime)
      return { name, key: firsts[name] + planted[name].length - 1 }
    })
    return { prime, members }
  })
  /** Once these subsets are there: each prime that two of their keys have. */
  const toldBy = (...names: readonly Name[]) =>
    primes
      .map(({ prime, members }) => ({
        prime,
        keys: members.filter(({ name }) => names.includes(name)).map(({ key }) => key),
      }))
      .filter((one) => one.keys.length > 1)
      .map((one) => primeToBeTold(one.prime, one.keys))
      .sort()
  const keysOf = (name: Name) => subsetOf(firsts[name], sizes[name], planted[name])
  return { toldBy, keys: { a: keysOf('a'), b: keysOf('b'), c: keysOf('c'), d: keysOf('d') } }
}

test('a prime is found in whichever subsets it is shared, on the day that its second key comes', async () => {
  const { toldBy, keys } = plantedFleet()
  const directory = temporaryDirectory()
  // Each day opens it anew, as a house that was stopped at night does.
  const day = async (...some: readonly Name[]) => {
    const watch = await openPrimeWatch(directory, { chunkBits: 192 * 350 })
    for (const name of some) await watch.add(keys[name])
    const told = toldOf(await watch.run())
    const state = await watch.state()
    await watch.close()
    return { told, state }
  }
  const first = await day('a')
  assert.deepEqual(first.told, toldBy('a'))
  // More than is worked on at once: two products, and the one of both that is kept.
  assert.deepEqual([first.state.productsMade, first.state.subsets], [3, 1])
  assert.deepEqual((await day('b')).told, toldBy('a', 'b'))
  const third = await day('c', 'd')
  assert.deepEqual(third.told, toldBy('a', 'b', 'c', 'd'))
  assert.equal(third.state.keys, 1_100)
  assert.equal(third.state.waiting, 0)
  assert.equal(third.state.productsRemade, 0)
})

test("a day's keys are tested with the products of the days before, which stay as they are", async () => {
  const directory = temporaryDirectory()
  const watch = await openPrimeWatch(directory)
  await watch.add(subsetOf(1, 400, []))
  await watch.run()
  const before = filesWithTimes(directory)
  assert.equal((await watch.state()).productsMade, 1)
  for (const day of [1, 2]) {
    await watch.add(subsetOf(1_000 * day, 10, []))
    await watch.run()
  }
  const after = filesWithTimes(directory)
  for (const [name, time] of before) assert.equal(after.get(name), time, name)
  // One for each day, and one that joins the two days; never that of the 400.
  assert.equal((await watch.state()).productsMade, 4)
  assert.equal((await watch.state()).subsets, 2)
  await watch.close()
})

function filesWithTimes(directory: string): Map<string, number> {
  const names = readdirSync(directory).filter((name) => !name.endsWith('.json'))
  return new Map(names.map((name) => [name, statSync(join(directory, name)).mtimeMs]))
}

test('keys that are known are passed over, whoever adds them again', async () => {
  const directory = temporaryDirectory()
  const keys = subsetOf(1, 20, [])
  const watch = await openPrimeWatch(directory)
  assert.equal(await watch.add([...keys, ...keys]), 20)
  assert.equal(await watch.add(keys), 0)
  await watch.close()
  const again = await openPrimeWatch(directory)
  assert.equal(await again.add(keys), 0)
  assert.deepEqual(await again.run(), [])
  assert.equal((await again.state()).keys, 20)
  await again.close()
})

test('two keys of one modulus are told as the same key, and not as a shared prime', async () => {
  const [key] = watchedKeys(1, [undefined])
  assert.ok(key)
  const watch = await openPrimeWatch(temporaryDirectory())
  await watch.add([key, ...subsetOf(10, 5, [])])
  assert.deepEqual(await watch.run(), [])
  await watch.add([{ ...key, id: watchedId(2) }])
  const [told, ...more] = await watch.run()
  assert.deepEqual(more, [])
  assert.deepEqual([told?.kind, told?.members], ['modulus', [watchedId(1), watchedId(2)]])
  await watch.close()
})

test('a prime that was found is on disk only as its digest is: not at all', async () => {
  const directory = temporaryDirectory()
  const prime = newPrime()
  const watch = await openPrimeWatch(directory)
  await watch.add(watchedKeys(1, [prime, prime, undefined]))
  assert.equal((await watch.run()).length, 1)
  await watch.close()
  const octets = bytesOf(prime)
  const [hexadecimal, reversed] = [octets.toHex(), octets.toReversed().toHex()]
  for (const name of readdirSync(directory)) {
    const held = readFileSync(join(directory, name)).toString('hex')
    assert.ok(!held.includes(hexadecimal) && !held.includes(reversed), name)
  }
})

for (const [what, damage] of [
  ['a changed octet', (path: string) => change(path, (octets) => octets.fill(7, 100, 101))],
  ['a missing end', (path: string) => truncateSync(path, 80)],
  ['foreign octets', (path: string) => writeFileSync(path, 'somebody else was here')],
] as const)
  for (const kind of ['keys', 'product', 'branches', 'json'])
    test(`${what} in a file of ${kind} is named, and what it held is made anew`, async () => {
      const directory = temporaryDirectory()
      const prime = newPrime()
      const keys = subsetOf(1, 130, [prime])
      const watch = await openPrimeWatch(directory)
      await watch.add(keys)
      await watch.run()
      await watch.close()
      const name = readdirSync(directory).find((file) => file.endsWith(`.${kind}`)) ?? ''
      assert.notEqual(name, '')
      damage(join(directory, name))
      const again = await openPrimeWatch(directory)
      const late = watchedKeys(500, [prime])
      await again.add([...keys, ...late])
      assert.deepEqual(toldOf(await again.run()), [primeToBeTold(prime, [1, 500])])
      const { damaged, productsRemade } = await again.state()
      assert.equal(damaged.length, 1)
      assert.ok(damaged[0]?.includes(name), damaged.join())
      assert.equal(productsRemade, kind === 'product' || kind === 'branches' ? 1 : 0)
      await again.close()
    })

function change(path: string, how: (octets: Buffer) => void) {
  const octets = readFileSync(path)
  how(octets)
  writeFileSync(path, octets)
}

test('a run that is paused waits, tells so, and goes on where it was', async () => {
  const progress: PrimeWatchProgress[] = []
  const prime = newPrime()
  const watch = await openPrimeWatch(temporaryDirectory(), {
    onProgress: (step) => void progress.push(step),
  })
  await watch.add(watchedKeys(1, [prime, prime]))
  watch.pause()
  let ended = false
  const run = watch.run().finally(() => {
    ended = true
  })
  await watch.add(watchedKeys(10, [prime]))
  assert.equal((await watch.state()).paused, true)
  assert.equal(ended, false)
  watch.resume()
  await run
  assert.deepEqual(toldOf(await watch.run()), [primeToBeTold(prime, [1, 2, 10])])
  assert.equal((await watch.state()).paused, false)
  assert.equal(progress.at(-1)?.keysWaiting, 0)
  await watch.close()
})

test('a run ends with its signal, and what was added is tested by the next', async () => {
  const directory = temporaryDirectory()
  const prime = newPrime()
  const stop = new AbortController()
  const watch = await openPrimeWatch(directory, { signal: stop.signal })
  await watch.add(watchedKeys(1, [prime, prime]))
  watch.pause()
  const run = assert.rejects(watch.run(), /the house closes/)
  stop.abort(new Error('the house closes'))
  await run
  await watch.close()
  const again = await openPrimeWatch(directory)
  assert.equal((await again.state()).waiting, 2)
  assert.equal((await again.run()).length, 1)
  await again.close()
})

test('what is no key is refused, and nothing of its company taken', async () => {
  const watch = await openPrimeWatch(temporaryDirectory())
  const [good] = watchedKeys(1, [undefined])
  assert.ok(good)
  for (const bad of [
    { ...good, id: 'key_1' },
    { id: watchedId(2), modulus: new Uint8Array(8) },
    { id: watchedId(2), modulus: new Uint8Array(3_000).fill(1) },
  ])
    await assert.rejects(watch.add([good, bad]), RangeError)
  assert.equal((await watch.state()).keys, 0)
  await watch.close()
})
