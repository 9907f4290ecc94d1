// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import {
  androidBoot as androidBytes,
  espImage as espBytes,
  mcubootImage,
} from '../../../../test/support/scan/firmware-bytes.ts'
import {
  externalFitVector,
  fitVector,
  uimageVector,
} from '../../../../test/support/scan/firmware-vectors.ts'
import { parseAndroidBoot } from './android-boot.ts'
import { parseEspImage } from './esp-image.ts'
import { parseFit } from './fit.ts'
import { mcuboot, parseMcubootImage } from './mcuboot.ts'
import { parseUimage, parseUimageHeader, uimage } from './uimage.ts'

const payload = new TextEncoder().encode('sixteen octets..')
const changed = (bytes: Uint8Array, at: number, ...octets: readonly number[]) => {
  const copy = bytes.slice()
  copy.set(octets, at)
  return copy
}

test('a uImage says what mkimage wrote', async () => {
  const { header, parts } = await parseUimage(memorySource(uimageVector))
  assert.deepEqual(
    [header.name, header.system, header.architecture, header.type, header.compression],
    ['a kernel', 'linux', 'arm', 'kernel', 'none'],
  )
  assert.deepEqual([header.load, header.entry, header.time], [0x8000, 0x8040, 1_700_000_000])
  assert.deepEqual(parts, [{ offset: 64, size: 16 }])
})

test('a uImage whose header was changed is none', () => {
  for (const at of [4, 8, 20, 28, 40])
    assert.throws(() => parseUimageHeader(changed(uimageVector, at, 0x5a)), {
      ...{ code: 'value-not-allowed', offset: 4 },
    })
  assert.ok(!uimage.recognise(changed(uimageVector, 40, 0x5a)))
  assert.ok(uimage.recognise(uimageVector))
  assert.throws(() => parseUimageHeader(uimageVector.subarray(0, 63)), { code: 'truncated' })
})

test('a uImage whose data were changed is told with both sums', async () => {
  const tools = { unpack: () => assert.fail(), open: () => assert.fail() }
  const all = async (bytes: Uint8Array) =>
    await Array.fromAsync(uimage.members(memorySource(bytes), tools))
  assert.equal((await all(uimageVector)).length, 1)
  const [, told] = await all(changed(uimageVector, 70, 0x5a))
  assert.ok(told?.kind === 'unread' && told.reason === 'damaged')
  assert.match(told.because, /the header says 464084f5/)
  await assert.rejects(all(uimageVector.subarray(0, 75)), { code: 'truncated' })
})

test('a FIT says where its data lie, within the tree and behind it', async () => {
  for (const bytes of [fitVector, externalFitVector]) {
    const [image] = (await parseFit(memorySource(bytes)))?.images ?? []
    assert.ok(image !== undefined)
    assert.deepEqual(
      [image.name, image.type, image.architecture, image.system, image.compression],
      ['kernel-1', 'kernel', 'arm64', 'linux', 'none'],
    )
    assert.deepEqual(bytes.subarray(image.offset, image.offset + image.size), payload)
    assert.deepEqual(
      image.hashes.map(({ algorithm, value }) => [algorithm, value.length]),
      [['crc32', 4]],
    )
    assert.equal(image.cipher, undefined)
  }
})

test('a tree that lies about itself is refused with its place', async () => {
  const parse = (at: number, ...octets: readonly number[]) =>
    parseFit(memorySource(changed(fitVector, at, ...octets)))
  await assert.rejects(parse(20, 0, 0, 0, 16), { code: 'version-unknown', offset: 20 })
  await assert.rejects(parse(36, 0, 1, 0, 0), { code: 'value-not-allowed', offset: 36 })
  await assert.rejects(parse(32, 0, 1, 0, 0), { code: 'value-not-allowed', offset: 32 })
  await assert.rejects(parse(8, 0, 0, 0, 57), { code: 'value-not-allowed', offset: 8 })
  // The first token of the structure, which begins the root.
  await assert.rejects(parse(56, 0, 0, 0, 7), { code: 'value-not-allowed', offset: 56 })
  await assert.rejects(parseFit(memorySource(fitVector.subarray(0, 39))), { code: 'truncated' })
})

test('an image of MCUboot is told to its last value', async () => {
  const bytes = mcubootImage(payload)
  const image = await parseMcubootImage(memorySource(bytes))
  assert.deepEqual(
    [image.header.headerSize, image.header.imageSize, image.header.version, image.end],
    [512, 16, '1.2.3+7', bytes.length],
  )
  const [digest] = image.values
  assert.deepEqual([digest?.type, digest?.offset, digest?.bytes.length], [0x10, 512 + 16 + 8, 32])
  assert.deepEqual(image.protectedValues, [])
})

test('an image of MCUboot that lies about its sizes is refused with the place', async () => {
  const bytes = mcubootImage(payload)
  const parse = (at: number, ...octets: readonly number[]) =>
    parseMcubootImage(memorySource(changed(bytes, at, ...octets)))
  await assert.rejects(parse(8, 16, 0), { code: 'value-not-allowed', offset: 8 })
  await assert.rejects(parse(28, 1), { code: 'value-not-allowed', offset: 28 })
  await assert.rejects(parse(10, 8), { code: 'value-not-allowed', offset: 528 })
  await assert.rejects(parse(530, 3, 0), { code: 'value-not-allowed', offset: 530 })
  await assert.rejects(parse(534, 200), { code: 'truncated', offset: 532 })
  assert.ok(!mcuboot.recognise(changed(bytes, 0, 0)))
})

test('an application of ESP-IDF is told by segments', async () => {
  const image = await parseEspImage(memorySource(espBytes(payload)))
  assert.deepEqual(image.segments, [{ address: 0x3c00_0020, offset: 32, size: 16 }])
  assert.deepEqual([image.chip, image.end], [9, 64])
  const strange = changed(espBytes(payload), 12, 0xee)
  await assert.rejects(parseEspImage(memorySource(strange)), { code: 'value-not-allowed' })
})

test("Android's boot image is told by pages, and an unknown version refused", () => {
  const bytes = new Uint8Array(androidBytes(new Uint8Array(2_049), payload))
  assert.deepEqual(parseAndroidBoot(bytes).parts, [
    { name: 'kernel', offset: 2_048, size: 2_049 },
    { name: 'ramdisk', offset: 6_144, size: 16 },
  ])
  assert.throws(() => parseAndroidBoot(changed(bytes, 40, 9)), { code: 'version-unknown' })
  assert.throws(() => parseAndroidBoot(changed(bytes, 36, 3)), { code: 'value-not-allowed' })
})
