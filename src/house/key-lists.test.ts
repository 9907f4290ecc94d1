// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createECDH } from 'node:crypto'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { readConfiguration } from '#house/configuration.ts'
import { keyAlgorithms } from '#trust/algorithms.ts'
import { generateKey } from '#trust/private-key.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { checkKey } from '#trust/weak-keys/check-key.ts'
import { scalarListName } from '#trust/weak-keys/scalars/scalar-list.ts'
import { refuseWeakKey } from '#trust/weak-keys/weak-keys.ts'
import { withCore } from '../../test/support/core.ts'
import { temporaryDirectory } from '../../test/support/house.ts'
import { listOf } from '../../test/support/key-lists.ts'
import { checkKeyLists, checkKnownKeys } from './doctor/key-lists.ts'
import { HouseKeyLists, keyListJob, keyListPlace } from './key-lists.ts'

test('the lists of a directory are asked from the start, and what comes later is noticed and told', async () => {
  const data = temporaryDirectory()
  const place = keyListPlace(data)
  const [first, second] = await Promise.all([generateKey('p-256'), generateKey('rsa-2048')])
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'one.list'), listOf([first.publicKey], { name: 'one' }).bytes)
  const lists = await HouseKeyLists.open(data)
  try {
    await withCore(async (core) => {
      const found = () =>
        [first, second].map(({ publicKey }) => checkKey(publicKey, lists).map(({ name }) => name))
      const { configuration } = core.means
      const job = keyListJob(lists, core, configuration, assert.fail)
      const look = () => job.run({ fence: 0, signal: new AbortController().signal })
      const told = () => core.events.filter(({ type }) => type === 'key-lists-changed')
      assert.deepEqual(found(), [['key-listed'], []])
      assert.match(checkKeyLists(lists).found, /^asked: one \(1 entries, a test\)$/)
      assert.match(checkKnownKeys(lists).found, /small private keys is not there/)
      await look()
      await look()
      assert.equal(told().length, 1, 'what stays as it was is told once')
      const { head, bytes } = listOf([second.publicKey], { name: 'two' })
      writeFileSync(join(place, 'two.list'), bytes)
      await look()
      assert.deepEqual(found(), [['key-listed'], ['key-listed']])
      assert.match(String(told()[1]?.facts['list two']), new RegExp(head.sha256.toHex()))
      // A list that lies is named, and takes the others nothing away.
      writeFileSync(join(place, 'two.list'), bytes.slice(0, -1))
      await look()
      assert.deepEqual(found(), [['key-listed'], []])
      assert.match(lists.faults[0]?.because ?? '', /0 whole entries, the head says 1/)
      assert.equal(checkKeyLists(lists).verdict, 'bad')
      assert.match(checkKeyLists(lists).found, /two.list is not asked: .*; asked: one \(1 entries/)
      writeFileSync(join(place, 'two.list'), listOf([second.publicKey], { name: 'one' }).bytes)
      await look()
      assert.match(lists.faults[0]?.because ?? '', /another file has a list "one" already/)
      rmSync(join(place, 'two.list'))
      rmSync(join(place, 'one.list'))
      await look()
      assert.deepEqual(found(), [[], []])
      assert.equal(told().at(-1)?.facts['digest'], '')
      assert.deepEqual(core.troubles, [])
    })
  } finally {
    await lists.close()
    rmSync(data, { recursive: true, force: true })
  }
})

test('a list that is replaced while it is asked is asked to its end', async () => {
  const data = temporaryDirectory()
  const place = keyListPlace(data)
  const { publicKey } = await generateKey('p-256')
  mkdirSync(place, { recursive: true })
  const path = join(place, 'one.list')
  writeFileSync(path, listOf([publicKey]).bytes)
  const lists = await HouseKeyLists.open(data)
  rmSync(path)
  writeFileSync(path, new Uint8Array(0))
  assert.equal(checkKey(publicKey, lists).length, 1)
  await lists.refresh()
  assert.equal(checkKey(publicKey, lists).length, 0)
  await lists.close()
  rmSync(data, { recursive: true, force: true })
})

test('a data directory without lists has none, and is not made', async () => {
  const { data } = readConfiguration(['--data', '/nonexistent/vitalsign'])
  const lists = await HouseKeyLists.open(data)
  assert.deepEqual([lists.digest, lists.lists, lists.faults], ['', [], []])
  await lists.close()
})

/** The key whose private half is this number. */
function keyOfScalar(scalar: bigint): PublicKey {
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(Uint8Array.fromHex(scalar.toString(16).padStart(64, '0')))
  const point = Uint8Array.from(pair.getPublicKey())
  const key = importPublicKey(encodeSubjectPublicKeyInfo(keyAlgorithms['p-256'].identifier, point))
  return 'kind' in key ? assert.fail(key.detail) : key
}

test('small private keys are refused before their list is made, and where it is broken', async () => {
  const data = temporaryDirectory()
  const place = keyListPlace(data)
  const found = (lists: HouseKeyLists) =>
    [1_000_003n, 0x0123012301230123n << 192n].map(
      (scalar) => refuseWeakKey(keyOfScalar(scalar), lists)?.reason,
    )
  const young = await HouseKeyLists.open(data)
  assert.deepEqual(found(young), ['key-known-weak', undefined])
  const { publicKey } = await generateKey('p-256')
  assert.deepEqual(checkKey(publicKey, young), [])
  await young.close()
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, `${scalarListName}.list`), 'vitalsign key list 1\n')
  const broken = await HouseKeyLists.open(data)
  assert.equal(broken.faults.length, 1)
  assert.deepEqual(found(broken), ['key-known-weak', undefined])
  await broken.close()
})

test('a name in the directory that leads nowhere is told as a fault, and stops nothing', async () => {
  const data = temporaryDirectory()
  const place = keyListPlace(data)
  const { publicKey } = await generateKey('p-256')
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'one.list'), listOf([publicKey]).bytes)
  symlinkSync(join(place, 'gone'), join(place, 'two.list'))
  const lists = await HouseKeyLists.open(data)
  assert.deepEqual(lists.faults, [{ file: 'two.list', because: 'ENOENT' }])
  assert.equal(checkKey(publicKey, lists).length, 1)
  await lists.refresh()
  await lists.close()
})
