// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { KeyPage } from '#core/keywatch/ports.ts'
import type { WatchedModulus } from '#trust/weak-keys/shared-primes/shared-prime.ts'
import { temporaryDirectory } from '../../../test/support/house.ts'
import { newPrime, watchedId, watchedKeys } from '../../../test/support/watched-fleet.ts'
import { DirectorySearch } from './prime-search.ts'

const page: KeyPage = { ids: [], spkis: { octets: new Uint8Array(), lengths: [] } }
const place = { through: watchedId(9), walkedAt: '2026-01-01T00:00:00Z' }
const stays = new AbortController().signal

function searchIn(directory: string, keys: readonly WatchedModulus[]): DirectorySearch {
  return new DirectorySearch(directory, { moduli: async () => keys })
}

test('a key is not found weak because another was made of its modulus, and that one is', async () => {
  const search = searchIn(temporaryDirectory(), madeOfAnother())
  await search.add(page)
  const found = await search.run(() => {}, stays)
  await search.close()
  assert.deepEqual(
    found.map(({ kind, key }) => [kind, key]),
    [['modulus-degenerate', watchedId(2)]],
  )
})

/** The first is sound; the second is a multiple of it, which takes no knowledge of its primes. */
function madeOfAnother(): WatchedModulus[] {
  const keys = watchedKeys(1, [undefined, undefined])
  const [holder = assert.fail(), made = assert.fail()] = keys
  const multiple = BigInt(`0x${holder.modulus.toHex()}`) * newPrime()
  const digits = multiple.toString(16)
  const modulus = Uint8Array.fromHex(digits.padStart(digits.length + (digits.length % 2), '0'))
  return [holder, { ...made, modulus }]
}

test('a run that was stopped before it began looks at nothing, and the next one finds all', async () => {
  const prime = newPrime()
  const search = searchIn(temporaryDirectory(), watchedKeys(1, [prime, prime]))
  await search.add(page)
  let steps = 0
  const step = () => {
    steps++
  }
  assert.deepEqual(await search.run(step, AbortSignal.abort()), [])
  assert.equal(steps, 0)
  assert.deepEqual(await search.state(), { moduli: 2, waiting: 2 })
  assert.equal((await search.run(() => {}, stays)).length, 2)
  await search.booked()
  await search.close()
})

test('what is noted of it and makes no sense has it handed everything anew', async () => {
  for (const text of ['{', '[]', '{"place":5}', '{"place":{"through":1,"walkedAt":"x"}}', '7']) {
    const directory = temporaryDirectory()
    const search = searchIn(directory, watchedKeys(1, [undefined]))
    await search.add(page)
    await search.note(place)
    await search.close()
    writeFileSync(join(directory, 'handed-over.json'), text)
    const after = searchIn(directory, [])
    assert.equal(await after.place(), undefined, text)
    assert.deepEqual(await after.state(), { moduli: 0, waiting: 0 }, text)
    await after.close()
  }
})
