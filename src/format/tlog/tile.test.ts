// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FormatError } from '../format-error.ts'
import { encodeEntryBundle, parseEntryBundle } from './entry-bundle.ts'
import { encodeTilePath, parseTilePath } from './tile.ts'

test('encodes the specification’s index as groups of three digits', () => {
  const place = { level: 0, index: 1_234_067, width: 256 }
  assert.equal(encodeTilePath(place), 'tile/0/x001/x234/067')
  assert.equal(
    encodeTilePath({ ...place, level: 'entries', width: 8 }),
    'tile/entries/x001/x234/067.p/8',
  )
})

test('path and place are inverse', () => {
  const level = fc.oneof(fc.constant('entries' as const), fc.nat(63))
  const place = fc.record({
    level,
    index: fc.oneof(fc.nat(2000), fc.maxSafeNat()),
    width: fc.integer({ min: 1, max: 256 }),
  })
  fc.assert(
    fc.property(place, (one) => assert.deepEqual(parseTilePath(encodeTilePath(one)), { ...one })),
  )
})

test('refuses every other spelling of a path', () => {
  for (const path of [
    'tile/0/0',
    'tile/0/1000',
    'tile/0/x000/001',
    'tile/0/x001',
    'tile/00/001',
    'tile/64/001',
    'tile/-1/001',
    'tile/0/001.p/0',
    'tile/0/001.p/256',
    'tile/0/001.p/01',
    'tile/0/001.p/',
    'tile/0/001/',
    'tile/0/../001',
    'tile/data/001',
    '/tile/0/001',
    'tile/0/x009/x007/x199/x254/x740/992', // 2^53
    'tile/0/x009/x007/x199/x254/x740/x991/000',
  ]) {
    assert.throws(() => parseTilePath(path), { name: 'FormatError', code: 'text-malformed' }, path)
  }
})

test('bundle and entries are inverse', () => {
  const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 256 })
  fc.assert(
    fc.property(entries, (some) => {
      const parsed = parseEntryBundle(encodeEntryBundle(some))
      assert.deepEqual(
        parsed.map((one) => one.toHex()),
        some.map((one) => one.toHex()),
      )
    }),
  )
  assert.equal(encodeEntryBundle([new Uint8Array(), Uint8Array.of(0x61)]).toHex(), '0000000161')
})

test('refuses a bundle that is cut, too long, or has too many entries', () => {
  const bundle = encodeEntryBundle([Uint8Array.of(1, 2, 3)])
  for (const length of [1, 2, 4]) {
    assert.throws(() => parseEntryBundle(bundle.slice(0, length)), { code: 'truncated', offset: 0 })
  }
  assert.throws(() => parseEntryBundle(new Uint8Array(2 * 257)), { code: 'too-many', offset: 512 })
  const many = Array.from({ length: 257 }, () => new Uint8Array())
  assert.throws(() => encodeEntryBundle(many), { code: 'too-many' })
  assert.throws(() => encodeEntryBundle([new Uint8Array(65_536)]), FormatError)
})
