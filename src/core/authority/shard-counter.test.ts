// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ShardCounter, shardCapacity } from './shard-counter.ts'

test('a shard closes when it is full, and the next one opens', () => {
  const counter = new ShardCounter(7)
  const shards = Array.from({ length: 2 * shardCapacity + 1 }, () => counter.next())
  for (const [shard, first] of [
    [7, 0],
    [8, shardCapacity],
    [9, 2 * shardCapacity],
  ] as const) {
    assert.equal(shards.indexOf(shard), first)
  }
})
