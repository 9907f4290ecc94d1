// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ByteSource, memorySource } from '#format/archive/byte-source.ts'
import {
  espFlash,
  androidSparse as sparseBytes,
} from '../../../../test/support/scan/firmware-bytes.ts'
import { gptVector, mbrVector } from '../../../../test/support/scan/firmware-vectors.ts'
import { parseAndroidSparse } from './android-sparse.ts'
import { parseEspPartitions } from './esp-flash.ts'
import { gpt, parseGpt } from './gpt.ts'
import { mbr, parseMbr, parsePartitions } from './mbr.ts'

const mebibyte = 1_048_576
const changed = (bytes: Uint8Array, at: number, ...octets: readonly number[]) => {
  const copy = bytes.slice()
  copy.set(octets, at)
  return copy
}

/** A disk of tables of partitions at their places. */
function diskOf(tables: ReadonlyMap<number, Uint8Array>): ByteSource {
  return {
    size: 9 * mebibyte,
    read: async (at, length) => (tables.get(at) ?? new Uint8Array(length)).subarray(0, length),
  }
}

test('a table of partitions says what parted wrote', () => {
  assert.deepEqual(
    parseMbr(mbrVector).map(({ type, first, sectors }) => [type, first, sectors]),
    [
      [0x83, 2_048, 2_048],
      [0x0f, 6_144, 10_240],
    ],
  )
  assert.ok(mbr.recognise(mbrVector))
})

test('logical partitions are followed forward, and a chain that goes back is refused', async () => {
  const logical = changed(new Uint8Array(512), 446 + 4, 0x83)
  logical.set([0, 8, 0, 0, 0, 16, 0, 0], 446 + 8)
  logical.set([0x55, 0xaa], 510)
  const tables = new Map([
    [0, mbrVector],
    [6_144 * 512, logical],
  ])
  assert.deepEqual(
    (await parsePartitions(diskOf(tables))).map(({ name, offset, size }) => [name, offset, size]),
    [
      ['partition-1', mebibyte, mebibyte],
      ['partition-5', 4 * mebibyte, 2 * mebibyte],
    ],
  )
  const looped = changed(logical, 462 + 4, 0x05)
  looped.set([0, 0, 0, 0, 1, 0, 0, 0], 462 + 8)
  tables.set(6_144 * 512, looped)
  await assert.rejects(parsePartitions(diskOf(tables)), { code: 'value-not-allowed' })
})

test('a boot sector that is no table of partitions is not taken for one', () => {
  for (const wrong of [
    changed(mbrVector, 446, 0x41),
    changed(mbrVector, 450, 0),
    changed(mbrVector, 446 + 12, 0xff, 0xff),
    changed(mbrVector, 510, 0),
    changed(new Uint8Array(512), 510, 0x55, 0xaa),
    mbrVector.subarray(0, 511),
    gptVector,
  ])
    assert.ok(!mbr.recognise(wrong))
})

test('a GPT says what parted wrote', async () => {
  assert.deepEqual(
    (await parseGpt(memorySource(gptVector))).map(({ name, offset, size }) => [name, offset, size]),
    [
      ['partition-1-boot', mebibyte, mebibyte],
      ['partition-2-data', 2 * mebibyte, mebibyte],
    ],
  )
  assert.ok(gpt.recognise(gptVector))
})

test('a GPT whose sums are others is refused', async () => {
  await assert.rejects(parseGpt(memorySource(changed(gptVector, 600, 1))), {
    ...{ code: 'value-not-allowed', offset: 528 },
  })
  await assert.rejects(parseGpt(memorySource(changed(gptVector, 1_100, 1))), {
    ...{ code: 'value-not-allowed', offset: 1_024 },
  })
  await assert.rejects(parseGpt(memorySource(gptVector.subarray(0, 9_000))), { code: 'truncated' })
  assert.ok(!gpt.recognise(changed(gptVector, 600, 1)))
})

test("Android's sparse image is told by its pieces", async () => {
  const bytes = new Uint8Array(sparseBytes(new Uint8Array(5_000)))
  const { size, extents } = await parseAndroidSparse(memorySource(bytes))
  assert.deepEqual([size, extents], [4 * 4_096, [{ at: 4_096, length: 8_192, from: 52 }]])
  for (const [at, value, code] of [
    [28, 0xc0, 'value-not-allowed'],
    [32, 99, 'value-not-allowed'],
    [12, 3, 'value-not-allowed'],
    [20, 9, 'truncated'],
  ] as const)
    await assert.rejects(parseAndroidSparse(memorySource(changed(bytes, at, value))), { code })
})

test('partitions of ESP-IDF are told by name, and a table without an end is refused', () => {
  const table = espFlash(new Uint8Array(1)).subarray(0x8000)
  assert.deepEqual(
    parseEspPartitions(table, 0x8000).map(({ name, offset, size }) => [name, offset, size]),
    [
      ['nvs', 0x9000, 0x6000],
      ['ota_0', 0x10000, 0x10000],
    ],
  )
  assert.throws(() => parseEspPartitions(table.subarray(0, 64), 0), { code: 'truncated' })
  assert.throws(() => parseEspPartitions(changed(table, 64, 1, 2), 0), { offset: 64 })
})
