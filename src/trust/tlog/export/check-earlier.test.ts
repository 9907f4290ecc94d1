// SPDX-License-Identifier: Apache-2.0
/** Earlier checkpoints and keys of a log that has another name since a restore. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codes, key as oldKey, verify } from '../../../../test/log-checks.ts'
import { House } from '../../../../test/log-house.ts'

const newName = 'example.com/log/epoch-2/20260101T000000.000Z'
/** 300 events, a restore, 50 more. */
const restoredHouse = () => new House().add(300).restoredAs(newName).add(50)

test('a restore is told, with what it was restored from and the name since', async () => {
  const house = restoredHouse()
  const { intact, findings } = await verify(await house.export(), { key: house.key })
  assert.equal(intact, true)
  assert.deepEqual(
    findings.map(({ severity, code, about }) => [severity, code, about]),
    [['note', 'log-restored', 'event 300']],
  )
  assert.match(findings[0]?.detail ?? '', new RegExp(`with 300 events, as ${newName}`))
})

test('accepts a checkpoint of before a restore, up to the restored size', async () => {
  const house = restoredHouse()
  const lines = await house.export()
  for (const count of [0, 1, 255, 256, 299, 300]) {
    const since = await new House().add(count).checkpoint()
    const found = await verify(lines, { key: house.key, since })
    assert.deepEqual(codes(found), ['log-restored'], `${count}`)
  }
  const since = await house.checkpoint()
  assert.equal((await verify(lines, { key: house.key, since })).intact, true)
})

test('refuses a checkpoint of the lost time, and says what is lost', async () => {
  const house = restoredHouse()
  const lines = await house.export()
  // Also where the log has not yet grown as far again.
  for (const count of [301, 320, 2000]) {
    const since = await new House().add(count).checkpoint()
    const found = await verify(lines, { key: house.key, since })
    assert.deepEqual(codes(found), ['log-restored', 'lost-time'], `${count}`)
    const lost = found.findings.find(({ code }) => code === 'lost-time')?.detail ?? ''
    assert.match(
      lost,
      new RegExp(`^events 300 to ${count - 1} of example.com/log are lost; epoch 2`),
    )
  }
})

test('a restore does not excuse another history of before it', async () => {
  const house = restoredHouse()
  const since = await new House().restoredAs('example.com/log').add(200).checkpoint()
  const found = await verify(await house.export(), { key: house.key, since })
  assert.deepEqual(codes(found), ['history-differs', 'log-restored'])
})

test('a restore that claims more than was there makes nothing of it good', async () => {
  const house = new House().add(300).restoredAs(newName, 1_000_000).add(50)
  const lines = await house.export()
  for (const count of [320, 2000]) {
    const since = await new House().add(count).checkpoint()
    assert.ok(codes(await verify(lines, { key: house.key, since })).includes('lost-time'))
  }
})

test('refuses a checkpoint under a name that the log never had', async () => {
  const house = restoredHouse()
  const other = new House().add(300).restoredAs('example.com/log/epoch-2/20251231T000000.000Z')
  const since = await other.checkpoint()
  const found = await verify(await house.export(), { key: house.key, since })
  assert.deepEqual(codes(found), ['earlier-checkpoint-wrong', 'log-restored'])
  assert.match(found.findings.at(-1)?.detail ?? '', /20251231.*a restore lost that epoch/)
  // Before any restore, a later name is as unknown.
  const early = await verify(await new House().add(300).export(), { key: oldKey, since })
  assert.deepEqual(codes(early), ['earlier-checkpoint-wrong'])
})

test('rolls no epoch back unseen: what a later one adds is looked for', async () => {
  const house = restoredHouse()
  const since = await restoredHouse().add(10).checkpoint()
  const found = await verify(await house.export(), { key: house.key, since })
  assert.deepEqual(codes(found), ['log-restored', 'rolled-back'])
})

test('several restores in a row leave every name that the log had good for its time', async () => {
  const third = 'example.com/log/epoch-3/20260102T000000.000Z'
  const house = restoredHouse().restoredAs(third).add(5)
  const lines = await house.export()
  const of = async (earlier: House) => {
    const found = await verify(lines, { key: house.key, since: await earlier.checkpoint() })
    return codes(found)
  }
  assert.deepEqual(await of(new House().add(300)), ['log-restored'])
  assert.deepEqual(await of(new House().add(301)), ['log-restored', 'lost-time'])
  assert.deepEqual(await of(restoredHouse()), ['log-restored'])
  assert.deepEqual(await of(restoredHouse().add(1)), ['log-restored', 'lost-time'])
})

test("takes the log's key under a name that it had, and under no other", async () => {
  const house = restoredHouse()
  const lines = await house.export()
  const found = await verify(lines, { key: oldKey })
  assert.deepEqual([found.intact, found.key], [true, house.key])
  const stranger = new House().restoredAs('example.com/other').key
  assert.deepEqual(codes(await verify(lines, { key: stranger })), ['key-differs', 'log-restored'])
  // The events of the lost time cannot be told without the one that names them.
  const early = await new House().add(300).export()
  assert.deepEqual(codes(await verify(early, { key: house.key })), ['key-differs'])
})
