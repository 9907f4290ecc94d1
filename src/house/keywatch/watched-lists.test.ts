// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { concatBytes } from '#format/bytes.ts'
import { generateKey } from '#trust/private-key.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { temporaryDirectory } from '../../../test/support/house.ts'
import { listOf } from '../../../test/support/key-lists.ts'
import { HouseKeyLists, keyListPlace } from '../key-lists.ts'
import { ThreadedTester } from './threaded-tester.ts'

const stays = new AbortController().signal

function pageOf(keys: readonly PublicKey[]) {
  const spkis = keys.map(({ spki }) => spki)
  return {
    ids: keys.map((_, at) => `key_${at}`),
    spkis: {
      lengths: spkis.map(({ length }) => length),
      octets: concatBytes(spkis),
    },
  }
}

test('old keys are held against the lists of the node, on its thread too, and anew when a list came', async () => {
  const data = temporaryDirectory()
  const directory = keyListPlace(data)
  mkdirSync(directory, { recursive: true })
  const lists = await HouseKeyLists.open(data)
  const tester = new ThreadedTester({ lists, directory })
  try {
    const keys = await Promise.all(
      Array.from({ length: 40 }, async () => (await generateKey('p-256')).publicKey),
    )
    const few = () => tester.test(pageOf(keys.slice(0, 3)), stays)
    const many = () => tester.test(pageOf(keys), stays)
    const before = await tester.tests()
    assert.deepEqual([await few(), await many()], [[], []])
    writeFileSync(join(directory, 'one.list'), listOf([keys[1]!, keys[39]!]).bytes)
    await lists.refresh()
    assert.notEqual(await tester.tests(), before)
    assert.deepEqual(
      [await few(), await many()].map((found) => found.map(({ key, kind }) => `${key} ${kind}`)),
      [['key_1 key-listed'], ['key_1 key-listed', 'key_39 key-listed']],
    )
  } finally {
    await tester.close()
    await lists.close()
    rmSync(data, { recursive: true, force: true })
  }
})
