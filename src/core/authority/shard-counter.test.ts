// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../fault.ts'
import { ShardCounter, shardCapacity } from './shard-counter.ts'

function from(first: number) {
  let next = first
  return async () => next++
}

test('a shard closes when it is full, and the next one opens', async () => {
  const counter = new ShardCounter(from(7))
  const shards: number[] = []
  for (let count = 0; count < 2 * shardCapacity + 1; count++) shards.push(await counter.next())
  for (const [shard, first] of [
    [7, 0],
    [8, shardCapacity],
    [9, 2 * shardCapacity],
  ] as const) {
    assert.equal(shards.indexOf(shard), first)
  }
})

test('no shard gets more than it holds, however many ask at once', async () => {
  const counter = new ShardCounter(from(0))
  const asked = Array.from({ length: 2 * shardCapacity + 1 }, () => counter.next())
  const counts = Map.groupBy(await Promise.all(asked), (shard) => shard)
  assert.deepEqual(
    [...counts].map(([shard, all]) => [shard, all.length]),
    [
      [0, shardCapacity],
      [1, shardCapacity],
      [2, 1],
    ],
  )
})

test('nothing is claimed before the first certificate, and the next shard before it is needed', async () => {
  let claims = 0
  const counter = new ShardCounter(async () => claims++)
  assert.equal(claims, 0)
  for (let count = 0; count < shardCapacity; count++) await counter.next()
  assert.equal(claims, 2)
})

test('a claim that failed is made again at the next certificate', async () => {
  let tries = 0
  const counter = new ShardCounter(async () => {
    if (tries++ === 0) throw new Fault('store-unreachable', 'the disk is gone')
    return 4
  })
  await assert.rejects(counter.next(), { code: 'store-unreachable' })
  assert.equal(await counter.next(), 4)
})
